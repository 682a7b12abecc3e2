use std::sync::Arc;

use tower_layer::Layer;
use tracing::Subscriber;
use tracing_subscriber::{Registry, layer::SubscriberExt, registry::LookupSpan};

use crate::{
    Logger, LoggerBuilder, LoggerConfigError,
    config::Settings,
    subscriber::{JsonLines, UpTo},
};

/// Layer that gives the lines of an invocation its keys.
///
/// # Example
///
/// ```
/// use lambda_runtime::LambdaEvent;
/// use powertools_logger::LoggerLayer;
/// use tower::ServiceBuilder;
///
/// async fn handler(event: LambdaEvent<String>) -> Result<String, std::convert::Infallible> {
///     tracing::info!(length = event.payload.len(), "received");
///     Ok(event.payload)
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let logger = LoggerLayer::from_env()?;
/// logger.init()?;
/// let service = ServiceBuilder::new().layer(logger).service_fn(handler);
/// # let _ = service;
/// # Ok(())
/// # }
/// ```
///
/// # Order
///
/// Outside of everything whose lines shall carry the keys; only the tracer stands
/// further out. At the http level it wraps the `Router` from outside.
///
/// # Errors
///
/// Answers and errors are the handler's own, untouched. A line that cannot be written
/// is lost, and nothing else with it.
///
/// # Concurrency
///
/// Lines of invocations that run at once never mix: the keys hang off each
/// [`Invocation`](powertools_core::Invocation). Code in a bare `tokio::spawn` carries
/// none; take it along with [`powertools_core::spawn`]. The same holds for a streamed
/// body without a [`StreamScopeLayer`](powertools_core::StreamScopeLayer).
///
/// # Cost
///
/// The invocation itself, if no layer outside has started it. A line is written into
/// a buffer that is kept and goes out by one write.
#[derive(Debug, Clone)]
pub struct LoggerLayer {
    settings: Arc<Settings>,
}

impl LoggerLayer {
    /// A logger that takes everything from the environment.
    ///
    /// # Errors
    ///
    /// See [`LoggerBuilder::build`].
    pub fn from_env() -> Result<Self, LoggerConfigError> {
        Self::builder().build()
    }

    /// Starts a logger's configuration.
    pub fn builder() -> LoggerBuilder {
        LoggerBuilder::default()
    }

    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    /// Makes every `tracing` event of the process a line of this logger.
    ///
    /// # Errors
    ///
    /// A `tracing` subscriber is installed already. Add
    /// [`subscriber_layer`](Self::subscriber_layer) to that one.
    pub fn init(&self) -> Result<(), LoggerConfigError> {
        let subscriber = Registry::default().with(self.subscriber_layer());
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| LoggerConfigError::installed())
    }

    /// The `tracing` layer alone, to stand beside others in a subscriber. Its level
    /// concerns its own lines only.
    ///
    /// ```
    /// use powertools_logger::LoggerLayer;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let logger = LoggerLayer::from_env()?;
    /// let subscriber = tracing_subscriber::registry()
    ///     .with(logger.subscriber_layer())
    ///     // .with(opentelemetry_layer)
    ///     ;
    /// tracing::subscriber::set_global_default(subscriber)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn subscriber_layer<S>(&self) -> impl tracing_subscriber::Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let lines = JsonLines::new(Arc::clone(&self.settings));
        tracing_subscriber::Layer::with_filter(lines, UpTo(self.settings.level))
    }
}

impl<S> Layer<S> for LoggerLayer {
    type Service = Logger<S>;

    fn layer(&self, inner: S) -> Logger<S> {
        Logger::new(inner, Arc::clone(&self.settings))
    }
}
