use std::{collections::HashMap, env, error::Error, fmt, sync::Arc};

/// The environment variables that a layer reads while it is built.
///
/// The default is the process's own environment. Tests make theirs from pairs,
/// because `std::env::set_var` is unsafe in a process with threads:
///
/// ```
/// use powertools_core::Env;
///
/// let env = Env::from_iter([("POWERTOOLS_SERVICE_NAME", "payments")]);
/// assert_eq!(env.get("POWERTOOLS_SERVICE_NAME").as_deref(), Some("payments"));
/// ```
#[derive(Clone, Default)]
pub struct Env(Source);

type Ask = dyn Fn(&str) -> Option<String> + Send + Sync;

#[derive(Clone, Default)]
enum Source {
    #[default]
    Process,
    Given(Arc<HashMap<String, String>>),
    Asked(Arc<Ask>),
}

impl Env {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        Self::default()
    }

    /// An environment that is asked anew for each variable, for tests in which it
    /// changes.
    pub fn from_fn(ask: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Source::Asked(Arc::new(ask)))
    }

    /// The value of a variable; `None` if it is unset or is not Unicode.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match &self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the environment"
            )]
            Source::Process => env::var(name).ok(),
            Source::Given(variables) => variables.get(name).cloned(),
            Source::Asked(ask) => ask(name),
        }
    }

    /// The value of a variable; `None` if it is unset or empty.
    #[must_use]
    pub fn get_non_empty(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A switch: `1 y yes t true on` or `0 n no f false off`, in any case and
    /// with white space around them ignored. `None` if it is unset or empty.
    ///
    /// These are the words of the Python library.
    ///
    /// # Errors
    ///
    /// Any other word. The error names the variable, never its value.
    pub fn get_bool(&self, name: &'static str) -> Result<Option<bool>, EnvError> {
        let Some(value) = self.get_non_empty(name) else {
            return Ok(None);
        };
        match value.trim().to_ascii_lowercase().as_str() {
            "1" | "y" | "yes" | "t" | "true" | "on" => Ok(Some(true)),
            "0" | "n" | "no" | "f" | "false" | "off" => Ok(Some(false)),
            _ => Err(EnvError {
                name,
                expected: "one of 1, y, yes, t, true, on, 0, n, no, f, false, off",
            }),
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self(Source::Given(Arc::new(variables)))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.write_str(match self.0 {
            Source::Process => "Env(process)",
            Source::Given(_) => "Env(given)",
            Source::Asked(_) => "Env(asked)",
        })
    }
}

/// An environment variable whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvError {
    name: &'static str,
    expected: &'static str,
}

impl EnvError {
    /// Says that `name` must hold what `expected` describes.
    #[must_use]
    pub fn new(name: &'static str, expected: &'static str) -> Self {
        Self { name, expected }
    }

    /// The variable's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "environment variable {} must be {}",
            self.name, self.expected
        )
    }
}

impl Error for EnvError {}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCH: &str = "POWERTOOLS_SWITCH";

    fn switch(value: &str) -> Result<Option<bool>, EnvError> {
        Env::from_iter([(SWITCH, value)]).get_bool(SWITCH)
    }

    #[test]
    fn every_boolean_word_counts_in_any_case() {
        for word in ["1", "y", "yes", "t", "true", "on", "YES", "True", " on "] {
            assert_eq!(switch(word), Ok(Some(true)), "{word}");
        }
        for word in ["0", "n", "no", "f", "false", "off", "NO", "False", " off\n"] {
            assert_eq!(switch(word), Ok(Some(false)), "{word}");
        }
    }

    #[test]
    fn an_environment_that_is_asked_may_change() {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let env = Env::from_fn(move |name| {
            let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            (name == SWITCH).then(|| call.to_string())
        });
        assert_eq!(env.get(SWITCH).as_deref(), Some("0"));
        assert_eq!(env.get_bool(SWITCH), Ok(Some(true)));
        assert_eq!(env.get("OTHER"), None);
        assert_eq!(format!("{env:?}"), "Env(asked)");
    }

    #[test]
    fn an_unset_or_empty_switch_is_absent() {
        assert_eq!(Env::from_iter([("OTHER", "1")]).get_bool(SWITCH), Ok(None));
        assert_eq!(switch(""), Ok(None));
    }

    #[test]
    fn another_word_is_an_error_that_does_not_repeat_the_value() {
        let error = switch("s3cret").unwrap_err();
        assert_eq!(error.name(), SWITCH);
        assert!(error.to_string().contains(SWITCH));
        assert!(!error.to_string().contains("s3cret"));
    }
}
