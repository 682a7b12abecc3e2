//! What a collector answers instead of taking a request.

use std::time::Duration;

use http::StatusCode;

/// An answer that a test orders for the next requests.
///
/// An exporter tries again after 429, 502, 503 and 504, and waits as long as `Retry-After`
/// says; after another error and after a partial success it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Answer {
    pub(super) kind: Kind,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Status(StatusCode),
    Partial { rejected: i64, message: String },
}

impl Answer {
    /// An error.
    pub fn status(status: StatusCode) -> Self {
        Self {
            kind: Kind::Status(status),
            retry_after: None,
        }
    }

    /// 503, the answer of a collector that has too much to do.
    pub fn unavailable() -> Self {
        Self::status(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// 200, with so many spans, points or records refused.
    pub fn partial_success(rejected: i64, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Partial {
                rejected,
                message: message.into(),
            },
            retry_after: None,
        }
    }

    /// With `Retry-After`, in whole seconds, rounded up.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}
