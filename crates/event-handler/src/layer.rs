use tower_layer::Layer;

use crate::BufferBody;

/// The most that Lambda takes as the answer of an invocation.
const LAMBDA_LIMIT: usize = 6_291_556;

/// Layer that collects the response body, whatever its type, into a
/// [`lambda_http::Body`].
///
/// `lambda_http::run_concurrent` and `lambda_http::runtime` ask for a response that is
/// `Sync`. axum's body is not, this one is. A body that is collected can also be kept,
/// or answered with a 500 if it fails in the middle.
///
/// # Example
///
/// ```
/// use axum::{Router, routing::get};
/// use powertools_event_handler::BufferBodyLayer;
/// use tower::ServiceBuilder;
///
/// let router = Router::new().route("/greeting", get(async || "hello"));
/// let function = ServiceBuilder::new()
///     .layer(BufferBodyLayer::new())
///     .service(router);
/// drop(lambda_http::run_concurrent(function)); // `.await` it in `main`
/// ```
///
/// # Order
///
/// Directly around the `Router`, inside of everything else. Observing layers must stand
/// outside: the body is polled after the inner future has ended, and what it logs
/// belongs to the invocation only if a layer around this one has entered it.
/// Compression outside of it compresses the buffered body.
///
/// # Errors
///
/// Errors are the inner service's own. A body that fails, or that makes the answer
/// larger than [`limit`](Self::limit), is answered with status 500 and
/// `{"statusCode":500,"message":"Internal server error"}`, without the headers of the
/// answer that was lost. The reason is logged at level ERROR with the target
/// `powertools::event_handler`, the body never.
///
/// A body that is no UTF-8 and has no `content-type` gets `application/octet-stream`;
/// `lambda_http` would take it for text and spoil it.
///
/// # Concurrency
///
/// Nothing is shared between calls. Each holds its answer in memory, up to the limit.
///
/// # Cost
///
/// No allocation of its own beyond the collected body, and no box. Text is checked for
/// being UTF-8; an answer that comes near the limit is read once more to count its
/// escapes.
#[derive(Debug, Clone, Copy)]
pub struct BufferBodyLayer {
    limit: usize,
}

impl BufferBodyLayer {
    /// Collects answers as large as Lambda takes them: 6,291,556 bytes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            limit: LAMBDA_LIMIT,
        }
    }

    /// The most bytes of an answer. A load balancer, for instance, takes 1,048,576.
    ///
    /// They count as they do for Lambda, in the JSON that the function returns: text
    /// with its escapes, any other body as base64, and an upper estimate for the
    /// headers.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl Default for BufferBodyLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for BufferBodyLayer {
    type Service = BufferBody<S>;

    fn layer(&self, inner: S) -> BufferBody<S> {
        BufferBody::new(inner, self.limit)
    }
}
