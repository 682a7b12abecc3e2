use std::{error::Error, fmt};

use super::members;
use crate::{arm::Refusal, json::Json};

/// An error that a case raises, whose type has the name that the case says.
#[derive(Clone)]
pub(in crate::arms) struct Raised {
    name: String,
    message: String,
    cause: Option<Box<Self>>,
}

impl Raised {
    /// The error in the member `raise` of an operation. `notes` are read over: no error of Rust
    /// has any.
    pub(in crate::arms) fn of(operation: &Json) -> Result<Option<Self>, Refusal> {
        let raise = members::fields(operation, "raise")?;
        raise.map(Self::read).transpose()
    }

    fn read(raise: &Json) -> Result<Self, Refusal> {
        let object = members::object(raise, "`raise`")?;
        members::known(object, &["type", "message", "notes", "cause"])?;
        let cause = members::fields(raise, "cause")?.map(Self::read);
        Ok(Self {
            name: members::must_text(raise, "type")?.to_owned(),
            message: members::text(raise, "message")?
                .unwrap_or_default()
                .to_owned(),
            cause: cause.transpose()?.map(Box::new),
        })
    }

    pub(in crate::arms) fn name(&self) -> &str {
        &self.name
    }
}

/// As a derived `Debug` would, with the name of the type first.
impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(&self.name).field(&self.message).finish()
    }
}

/// Python's text of the error: that of a `KeyError` is quoted.
impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "KeyError" => write!(f, "'{}'", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl Error for Raised {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let cause = self.cause.as_deref();
        cause.map(|cause| cause as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_shows_its_type_its_text_and_its_cause() {
        let operation = Json::parse(
            r#"{"raise":{"type":"E","message":"m","cause":{"type":"KeyError","message":"k"}}}"#,
        );
        let raised = Raised::of(&operation.unwrap()).unwrap().unwrap();
        assert_eq!(format!("{raised:?} {raised}"), "E(\"m\") m");
        assert_eq!(raised.source().unwrap().to_string(), "'k'");
    }
}
