use std::{fmt, sync::Arc};

use powertools_core::{Invocation, NoExtract};
use tower_layer::Layer;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Registry, layer::SubscriberExt, registry::LookupSpan};

use crate::{
    Logger, LoggerBuilder, LoggerConfigError,
    filter::{Subscribed, Takes},
    panic_hook,
    settings::Settings,
    state::State,
    subscriber::JsonLines,
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
#[derive(Clone)]
pub struct LoggerLayer<C = NoExtract, E = NoExtract> {
    settings: Arc<Settings>,
    correlation_id: C,
    event: E,
}

impl LoggerLayer {
    /// A logger that takes everything from the environment, but for
    /// `POWERTOOLS_LOGGER_LOG_EVENT`: how an event is shown is for the code to say, with
    /// [`LoggerBuilder::log_event`].
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
}

impl<C, E> LoggerLayer<C, E> {
    pub(crate) fn new(settings: Arc<Settings>, correlation_id: C, event: E) -> Self {
        Self {
            settings,
            correlation_id,
            event,
        }
    }

    /// Makes every `tracing` event of the process a line of this logger, with the feature
    /// `log` also every record of the `log` crate, and every panic.
    ///
    /// # Errors
    ///
    /// A `tracing` subscriber is installed already. Add
    /// [`subscriber_layer`](Self::subscriber_layer) to that one.
    pub fn init(&self) -> Result<(), LoggerConfigError> {
        let lines = JsonLines::alone(Arc::clone(&self.settings));
        let subscriber = Registry::default().with(lines);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| LoggerConfigError::installed())?;
        // Another logger for the `log` crate may stay: it was chosen on purpose.
        #[cfg(feature = "log")]
        let _ = tracing_log::LogTracer::init();
        if self.settings.switches.panics {
            self.install_panic_hook();
        }
        Ok(())
    }

    /// Has panics logged, before the panic hook that is there now runs.
    /// [`init`](Self::init) does it.
    pub fn install_panic_hook(&self) {
        panic_hook::install(Arc::clone(&self.settings));
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
    pub fn subscriber_layer<S>(
        &self,
    ) -> impl tracing_subscriber::Layer<S> + Send + Sync + use<S, C, E>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let subscribed = Subscribed::default();
        let lines = JsonLines::new(Arc::clone(&self.settings), subscribed.clone());
        let takes = Takes::new(Arc::clone(&self.settings), subscribed);
        tracing_subscriber::Layer::with_filter(lines, takes)
    }

    /// The level that holds here: that of the logger, or DEBUG in an invocation that is
    /// sampled.
    #[must_use]
    pub fn level(&self) -> LevelFilter {
        let here = Invocation::try_current().and_then(|invocation| {
            Some(State::begin(&invocation, &self.settings)?.level(&self.settings))
        });
        here.unwrap_or_else(|| self.settings.threshold.base())
    }

    /// Sets the level, from now on and for all invocations; `None` sets it back to what
    /// the logger was built with. Lambda's own level still holds, and a warning says so if
    /// it hides lines.
    pub fn set_level(&self, level: impl Into<Option<LevelFilter>>) {
        let (threshold, level) = (&self.settings.threshold, level.into());
        threshold.set(level);
        // What was off for good may now be on.
        tracing::callsite::rebuild_interest_cache();
        if level.is_some() || threshold.is_asked() {
            self.settings.warn_of_platform(threshold.wanted());
        }
    }

    /// The value of the key `service`.
    #[must_use]
    pub fn service(&self) -> String {
        serde_json::from_slice(&self.settings.service).unwrap_or_default()
    }
}

impl<S, C: Clone, E: Clone> Layer<S> for LoggerLayer<C, E> {
    type Service = Logger<S, C, E>;

    fn layer(&self, inner: S) -> Self::Service {
        Logger::new(
            inner,
            Arc::clone(&self.settings),
            self.correlation_id.clone(),
            self.event.clone(),
        )
    }
}

impl<C, E> fmt::Debug for LoggerLayer<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggerLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
