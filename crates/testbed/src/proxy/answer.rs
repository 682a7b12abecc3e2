use bytes::Bytes;
use http::{Method, StatusCode};

use super::request::Request;

/// A reply that the proxy gives by itself, without asking the server.
#[derive(Debug, Clone)]
pub struct Answer(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    Bytes(Bytes),
}

impl Answer {
    /// An HTTP response with this status, no headers of its own and no body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self(Kind::Http {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        })
    }

    /// An HTTP response with an error as the AWS services with a JSON protocol give it:
    /// `aws_error(400, "ThrottlingException", "slow down")`.
    #[must_use]
    pub fn aws_error(status: u16, code: &str, message: &str) -> Self {
        Self::status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-errortype", code)
            .body(serde_json::json!({ "__type": code, "message": message }).to_string())
    }

    /// An error reply of Redis, without the leading `-` and the line's end:
    /// `redis_error("LOADING Redis is loading the dataset in memory")`.
    #[must_use]
    pub fn redis_error(line: &str) -> Self {
        Self::bytes(format!("-{line}\r\n"))
    }

    /// These bytes as they are.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }

    /// Adds a header to an HTTP response. With `connection: close` the connection ends after it.
    ///
    /// # Panics
    ///
    /// If this is no HTTP response, or the header is `content-length`, which is set by itself:
    /// a wrong one goes into [`bytes`](Self::bytes).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        assert!(
            !name.eq_ignore_ascii_case("content-length"),
            "the length of an answer is that of its body"
        );
        match &mut self.0 {
            Kind::Http { headers, .. } => headers.push((name, value.into())),
            Kind::Bytes(_) => panic!("only an HTTP answer has headers"),
        }
        self
    }

    /// Sets the body of an HTTP response.
    ///
    /// # Panics
    ///
    /// If this is no HTTP response.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        match &mut self.0 {
            Kind::Http { body, .. } => *body = bytes.into(),
            Kind::Bytes(_) => panic!("only an HTTP answer has a body"),
        }
        self
    }

    /// Whether the answer or the request says that the connection ends with it.
    pub(super) fn ends_connection(&self, request: &Request) -> bool {
        let Kind::Http { headers, .. } = &self.0 else {
            return false;
        };
        headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
            .map(|(_, value)| value.as_str())
            .chain(request.header("connection"))
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case("close"))
    }

    /// What goes over the wire in answer to this request.
    pub(super) fn encode(&self, request: &Request) -> Bytes {
        let (status, headers, body) = match &self.0 {
            Kind::Bytes(bytes) => return bytes.clone(),
            Kind::Http {
                status,
                headers,
                body,
            } => (*status, headers, body),
        };
        let reason = StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown");
        let mut wire = format!("HTTP/1.1 {status} {reason}\r\n");
        for (name, value) in headers {
            wire += &format!("{name}: {value}\r\n");
        }
        let bodiless = status < 200 || status == 204 || status == 304;
        if !bodiless {
            wire += &format!("content-length: {}\r\n", body.len());
        }
        wire += "\r\n";
        let mut wire = wire.into_bytes();
        if !bodiless && request.method() != Some(Method::HEAD.as_str()) {
            wire.extend_from_slice(body);
        }
        wire.into()
    }
}
