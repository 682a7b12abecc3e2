use http::{HeaderMap, Method};
use powertools_local::ApiRequest;
use tokio::time::Instant;

/// What a runtime or an extension asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// `GET /runtime/invocation/next`
    Next,
    /// `POST /runtime/invocation/{id}/response`
    Response,
    /// `POST /runtime/invocation/{id}/error`
    Error,
    /// `POST /runtime/init/error`
    InitError,
    /// `GET /runtime/restore/next`
    RestoreNext,
    /// `POST /runtime/restore/error`
    RestoreError,
    /// `POST /extension/register`
    ExtensionRegister,
    /// `GET /extension/event/next`
    ExtensionNext,
    /// `POST /extension/init/error`
    ExtensionInitError,
    /// `POST /extension/exit/error`
    ExtensionExitError,
}

impl CallKind {
    fn of(method: &Method, path: &str) -> Option<Self> {
        // The first part is the version.
        let (_, path) = path.strip_prefix('/')?.split_once('/')?;
        let kind = match (method.as_str(), path) {
            ("GET", "runtime/invocation/next") => Self::Next,
            ("GET", "runtime/restore/next") => Self::RestoreNext,
            ("GET", "extension/event/next") => Self::ExtensionNext,
            ("POST", "runtime/init/error") => Self::InitError,
            ("POST", "runtime/restore/error") => Self::RestoreError,
            ("POST", "extension/register") => Self::ExtensionRegister,
            ("POST", "extension/init/error") => Self::ExtensionInitError,
            ("POST", "extension/exit/error") => Self::ExtensionExitError,
            ("POST", path) if path.starts_with("runtime/invocation/") => {
                match path.rsplit_once('/')?.1 {
                    "response" => Self::Response,
                    "error" => Self::Error,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(kind)
    }
}

/// A request of a runtime or an extension, as it came in.
#[derive(Debug, Clone)]
pub struct Call {
    kind: CallKind,
    path: String,
    headers: HeaderMap,
    at: Instant,
}

impl Call {
    /// `None` for a path that Lambda does not know.
    pub(super) fn read(request: ApiRequest) -> Option<Self> {
        Some(Self {
            kind: CallKind::of(&request.method, &request.path)?,
            path: request.path,
            headers: request.headers,
            at: Instant::now(),
        })
    }

    /// What was asked for.
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.kind
    }

    /// The path with its version.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The headers of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// When the request came in.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The request id in the path of a response or an error.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let rest = self.path.split("/invocation/").nth(1)?;
        Some(rest.split_once('/')?.0)
    }

    /// The header `Lambda-Runtime-Invocation-Id`.
    #[must_use]
    pub fn invocation_id(&self) -> Option<&str> {
        let value = self.headers.get("lambda-runtime-invocation-id")?;
        value.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_kind() {
        let kind = |method, path| CallKind::of(&method, path);

        let next = "/2018-06-01/runtime/invocation/next";
        assert_eq!(kind(Method::GET, next), Some(CallKind::Next));
        assert_eq!(kind(Method::POST, next), None);
        let response = "/2018-06-01/runtime/invocation/a/response";
        assert_eq!(kind(Method::POST, response), Some(CallKind::Response));
        let event = "/2020-01-01/extension/event/next";
        assert_eq!(kind(Method::GET, event), Some(CallKind::ExtensionNext));
        assert_eq!(kind(Method::GET, "/ping"), None);
    }
}
