//! What the metrics of a case have written and warned of, and at which operation.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use powertools_core::SharedWriter;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

use crate::json::Json;

/// Where warnings of the metrics come from.
const TARGET: &str = "powertools::metrics";

/// The output of every instance of a case. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Output(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    at: String,
    pending: Vec<u8>,
    blobs: Vec<Json>,
    warned_at: Vec<String>,
}

impl Output {
    pub(super) fn writer(&self) -> SharedWriter {
        SharedWriter::new(self.clone())
    }

    /// Hears the warnings.
    pub(super) fn dispatch(&self) -> Dispatch {
        Dispatch::new(Registry::default().with(Warnings(self.clone())))
    }

    /// From now on what is written and warned of belongs to this operation.
    pub(super) fn set_at(&self, at: &str) {
        at.clone_into(&mut self.written().at);
    }

    /// Lines that were not written by themselves.
    pub(super) fn add_lines(&self, lines: &str) {
        // A line that is no JSON is shown as a text, which no expected blob is.
        let read = |line| Json::parse(line).unwrap_or_else(|_| Json::text(line));
        self.written().blobs.extend(lines.lines().map(read));
    }

    /// A warning at this operation.
    pub(super) fn warn(&self) {
        let mut written = self.written();
        let at = written.at.clone();
        written.warned_at.push(at);
    }

    /// All lines as values, and the operations that were warned of.
    pub(super) fn take(&self) -> (Vec<Json>, Vec<String>) {
        let mut written = self.written();
        (
            mem::take(&mut written.blobs),
            mem::take(&mut written.warned_at),
        )
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written().pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// The writer is flushed after each line, or after several that are written at once.
    fn flush(&mut self) -> io::Result<()> {
        let pending = mem::take(&mut self.written().pending);
        self.add_lines(&String::from_utf8_lossy(&pending));
        Ok(())
    }
}

struct Warnings(Output);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() == TARGET && *metadata.level() == Level::WARN {
            self.0.warn();
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::{dispatcher, info, warn};

    use super::*;

    #[test]
    fn warnings_of_the_metrics_are_told_by_their_operation() {
        let output = Output::default();
        output.set_at("1.0");
        dispatcher::with_default(&output.dispatch(), || {
            warn!(target: "powertools::metrics", "w");
            info!(target: "powertools::metrics", "i");
            warn!("of another");
        });
        assert_eq!(output.take().1, ["1.0"]);
    }

    #[test]
    fn several_lines_of_one_write_are_several_values() {
        let output = Output::default();
        output.writer().write_line(b"{\"a\":1}\noops\n").unwrap();
        let expected = [Json::parse(r#"{"a":1}"#).unwrap(), Json::text("oops")];
        assert_eq!(output.take().0, expected);
    }
}
