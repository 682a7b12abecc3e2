use std::{error::Error, fmt};

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Collects a body of at most `limit` bytes. Trailers are dropped.
///
/// # Errors
///
/// The body is longer, or fails itself.
pub async fn collect_body<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError(Kind::TooLong { limit })),
        Err(error) => Err(BodyError(Kind::Failed(error))),
    }
}

/// A body that could not be collected.
#[derive(Debug)]
pub struct BodyError(Kind);

#[derive(Debug)]
enum Kind {
    TooLong { limit: usize },
    Failed(Box<dyn Error + Send + Sync>),
}

impl BodyError {
    /// Whether the body was longer than allowed.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        matches!(self.0, Kind::TooLong { .. })
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::TooLong { limit } => write!(f, "body is longer than {limit} bytes"),
            Kind::Failed(_) => f.write_str("body failed before its end"),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::TooLong { .. } => None,
            Kind::Failed(error) => Some(error.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_collected() {
        let collected = collect_body(Full::new(Bytes::from_static(b"12345")), 5)
            .await
            .unwrap();
        assert_eq!(collected, "12345");
    }

    #[tokio::test]
    async fn a_longer_body_is_a_typed_error() {
        let error = collect_body(Full::new(Bytes::from_static(b"s3cret")), 5)
            .await
            .unwrap_err();
        assert!(error.is_too_long());
        assert_eq!(error.to_string(), "body is longer than 5 bytes");
    }
}
