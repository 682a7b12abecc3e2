use std::sync::Arc;

use crate::{Blob, MetricsError};

/// Takes the metrics of an invocation, and brings them somewhere.
///
/// The default writes EMF to the standard output. A sink of your own has one method:
///
/// ```
/// use powertools_metrics::{Blob, MetricsError, MetricsLayer, MetricsSink};
///
/// struct Print;
///
/// impl MetricsSink for Print {
///     fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
///         for metric in blob.metrics() {
///             println!("{}: {:?}", metric.name(), metric.values().collect::<Vec<_>>());
///         }
///         Ok(())
///     }
/// }
///
/// let layer = MetricsLayer::builder().sink(Print).build();
/// # assert!(layer.is_ok());
/// ```
pub trait MetricsSink: Send + Sync + 'static {
    /// Takes a blob: all of it, or nothing. It is called by the thread that flushes, which is
    /// often the handler's own, so it must not block for long. It must not wait for another
    /// thread that records, nor take a lock under which one does: that one may be waiting for
    /// it. It must not record metrics itself, which are refused.
    ///
    /// # Errors
    ///
    /// [`MetricsError::sink`] or [`MetricsError::no_namespace`]. The blob stays where it is,
    /// and comes again with the next flush; at the end of an invocation there is none, and
    /// what is lost is told in a warning.
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError>;

    /// Whether the service is a dimension. Default: yes.
    fn adds_service(&self) -> bool {
        true
    }

    /// Whether a metric may be called so, beside CloudWatch's own rules. Default: yes.
    ///
    /// # Errors
    ///
    /// [`MetricsError::bad_name`].
    fn check_name(&self, name: &str) -> Result<(), MetricsError> {
        let _ = name;
        Ok(())
    }

    /// Whether times of more than 14 days ago or 2 hours ahead are warned of, as CloudWatch
    /// drops them. Default: yes.
    fn limits_time(&self) -> bool {
        true
    }

    /// What to warn of about a dimension that is recorded all the same. Default: nothing.
    fn warn_of_dimension(&self, name: &str, value: &str) -> Option<&'static str> {
        let _ = (name, value);
        None
    }
}

impl<S: MetricsSink + ?Sized> MetricsSink for Arc<S> {
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        (**self).emit(blob)
    }

    fn adds_service(&self) -> bool {
        (**self).adds_service()
    }

    fn check_name(&self, name: &str) -> Result<(), MetricsError> {
        (**self).check_name(name)
    }

    fn limits_time(&self) -> bool {
        (**self).limits_time()
    }

    fn warn_of_dimension(&self, name: &str, value: &str) -> Option<&'static str> {
        (**self).warn_of_dimension(name, value)
    }
}
