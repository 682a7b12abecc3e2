use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde_json::Value;

use crate::{
    compile::compile, error::Error, functions::Functions, interpreter::Interpreter, node::Node,
};

/// A JMESPath expression, ready to be used any number of times. A clone is a pointer.
///
/// ```
/// use powertools_jmespath::Expression;
/// use serde_json::json;
///
/// let expression = Expression::new("powertools_json(body).order_id")?;
/// let event = json!({"body": r#"{"order_id": "A-1"}"#});
/// assert_eq!(*expression.search(&event)?, json!("A-1"));
/// # Ok::<(), powertools_jmespath::Error>(())
/// ```
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    text: Box<str>,
    max_steps: usize,
    root: Node,
}

impl Expression {
    /// An expression that may call the standard and the Powertools functions.
    ///
    /// # Errors
    ///
    /// If the text is no JMESPath or beyond its limits, or if it calls a function that does not
    /// exist or with another number of arguments.
    pub fn new(text: &str) -> Result<Self, Error> {
        Self::with_functions(text, &Functions::powertools())
    }

    /// An expression that may call these functions and no others.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_functions(text: &str, functions: &Functions) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            root: compile(text, functions)?,
            text: text.into(),
            max_steps: functions.max_steps(),
        })))
    }

    /// The text it was made of.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// What the expression finds in the data: null where there is nothing. A value that stands
    /// in the data as it is comes borrowed.
    ///
    /// # Errors
    ///
    /// If a function gets an argument that it does not take, or what the search builds grows
    /// beyond its limits.
    pub fn search<'a>(&'a self, data: &'a Value) -> Result<Cow<'a, Value>, Error> {
        Interpreter::new(self.0.max_steps).search(&self.0.root, data)
    }

    /// The names, if the expression is nothing but members of objects, such as `a` or
    /// `a.b."c-d"`: a reader of JSON text can look such a value up without building a tree.
    #[must_use]
    pub fn as_fields(&self) -> Option<impl ExactSizeIterator<Item = &str> + Clone> {
        match &self.0.root {
            Node::Fields(fields) => Some(fields.iter().map(AsRef::as_ref)),
            _ => None,
        }
    }
}

impl FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.as_str()).finish()
    }
}
