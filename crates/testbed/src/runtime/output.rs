use std::{
    fmt,
    io::{self, BufRead, BufReader, PipeReader, PipeWriter},
    sync::Arc,
    thread,
};

use tokio::sync::watch;

/// What the processes of a function have written, line by line.
///
/// Clones are the same output.
#[derive(Clone)]
pub struct Output {
    lines: Arc<watch::Sender<Vec<Line>>>,
}

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A line that a function wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    stream: Stream,
    text: String,
}

impl Line {
    /// Where it was written.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Without the end of the line; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            lines: Arc::new(watch::Sender::new(Vec::new())),
        }
    }

    /// What was written so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.borrow().clone()
    }

    /// What was written to one of them so far.
    #[must_use]
    pub fn text(&self, stream: Stream) -> Vec<String> {
        let lines = self.lines.borrow();
        let of_stream = lines.iter().filter(|line| line.stream == stream);
        of_stream.map(|line| line.text.clone()).collect()
    }

    /// Waits for a line, also one that is there already.
    pub async fn wait_for(&self, wanted: impl Fn(&Line) -> bool) -> Line {
        let find = |lines: &[Line]| lines.iter().find(|line| wanted(line)).cloned();
        let mut written = self.lines.subscribe();
        let lines = written.wait_for(|lines| find(lines).is_some()).await;
        // The sender is ours.
        let found = lines.ok().and_then(|lines| find(&lines));
        found.expect("it was there a moment ago")
    }

    /// Waits for a line that contains this text.
    pub async fn wait_for_text(&self, text: &str) -> Line {
        self.wait_for(|line| line.text.contains(text)).await
    }

    /// The end of a pipe whose lines come here. A thread reads it, because a process must
    /// not stand still when nobody polls; it ends with the last process that has the pipe.
    pub(super) fn pipe(&self, stream: Stream) -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        let lines = Arc::clone(&self.lines);
        thread::Builder::new()
            .name("function-output".to_owned())
            .spawn(move || read(reader, stream, &lines))?;
        Ok(writer)
    }
}

fn read(reader: PipeReader, stream: Stream, lines: &watch::Sender<Vec<Line>>) {
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
        let end = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let text = String::from_utf8_lossy(end).into_owned();
        lines.send_modify(|lines| lines.push(Line { stream, text }));
        bytes.clear();
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines.borrow().iter()).finish()
    }
}
