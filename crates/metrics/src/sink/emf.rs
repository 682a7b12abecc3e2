use std::cell::Cell;

use powertools_core::SharedWriter;

use crate::{Blob, MetricsError, MetricsSink, emf};

/// More is not kept between two lines.
const KEPT_CAPACITY: usize = 64 * 1024;

thread_local! {
    // The line that is being written, for its capacity.
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes each blob as a line of CloudWatch's Embedded Metric Format.
#[derive(Debug)]
pub(crate) struct EmfSink {
    writer: SharedWriter,
    max_line: usize,
}

impl EmfSink {
    pub(crate) fn new(writer: SharedWriter, max_line: usize) -> Self {
        Self { writer, max_line }
    }
}

impl MetricsSink for EmfSink {
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        let namespace = blob.namespace().ok_or_else(MetricsError::no_namespace)?;
        // Empty for a thread that is ending, or for a writer that emits: allocate.
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        line.clear();
        emf::write(&mut line, blob, namespace, self.max_line);
        // By one write, so that all of it is there or nothing.
        let written = self.writer.write_line(&line);
        line.shrink_to(KEPT_CAPACITY);
        let _ = LINE.try_with(|kept| kept.set(line));
        written.map_err(MetricsError::sink)
    }
}
