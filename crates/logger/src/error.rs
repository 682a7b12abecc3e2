use std::{error::Error, fmt};

use powertools_core::EnvError;

/// A logger that cannot be built or installed.
#[derive(Debug)]
pub struct LoggerConfigError(Kind);

#[derive(Debug)]
enum Kind {
    Env(EnvError),
    Installed,
}

impl LoggerConfigError {
    pub(crate) fn installed() -> Self {
        Self(Kind::Installed)
    }

    /// Whether an environment variable has a value that cannot be used.
    #[must_use]
    pub fn is_env(&self) -> bool {
        matches!(self.0, Kind::Env(_))
    }

    /// Whether the process has a `tracing` subscriber already.
    #[must_use]
    pub fn is_already_installed(&self) -> bool {
        matches!(self.0, Kind::Installed)
    }
}

impl From<EnvError> for LoggerConfigError {
    fn from(error: EnvError) -> Self {
        Self(Kind::Env(error))
    }
}

impl fmt::Display for LoggerConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Env(_) => "logger cannot be configured from the environment",
            Kind::Installed => {
                "a tracing subscriber is installed already; add `subscriber_layer()` to it instead"
            }
        })
    }
}

impl Error for LoggerConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Env(error) => Some(error),
            Kind::Installed => None,
        }
    }
}
