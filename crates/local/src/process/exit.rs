use std::{error::Error, fmt, process::ExitStatus};

use bytes::Bytes;

use crate::source::Condition;

/// How a [`FunctionProcess`](crate::FunctionProcess) ended.
#[derive(Debug, Clone)]
pub struct Exit {
    status: Option<ExitStatus>,
    initialised: bool,
    reason: Condition,
}

impl Exit {
    pub(super) fn new(status: Option<ExitStatus>, initialised: bool, reason: Condition) -> Self {
        Self {
            status,
            initialised,
            reason,
        }
    }

    /// What the operating system says; `None` if it does not.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Whether it ended before it asked for its first event, or said itself
    /// that it could not initialise.
    #[must_use]
    pub fn is_init_error(&self) -> bool {
        !self.initialised || self.init_error().is_some()
    }

    /// Whether it was ended because its initialisation took too long.
    #[must_use]
    pub fn is_init_timeout(&self) -> bool {
        self.reason == Condition::InitTimedOut
    }

    /// The JSON that it sent to `/runtime/init/error`.
    #[must_use]
    pub fn init_error(&self) -> Option<&Bytes> {
        match &self.reason {
            Condition::InitError(body) => Some(body),
            _ => None,
        }
    }

    /// Whether it was ended because an invocation passed its deadline.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.reason == Condition::TimedOut
    }

    /// Whether it was ended because its hooks took too long after a restore.
    #[must_use]
    pub fn is_restore_timeout(&self) -> bool {
        self.reason == Condition::RestoreTimedOut
    }

    /// The JSON that it sent to `/runtime/restore/error`.
    #[must_use]
    pub fn restore_error(&self) -> Option<&Bytes> {
        match &self.reason {
            Condition::RestoreError(body) => Some(body),
            _ => None,
        }
    }

    /// `Extension.InitError` or `Extension.ExitError`, if an extension said
    /// that it failed.
    #[must_use]
    pub fn extension_error(&self) -> Option<&str> {
        match &self.reason {
            Condition::ExtensionError(error_type) => Some(error_type),
            _ => None,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match &self.reason {
            Condition::TimedOut => "an invocation passed its deadline",
            Condition::InitTimedOut => "its initialisation took too long",
            Condition::InitError(_) => "it could not initialise",
            Condition::RestoreTimedOut => "its hooks took too long after the restore",
            Condition::RestoreError(_) => "a hook failed after the restore",
            Condition::ExtensionError(error_type) => error_type,
            Condition::ShutDown(_) => "it was shut down",
            Condition::Serving | Condition::Gone if self.initialised => "it ended",
            Condition::Serving | Condition::Gone => "it ended before it took an event",
        };
        write!(f, "the function is gone: {reason}")?;
        match self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

/// So that `?` takes it.
impl Error for Exit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_an_error_that_says_why() {
        let text = |initialised, reason| -> String {
            let error: Box<dyn Error> = Exit::new(None, initialised, reason).into();
            error.to_string()
        };

        assert_eq!(
            text(false, Condition::InitTimedOut),
            "the function is gone: its initialisation took too long"
        );
        assert_eq!(
            text(false, Condition::Gone),
            "the function is gone: it ended before it took an event"
        );
        assert_eq!(
            text(true, Condition::Gone),
            "the function is gone: it ended"
        );
    }
}
