//! One datagram, read as the daemon reads it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};

/// What came in one datagram.
#[derive(Debug, Clone, PartialEq)]
pub struct Datagram {
    size: usize,
    content: Content,
}

impl Datagram {
    /// Reads the bytes of a datagram.
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len(),
            content: content(bytes).unwrap_or_else(|why| Content::Refused {
                why,
                bytes: Bytes::copy_from_slice(bytes),
            }),
        }
    }

    /// How many bytes came, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// What was in it.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The document that the daemon would forward.
    #[must_use]
    pub fn document(&self) -> Option<&str> {
        match &self.content {
            Content::Document(document) => Some(document),
            _ => None,
        }
    }

    /// Why the daemon would drop it.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.content {
            Content::Refused { why, .. } => Some(why),
            _ => None,
        }
    }

    /// The spans of a datagram of the AWS Distro for OpenTelemetry.
    #[must_use]
    pub fn spans(&self) -> Option<&ExportTraceServiceRequest> {
        match &self.content {
            Content::Spans { request, .. } => Some(request),
            _ => None,
        }
    }
}

/// What a datagram held.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A document, which the daemon forwards without a look inside.
    Document(String),
    /// Spans in the framing of the AWS Distro for OpenTelemetry. The open-source daemon
    /// would forward the text as it is.
    Spans {
        /// Whether the prefix was `T1S`; `T1U` is for spans that are not sampled.
        sampled: bool,
        /// The spans.
        request: ExportTraceServiceRequest,
    },
    /// Nothing that the daemon forwards.
    Refused {
        /// Why not.
        why: Refusal,
        /// The whole datagram.
        bytes: Bytes,
    },
}

/// Why a datagram was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No newline stands between header and document.
    NoNewline,
    /// The header is no JSON object with `format` and `version`.
    Header(String),
    /// The format is not `json`.
    Format(String),
    /// The version is not 1.
    Version(i64),
    /// Nothing stands after the header.
    EmptyBody,
    /// The document is not UTF-8. The daemon would forward it; X-Ray takes text alone.
    NotUtf8,
    /// `T1S` or `T1U` without base64 of an export request after it.
    Spans(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNewline => f.write_str("no newline between header and document"),
            Self::Header(why) => write!(f, "bad header: {why}"),
            Self::Format(format) => write!(f, "format {format:?} is not json"),
            Self::Version(version) => write!(f, "version {version} is not 1"),
            Self::EmptyBody => f.write_str("empty body"),
            Self::NotUtf8 => f.write_str("the document is not UTF-8"),
            Self::Spans(why) => write!(f, "bad spans: {why}"),
        }
    }
}

#[derive(Default)]
struct Header {
    format: Option<String>,
    version: Option<i64>,
}

/// As the decoder of Go reads it: keys in any case, the last of a repeated one counts, and
/// `null` leaves a member as it is.
impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "format" => header.format = map.next_value::<Option<_>>()?.or(header.format),
                "version" => header.version = map.next_value::<Option<_>>()?.or(header.version),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(header)
    }
}

fn content(bytes: &[u8]) -> Result<Content, Refusal> {
    let newline = bytes.iter().position(|byte| *byte == b'\n');
    let (header, body) = bytes.split_at(newline.ok_or(Refusal::NoNewline)?);
    let header: Header =
        serde_json::from_slice(header).map_err(|error| Refusal::Header(error.to_string()))?;
    let missing = |member: &str| Refusal::Header(format!("no {member}"));
    let format = header.format.ok_or_else(|| missing("format"))?;
    if !format.eq_ignore_ascii_case("json") {
        return Err(Refusal::Format(format));
    }
    let version = header.version.ok_or_else(|| missing("version"))?;
    if version != 1 {
        return Err(Refusal::Version(version));
    }
    let body = &body[1..];
    if body.is_empty() {
        return Err(Refusal::EmptyBody);
    }
    let body = std::str::from_utf8(body).map_err(|_| Refusal::NotUtf8)?;
    for (prefix, sampled) in [("T1S", true), ("T1U", false)] {
        if let Some(encoded) = body.strip_prefix(prefix) {
            let request = spans(encoded).map_err(Refusal::Spans)?;
            return Ok(Content::Spans { sampled, request });
        }
    }
    Ok(Content::Document(body.to_owned()))
}

fn spans(encoded: &str) -> Result<ExportTraceServiceRequest, String> {
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|error| error.to_string())?;
    ExportTraceServiceRequest::decode(&bytes[..]).map_err(|error| error.to_string())
}
