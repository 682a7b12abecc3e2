use std::{error::Error, fmt};

use powertools_core::EnvError;

use crate::sampling;

/// A logger that cannot be built or installed.
#[derive(Debug)]
pub struct LoggerConfigError(Kind);

#[derive(Debug)]
enum Kind {
    BufferLevel,
    BufferSize,
    Env(EnvError),
    Installed,
    Keys,
    ReservedKey,
    SamplingRate,
}

impl LoggerConfigError {
    pub(crate) fn buffer_level() -> Self {
        Self(Kind::BufferLevel)
    }

    pub(crate) fn buffer_size() -> Self {
        Self(Kind::BufferSize)
    }

    pub(crate) fn installed() -> Self {
        Self(Kind::Installed)
    }

    pub(crate) fn keys() -> Self {
        Self(Kind::Keys)
    }

    pub(crate) fn reserved_key() -> Self {
        Self(Kind::ReservedKey)
    }

    /// Whether an environment variable has a value that cannot be used.
    #[must_use]
    pub fn is_env(&self) -> bool {
        matches!(self.0, Kind::Env(_))
    }

    /// The environment variable whose value cannot be used.
    #[must_use]
    pub fn env_name(&self) -> Option<&'static str> {
        match &self.0 {
            Kind::Env(error) => Some(error.name()),
            _ => None,
        }
    }

    /// Whether the process has a `tracing` subscriber already.
    #[must_use]
    pub fn is_already_installed(&self) -> bool {
        matches!(self.0, Kind::Installed)
    }

    /// Whether the size or the verbosity of the buffer cannot be used.
    #[must_use]
    pub fn is_buffer(&self) -> bool {
        matches!(self.0, Kind::BufferLevel | Kind::BufferSize)
    }

    /// Whether a key cannot be used: its name is the logger's own, or the keys are no
    /// struct and no map.
    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self.0, Kind::Keys | Kind::ReservedKey)
    }

    /// Whether the sampling rate given in code is no number.
    #[must_use]
    pub fn is_sampling_rate(&self) -> bool {
        matches!(self.0, Kind::SamplingRate)
    }
}

impl From<EnvError> for LoggerConfigError {
    fn from(error: EnvError) -> Self {
        Self(Kind::Env(error))
    }
}

impl From<sampling::Either> for LoggerConfigError {
    fn from(error: sampling::Either) -> Self {
        match error {
            sampling::Either::Env(error) => error.into(),
            sampling::Either::Code(_) => Self(Kind::SamplingRate),
        }
    }
}

impl fmt::Display for LoggerConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::BufferLevel => "the buffer's verbosity must be DEBUG, INFO or WARN",
            Kind::BufferSize => "the buffer's size must be at least one byte",
            Kind::Env(_) => "logger cannot be configured from the environment",
            Kind::Installed => {
                "a tracing subscriber is installed already; add `subscriber_layer()` to it instead"
            }
            Kind::Keys => "keys must be a struct or a map that can be serialized",
            Kind::ReservedKey => {
                "level, location, message and timestamp are written by the logger alone; null \
                 switches one off"
            }
            Kind::SamplingRate => "the sampling rate must be a number, such as 0.1",
        })
    }
}

impl Error for LoggerConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Env(error) => Some(error),
            _ => None,
        }
    }
}
