/// Takes a text out of a request: a correlation id, a key.
///
/// It is a type parameter of the layer that uses it, so that handlers whose
/// event is not `Serialize` lose nothing. Closures implement it; [`NoExtract`]
/// is the default.
///
/// ```
/// use powertools_core::Extract;
///
/// let order = |request: &http::Request<()>| {
///     request.headers().get("order-id")?.to_str().ok().map(ToOwned::to_owned)
/// };
/// let request = http::Request::builder().header("order-id", "42").body(()).unwrap();
/// assert_eq!(order.extract(&request).as_deref(), Some("42"));
/// ```
pub trait Extract<R> {
    /// The text; `None` if the request has none.
    fn extract(&self, request: &R) -> Option<String>;
}

/// Extracts nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoExtract;

impl<R> Extract<R> for NoExtract {
    fn extract(&self, _request: &R) -> Option<String> {
        None
    }
}

impl<R, F> Extract<R> for F
where
    F: Fn(&R) -> Option<String>,
{
    fn extract(&self, request: &R) -> Option<String> {
        self(request)
    }
}
