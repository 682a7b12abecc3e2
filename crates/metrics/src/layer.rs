use std::{fmt, sync::Arc};

use tower_layer::Layer;

use crate::{
    Metrics, MetricsService,
    shared::{Ephemeral, Shared},
    target::Target,
};

/// Layer that gives each invocation a set of metrics, and writes it when the invocation ends.
///
/// # Example
///
/// ```
/// use lambda_runtime::LambdaEvent;
/// use powertools_metrics::{Metrics, MetricsLayer, Unit};
/// use tower::ServiceBuilder;
///
/// async fn handler(event: LambdaEvent<String>) -> Result<String, std::convert::Infallible> {
///     Metrics::current().add("OrdersPlaced", Unit::Count, 1);
///     Ok(event.payload)
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let metrics = MetricsLayer::builder().namespace("shop").build()?;
/// let service = ServiceBuilder::new().layer(metrics).service_fn(handler);
/// # let _ = service;
/// # Ok(())
/// # }
/// ```
///
/// # Order
///
/// Inside of tracer and logger, outside of everything that records. A second metrics layer
/// inside of this one joins it: the settings of the outer one hold. So do those of the first
/// one where two are called one after the other in an invocation that a layer outside has
/// begun. At the http level it wraps the `Router` from outside.
///
/// # Errors
///
/// Answers and errors are the handler's own, untouched. What cannot be recorded or written is
/// told in a warning.
///
/// # Concurrency
///
/// Metrics, dimensions and metadata of invocations that run at once never mix: they hang off
/// each [`Invocation`](powertools_core::Invocation). Code in a bare `tokio::spawn` finds no
/// metrics; take them along with [`powertools_core::spawn`], or as a [`Metrics`] handle. What
/// is recorded after the end of its invocation goes out at once. A streamed body needs a
/// [`StreamScopeLayer`](powertools_core::StreamScopeLayer), which moves the end to its own.
///
/// # Cost
///
/// The invocation itself, if no layer outside has started it. Values are recorded into buffers
/// that are kept, and a line goes out by one write. There is no network call.
#[derive(Clone)]
pub struct MetricsLayer {
    shared: Arc<Shared>,
}

impl MetricsLayer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// A handle that records into the invocation it is used in.
    ///
    /// Outside of any, as at start-up, it records into a set of the layer's own. That goes out
    /// by [`Metrics::flush`], at the end of the next invocation (in lines of its own), and when
    /// the layer and its handles are dropped.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::new(Target::Layer(Arc::clone(&self.shared)))
    }

    /// A handle with a set of its own, which no invocation takes part in. It goes out by
    /// [`Metrics::flush`], and when the last clone of the handle is dropped.
    #[must_use]
    pub fn ephemeral_metrics(&self) -> Metrics {
        let own = Ephemeral::new(Arc::clone(&self.shared.settings));
        Metrics::new(Target::Own(Arc::new(own)))
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = MetricsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MetricsService::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for MetricsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsLayer")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
