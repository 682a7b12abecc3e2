//! Reads the body of a request, and writes an answer in the same format.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use opentelemetry_proto::tonic::collector::{
    logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse},
    metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse},
    trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse},
};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};

use super::request::Payload;

/// Why a request is not taken: the status and a sentence.
pub(super) type Reason = (StatusCode, String);

/// The two formats of OTLP over http.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    Json,
}

impl Format {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Reason> {
        let value = headers.get(header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
        let text = text.to_ascii_lowercase();
        match text.split(';').next().unwrap_or("").trim() {
            "application/x-protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            other => Err((
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("content type {other:?}"),
            )),
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    fn read<T: Message + Default + DeserializeOwned>(self, body: &[u8]) -> Result<T, Reason> {
        let read = match self {
            Self::Protobuf => T::decode(body).map_err(|error| error.to_string()),
            Self::Json => serde_json::from_slice(body).map_err(|error| error.to_string()),
        };
        read.map_err(|why| (StatusCode::BAD_REQUEST, why))
    }

    pub(super) fn write<T: Message + Serialize>(self, message: &T) -> Vec<u8> {
        match self {
            Self::Protobuf => message.encode_to_vec(),
            Self::Json => serde_json::to_vec(message).expect("a message has string keys"),
        }
    }
}

/// The three kinds of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub(super) fn of(parts: &Parts) -> Result<Self, Reason> {
        let path = parts.uri.path();
        let signal = match path {
            "/v1/traces" => Self::Traces,
            "/v1/metrics" => Self::Metrics,
            "/v1/logs" => Self::Logs,
            _ => return Err((StatusCode::NOT_FOUND, format!("no path {path}"))),
        };
        if parts.method == Method::POST {
            return Ok(signal);
        }
        let why = format!("{} of {path}, not POST", parts.method);
        Err((StatusCode::METHOD_NOT_ALLOWED, why))
    }

    pub(super) fn read(self, format: Format, body: &[u8]) -> Result<Payload, Reason> {
        Ok(match self {
            Self::Traces => Payload::Traces(format.read(body)?),
            Self::Metrics => Payload::Metrics(format.read(body)?),
            Self::Logs => Payload::Logs(format.read(body)?),
        })
    }

    /// The answer to a request that was taken; with `partial`, not all of it.
    pub(super) fn success(self, format: Format, partial: Option<(i64, String)>) -> Vec<u8> {
        match self {
            Self::Traces => format.write(&ExportTraceServiceResponse {
                partial_success: partial.map(|(rejected, message)| ExportTracePartialSuccess {
                    rejected_spans: rejected,
                    error_message: message,
                }),
            }),
            Self::Metrics => format.write(&ExportMetricsServiceResponse {
                partial_success: partial.map(|(rejected, message)| ExportMetricsPartialSuccess {
                    rejected_data_points: rejected,
                    error_message: message,
                }),
            }),
            Self::Logs => format.write(&ExportLogsServiceResponse {
                partial_success: partial.map(|(rejected, message)| ExportLogsPartialSuccess {
                    rejected_log_records: rejected,
                    error_message: message,
                }),
            }),
        }
    }
}

/// The body without its compression, at most `limit` bytes of it.
pub(super) fn plain(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, Reason> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    let encoding = encoding.map(|value| value.as_bytes().to_ascii_lowercase());
    let plain = match encoding.as_deref() {
        None | Some(b"identity") => body,
        Some(b"gzip") => gunzip(&body, limit)?,
        Some(other) => {
            let other = String::from_utf8_lossy(other);
            let why = format!("content encoding {other:?}");
            return Err((StatusCode::BAD_REQUEST, why));
        }
    };
    if plain.len() > limit {
        let why = format!("more than {limit} bytes without compression");
        return Err((StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    Ok(plain)
}

fn gunzip(body: &[u8], limit: usize) -> Result<Bytes, Reason> {
    let mut plain = Vec::new();
    // One byte more than allowed shows that there is more.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoder = MultiGzDecoder::new(body).take(most);
    match decoder.read_to_end(&mut plain) {
        Ok(_) => Ok(plain.into()),
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("bad gzip: {error}"))),
    }
}

/// `google.rpc.Status`, which the body of an error has to be.
#[derive(Clone, PartialEq, Message, Serialize)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

impl Status {
    pub(super) fn new(message: &str) -> Self {
        Self {
            code: 0,
            message: message.to_owned(),
        }
    }
}
