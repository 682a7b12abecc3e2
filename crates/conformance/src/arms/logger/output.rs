//! What the loggers of a case have written, and at which operation.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use powertools_core::SharedWriter;

use crate::json::Json;

/// Where lines of the logger's own come from.
pub(super) const OWN_LOCATION: &str = "powertools_logger";

/// The output of every logger of a case. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Output(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    at: String,
    is_muted: bool,
    pending: Vec<u8>,
    lines: Vec<Line>,
    warned_at: Vec<String>,
}

/// A line as text and as value.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) raw: String,
    pub(super) json: Json,
}

impl Output {
    pub(super) fn writer(&self) -> SharedWriter {
        SharedWriter::new(self.clone())
    }

    /// From now on what is written belongs to this operation.
    pub(super) fn set_at(&self, at: &str) {
        at.clone_into(&mut self.written().at);
    }

    /// Drops what is written while this runs.
    pub(super) fn muted<T>(&self, run: impl FnOnce() -> T) -> T {
        self.written().is_muted = true;
        let done = run();
        self.written().is_muted = false;
        done
    }

    /// All lines but warnings of the logger itself, and the operations that led to those.
    pub(super) fn take(&self) -> (Vec<Line>, Vec<String>) {
        let mut written = self.written();
        (
            mem::take(&mut written.lines),
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

    /// The writer is flushed after each line.
    fn flush(&mut self) -> io::Result<()> {
        let mut written = self.written();
        let pending = mem::take(&mut written.pending);
        if written.is_muted {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&pending);
        let raw = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        // A line that is no JSON is shown as a text, which no expected line is.
        let json = Json::parse(&raw).unwrap_or_else(|_| Json::text(raw.as_str()));
        if is_warning(&json) {
            let at = written.at.clone();
            written.warned_at.push(at);
        } else {
            written.lines.push(Line { raw, json });
        }
        Ok(())
    }
}

fn is_warning(line: &Json) -> bool {
    let is = |name, text| line.get(name).and_then(Json::as_text) == Some(text);
    is("location", OWN_LOCATION) && is("level", "WARN")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(output: &Output, line: &str) {
        output.writer().write_line(line.as_bytes()).unwrap();
    }

    #[test]
    fn warnings_of_the_logger_are_told_by_their_operation() {
        let output = Output::default();
        output.set_at("1.0");
        write(
            &output,
            "{\"level\":\"WARN\",\"location\":\"powertools_logger\"}\n",
        );
        write(
            &output,
            "{\"level\":\"INFO\",\"location\":\"powertools_logger\"}\n",
        );
        write(&output, "{\"level\":\"WARN\",\"location\":\"a:1\"}\n");
        output.muted(|| write(&output, "{}\n"));
        let (lines, warned_at) = output.take();
        assert_eq!(lines.len(), 2);
        assert_eq!(warned_at, ["1.0"]);
        assert!(lines[0].raw.ends_with('}'));
    }

    #[test]
    fn line_that_is_no_json_is_a_text() {
        let output = Output::default();
        write(&output, "oops\n");
        assert_eq!(output.take().0[0].json, Json::text("oops"));
    }
}
