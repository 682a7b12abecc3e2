use std::{fmt, sync::Arc};

use powertools_core::{Host, SharedWriter};

use crate::{
    MetricsConfigError, MetricsLayer, MetricsSink,
    settings::{Parts, Settings},
    shared::Shared,
};

/// Builder of a [`MetricsLayer`].
///
/// What is not set comes from the environment.
#[derive(Clone, Default)]
#[must_use = "a builder builds nothing until `build`"]
pub struct MetricsBuilder {
    parts: Parts,
}

impl MetricsBuilder {
    /// The namespace of all metrics. Default: `POWERTOOLS_METRICS_NAMESPACE`. Without one
    /// nothing can be written, and each flush says so.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.parts.namespace = Some(name.into());
        self
    }

    /// The dimension `service`. Default: `POWERTOOLS_SERVICE_NAME`, else there is none. An
    /// empty name is none either.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.parts.service = Some(name.into());
        self
    }

    /// Adds a dimension that every line begins with, but for that of the cold start.
    pub fn default_dimension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let dimension = (name.into(), value.into());
        self.parts.default_dimensions.push(dimension);
        self
    }

    /// Whether the first invocation of the process counts the metric `ColdStart`, in a line of
    /// its own with the dimensions `function_name` and `service`. Default: no.
    ///
    /// It is written when the invocation begins, so that one that fails is counted as well.
    pub fn capture_cold_start_metric(mut self, on: bool) -> Self {
        self.parts.cold_start = on;
        self
    }

    /// The dimension `function_name`. Default: `POWERTOOLS_METRICS_FUNCTION_NAME`, else the
    /// name that Lambda gives.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.parts.function_name = Some(name.into());
        self
    }

    /// Whether each invocation counts `Requests` and `Faults` and measures its `Latency`, in a
    /// line of its own. Default: no.
    ///
    /// Their dimensions are the default ones, `function_name` and `service`; at the http level
    /// there are further sets with `route`, if a [`RouteLayer`](crate::RouteLayer) tells it,
    /// and `status` (`2xx`). A fault is an error, a 5xx answer, a panic, or a call that was
    /// dropped. The latency of a streamed answer is that until its end, with a
    /// [`StreamScopeLayer`](powertools_core::StreamScopeLayer). Of the routes of a process 100
    /// are told apart; further ones are `other`.
    pub fn capture_request_metrics(mut self, on: bool) -> Self {
        self.parts.requests = on;
        self
    }

    /// Whether every line of an invocation has the metadata `function_request_id` and
    /// `xray_trace_id`. Default: no.
    pub fn capture_request_ids(mut self, on: bool) -> Self {
        self.parts.ids = on;
        self
    }

    /// Whether [`Metrics::flush`](crate::Metrics::flush) without metrics is an error. The
    /// layer's own flush at the end of an invocation warns, once. Default: no.
    pub fn raise_on_empty_metrics(mut self, on: bool) -> Self {
        self.parts.raise_on_empty = on;
        self
    }

    /// The most bytes of a line. Metrics that find no room go into further lines; dimensions
    /// and metadata that leave none are refused. Default: 256 KiB. At least 16 KiB.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.parts.max_line = bytes;
        self
    }

    /// Where the lines of EMF are written. Default: the standard output.
    pub fn output(mut self, output: SharedWriter) -> Self {
        self.parts.output = output;
        self
    }

    /// Something else that takes the metrics, instead of lines of EMF.
    pub fn sink(mut self, sink: impl MetricsSink) -> Self {
        self.parts.sink = Some(Arc::new(sink));
        self
    }

    /// Environment, clock and cold start. Default: the process's own.
    pub fn host(mut self, host: Host) -> Self {
        self.parts.host = host;
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// Namespace, service or a default dimension has characters that CloudWatch does not take,
    /// or is too long; there are too many default dimensions; or a line is to be too short.
    pub fn build(self) -> Result<MetricsLayer, MetricsConfigError> {
        let settings = Settings::resolve(self.parts)?;
        Ok(MetricsLayer::new(Arc::new(Shared::new(settings))))
    }
}

impl MetricsLayer {
    /// A layer that takes everything from the environment.
    ///
    /// # Errors
    ///
    /// See [`MetricsBuilder::build`].
    pub fn from_env() -> Result<Self, MetricsConfigError> {
        Self::builder().build()
    }

    /// Starts a layer's configuration.
    pub fn builder() -> MetricsBuilder {
        MetricsBuilder::default()
    }
}

impl fmt::Debug for MetricsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsBuilder")
            .field("namespace", &self.parts.namespace)
            .field("service", &self.parts.service)
            .finish_non_exhaustive()
    }
}
