use std::{error::Error, fmt};

use aws_sdk_cloudwatch::{
    error::{ProvideErrorMetadata as _, SdkError},
    operation::put_metric_data::PutMetricDataError,
};

/// Why a request to CloudWatch failed. It holds nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutFailure {
    code: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It may succeed later.
    Passing,
    /// It will not.
    Final,
    /// It will not as it is, but may without one of its datums.
    Divisible,
}

/// Codes of a service that has too much to do, or that the next attempt can satisfy.
const PASSING: [&str; 18] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "ExpiredToken",
    "ExpiredTokenException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// What the codes of a bad datum begin with.
const DIVISIBLE: [&str; 5] = [
    "InvalidFormat",
    "InvalidParameter",
    "MissingParameter",
    "MissingRequiredParameter",
    "Validation",
];

impl PutFailure {
    /// No answer came in time.
    pub(super) fn timeout() -> Self {
        Self::new("timeout", Kind::Passing)
    }

    pub(super) fn of(error: &SdkError<PutMetricDataError>) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                Self::answered(service.err().code(), service.raw().status().as_u16())
            }
            SdkError::TimeoutError(_) => Self::timeout(),
            SdkError::DispatchFailure(_) => Self::new("connection", Kind::Passing),
            SdkError::ResponseError(_) => Self::new("response", Kind::Passing),
            // Of the request itself: another attempt builds the same.
            _ => Self::new("request", Kind::Final),
        }
    }

    /// The service has answered with this status, and perhaps a code.
    pub(super) fn answered(code: Option<&str>, status: u16) -> Self {
        let text = code.map_or_else(|| format!("status_{status}"), str::to_owned);
        let code = code.unwrap_or_default();
        let kind = match status {
            429 | 500.. => Kind::Passing,
            413 => Kind::Divisible,
            _ if PASSING.contains(&code) => Kind::Passing,
            _ if DIVISIBLE.iter().any(|begin| code.starts_with(begin)) => Kind::Divisible,
            _ => Kind::Final,
        };
        Self::new(text, kind)
    }

    fn new(code: impl Into<String>, kind: Kind) -> Self {
        Self {
            code: code.into(),
            kind,
        }
    }

    /// The service's code, `status_503` if it gave none, or one of `connection`,
    /// `request`, `response` and `timeout`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind == Kind::Passing
    }

    /// Whether one of the datums may be what the service does not take.
    pub(super) fn is_divisible(&self) -> bool {
        self.kind == Kind::Divisible
    }
}

impl fmt::Display for PutFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the metrics could not be put: {}", self.code)
    }
}

impl Error for PutFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_and_the_service_s_own_faults_pass() {
        for (code, status) in [
            (Some("Throttling"), 400),
            (Some("ThrottlingException"), 400),
            (Some("ExpiredToken"), 403),
            (Some("InternalServiceError"), 500),
            (None, 503),
            (None, 429),
        ] {
            assert!(
                PutFailure::answered(code, status).is_retryable(),
                "{code:?}"
            );
        }
        assert!(PutFailure::timeout().is_retryable());
    }

    #[test]
    fn only_a_bad_datum_divides_a_batch() {
        for (code, status, divisible) in [
            (Some("InvalidParameterValue"), 400, true),
            (Some("InvalidParameterCombination"), 400, true),
            (Some("MissingParameter"), 400, true),
            (None, 413, true),
            (Some("AccessDenied"), 403, false),
            (None, 400, false),
        ] {
            let failure = PutFailure::answered(code, status);
            assert_eq!(failure.is_divisible(), divisible, "{code:?}");
            assert!(!failure.is_retryable(), "{code:?}");
        }
    }

    #[test]
    fn an_answer_without_a_code_is_called_by_its_status() {
        let failure = PutFailure::answered(None, 400);
        assert_eq!(failure.code(), "status_400");
        assert_eq!(
            failure.to_string(),
            "the metrics could not be put: status_400"
        );
    }
}
