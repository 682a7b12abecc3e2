use std::error::Error;
use std::fmt;

/// Why a value has no canonical bytes. Never carries any of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CanonicalError {
    /// Not JSON, from this byte on.
    Syntax {
        position: usize,
    },
    /// Not UTF-8, from this byte on.
    Encoding {
        position: usize,
    },
    TooDeep,
    /// A map's key that is neither text, number, bool nor unit variant.
    Key,
    /// The value's own `Serialize` gave up. Its message may quote the value and is dropped.
    Serialize,
}

impl fmt::Display for CanonicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { position } => write!(f, "invalid JSON at byte {position}"),
            Self::Encoding { position } => write!(f, "invalid UTF-8 at byte {position}"),
            Self::TooDeep => f.write_str("JSON is nested too deeply"),
            Self::Key => f.write_str("a map's key cannot be written as text"),
            Self::Serialize => f.write_str("the value cannot be serialized"),
        }
    }
}

impl Error for CanonicalError {}

impl serde::ser::Error for CanonicalError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Serialize
    }
}
