use powertools_core::SharedWriter;

use crate::{
    Blob, MetricsError, MetricsSink,
    emf::{integer, number, string},
};

const MAX_NAME: usize = 200;
const MAX_TAG: usize = 200;

/// Writes each value as a line that Datadog's forwarder and its Lambda extension read.
///
/// Dimensions become tags, the namespace a prefix of the name. Units, resolutions, metadata
/// and the service are not written; a dimension set beside the main one is not either.
///
/// ```
/// use powertools_core::SharedWriter;
/// use powertools_metrics::{DatadogSink, MetricsLayer};
///
/// # fn main() -> Result<(), powertools_metrics::MetricsConfigError> {
/// let layer = MetricsLayer::builder()
///     .namespace("shop")
///     .sink(DatadogSink::new(SharedWriter::stdout()))
///     .build()?;
/// // {"m":"shop.orders","v":1,"e":1700000000,"t":["product:latte"]}
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
///
/// A name must begin with a letter and go on with letters, digits, `_` and `.`, 200 at most;
/// another is refused. A tag that begins with anything but a letter, or is longer than 200, is
/// warned of and written.
#[derive(Debug, Clone)]
pub struct DatadogSink {
    writer: SharedWriter,
}

impl DatadogSink {
    /// Writes its lines there.
    #[must_use]
    pub fn new(writer: SharedWriter) -> Self {
        Self { writer }
    }
}

impl MetricsSink for DatadogSink {
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        let mut lines = Vec::new();
        for metric in blob.metrics() {
            for value in metric.values() {
                line(&mut lines, blob, metric.name(), value);
            }
        }
        // By one write, so that all of it is there or nothing.
        self.writer.write_line(&lines).map_err(MetricsError::sink)
    }

    fn adds_service(&self) -> bool {
        false
    }

    fn check_name(&self, name: &str) -> Result<(), MetricsError> {
        let rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        let fits = name.len() <= MAX_NAME
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(rest);
        match fits {
            true => Ok(()),
            false => Err(MetricsError::bad_name(
                name,
                "for Datadog a name begins with a letter, goes on with letters, digits, _ and \
                 ., and has at most 200 of them",
            )),
        }
    }

    fn limits_time(&self) -> bool {
        false
    }

    fn warn_of_dimension(&self, name: &str, value: &str) -> Option<&'static str> {
        let fits = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.len() + 1 + value.len() <= MAX_TAG;
        (!fits).then_some(
            "a tag for Datadog should begin with a letter and have at most 200 characters",
        )
    }
}

fn line(out: &mut Vec<u8>, blob: &Blob<'_>, name: &str, value: f64) {
    out.extend_from_slice(b"{\"m\":\"");
    // Neither of them has a character to escape.
    if let Some(namespace) = blob.namespace() {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b'.');
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",\"v\":");
    number(out, value);
    out.extend_from_slice(b",\"e\":");
    integer(out, blob.timestamp_millis() / 1000);
    out.extend_from_slice(b",\"t\":[");
    let tags = blob.dimension_sets().next().into_iter().flatten();
    for (index, (name, value)) in tags.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, &format!("{name}:{value}"));
    }
    out.extend_from_slice(b"]}\n");
}
