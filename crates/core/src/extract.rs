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

    /// Writes the value as JSON, and tells whether there was one. Without one, nothing is
    /// written.
    ///
    /// For extractors that find values other than text, and for those that need no
    /// string of their own. Unless it is implemented, it writes what
    /// [`extract`](Self::extract) gives.
    fn extract_json(&self, request: &R, json: &mut Vec<u8>) -> bool {
        let Some(text) = self.extract(request) else {
            return false;
        };
        // A string has no reason to fail, and a buffer takes everything.
        serde_json::to_writer(json, &text).is_ok()
    }
}

/// Extracts nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoExtract;

impl<R> Extract<R> for NoExtract {
    fn extract(&self, _request: &R) -> Option<String> {
        None
    }

    fn extract_json(&self, _request: &R, _json: &mut Vec<u8>) -> bool {
        false
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

#[cfg(test)]
mod tests {
    use super::*;

    fn json<R>(extractor: &impl Extract<R>, request: &R) -> Option<String> {
        let mut json = Vec::new();
        let found = extractor.extract_json(request, &mut json);
        found.then(|| String::from_utf8(json).unwrap())
    }

    #[test]
    fn json_is_the_escaped_text_unless_the_extractor_knows_better() {
        let quoted = |request: &&str| Some(format!("\"{request}\""));
        assert_eq!(json(&quoted, &"a").as_deref(), Some(r#""\"a\"""#));
        assert_eq!(json(&|_: &&str| None, &"a"), None);
        assert_eq!(json(&NoExtract, &"a"), None);
    }
}
