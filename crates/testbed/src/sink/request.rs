//! One request that a collector got.

use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};

/// What an exporter sent, and what it was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) sent_bytes: usize,
    pub(super) bytes: usize,
    pub(super) status: StatusCode,
    pub(super) payload: Payload,
}

impl Request {
    /// The path, such as `/v1/traces`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many bytes the body had on its way.
    #[must_use]
    pub fn sent_bytes(&self) -> usize {
        self.sent_bytes
    }

    /// How many bytes the body has without compression.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was answered.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What was sent. It is read also where the answer was an ordered error.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }
}

/// The content of a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// From `/v1/traces`.
    Traces(ExportTraceServiceRequest),
    /// From `/v1/metrics`.
    Metrics(ExportMetricsServiceRequest),
    /// From `/v1/logs`.
    Logs(ExportLogsServiceRequest),
    /// It could not be read, for this reason.
    Refused(String),
}
