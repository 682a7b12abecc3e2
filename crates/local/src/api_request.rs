use http::{HeaderMap, Method, request::Parts};

/// A request of a function or an extension, without its body.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The path with the version of the API.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
}

impl ApiRequest {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
        }
    }
}
