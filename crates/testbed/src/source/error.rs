//! Why a source cannot be built.

use std::{error::Error, fmt};

/// A setting that Lambda, or this simulator, does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfigError(&'static str);

impl SourceConfigError {
    /// Fails with `complaint` unless the setting is `accepted`.
    pub(crate) fn unless(accepted: bool, complaint: &'static str) -> Result<(), Self> {
        if accepted {
            Ok(())
        } else {
            Err(Self(complaint))
        }
    }
}

impl fmt::Display for SourceConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for SourceConfigError {}
