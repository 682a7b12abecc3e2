use std::{borrow::Cow, collections::BTreeMap, error::Error, fmt, sync::Arc};

use serde_json::Value;

use crate::{
    functions::{
        builtin::Builtin,
        resolved::{Callee, Function, OwnFunction},
    },
    limits::{MAX_INFLATED, MAX_STEPS},
    signature::Signature,
};

/// The functions that an expression may call.
///
/// A set replaces the default one: start from [`powertools`](Self::powertools) to keep the
/// Powertools functions.
///
/// ```
/// use powertools_jmespath::{ArgumentType, Expression, Functions, Signature};
/// use serde_json::{Value, json};
///
/// let functions = Functions::powertools().with(
///     "lower",
///     Signature::new([ArgumentType::STRING]),
///     |arguments| Ok(arguments[0].as_str().map(str::to_lowercase).into()),
/// );
/// let expression = Expression::with_functions("lower(email)", &functions)?;
/// let data = json!({"email": "Ann@Example.com"});
/// assert_eq!(*expression.search(&data)?, json!("ann@example.com"));
/// # Ok::<(), powertools_jmespath::Error>(())
/// ```
#[derive(Clone)]
pub struct Functions {
    powertools: bool,
    max_inflated: usize,
    own: BTreeMap<String, Arc<OwnFunction>>,
}

impl Functions {
    /// The functions of the JMESPath specification.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            powertools: false,
            max_inflated: MAX_INFLATED,
            own: BTreeMap::new(),
        }
    }

    /// The standard functions and `powertools_json`, `powertools_base64`,
    /// `powertools_base64_gzip`.
    #[must_use]
    pub fn powertools() -> Self {
        Self {
            powertools: true,
            ..Self::standard()
        }
    }

    /// Adds a function, or replaces the one of that name.
    ///
    /// The number of arguments is checked when an expression is built. At a call their types
    /// are checked before the function runs.
    #[must_use]
    pub fn with<F>(mut self, name: impl Into<String>, signature: Signature, function: F) -> Self
    where
        F: Fn(&[Cow<'_, Value>]) -> Result<Value, Box<dyn Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        let function = OwnFunction::new(signature, function);
        self.own.insert(name.into(), Arc::new(function));
        self
    }

    /// How many bytes one call of `powertools_base64_gzip` may inflate: 6 MiB if not set. More
    /// is an error of the kind [`TooLarge`](crate::ErrorKind::TooLarge), without inflating the
    /// rest.
    ///
    /// What a search does with such data counts too: each further 6 MiB, also begun ones, allow
    /// it another 2,000,000 steps, and with them about 120 MB of memory. Less than 6 MiB takes no
    /// steps away.
    #[must_use]
    pub fn max_inflated(mut self, bytes: usize) -> Self {
        self.max_inflated = bytes;
        self
    }

    /// The steps that one search may take.
    pub(crate) fn max_steps(&self) -> usize {
        let times = self.max_inflated.div_ceil(MAX_INFLATED).max(1);
        MAX_STEPS.saturating_mul(times)
    }

    pub(crate) fn resolve(&self, name: &str) -> Option<Function> {
        let callee = if let Some(own) = self.own.get(name) {
            Callee::Own(Arc::clone(own))
        } else {
            let builtin = Builtin::standard(name).or_else(|| {
                self.powertools
                    .then(|| Builtin::powertools(name, self.max_inflated))?
            })?;
            Callee::Builtin(builtin)
        };
        Some(Function::new(name, callee))
    }

    /// Whether the name means a function of the user.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self::powertools()
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("powertools", &self.powertools)
            .field("max_inflated", &self.max_inflated)
            .field("own", &self.own.keys().collect::<Vec<_>>())
            .finish()
    }
}
