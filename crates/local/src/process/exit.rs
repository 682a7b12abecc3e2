use std::process::ExitStatus;

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
