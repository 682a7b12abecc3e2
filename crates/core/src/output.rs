use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Where whole lines are written: log lines and EMF blobs.
///
/// A line goes out by one `write_all` under a lock, so lines of invocations that
/// run at once never mix. Writing is synchronous: a line that was written is not
/// lost when Lambda freezes or kills the process.
#[derive(Clone)]
pub struct SharedWriter(Arc<dyn WriteLine>);

impl SharedWriter {
    /// The standard output, which Lambda sends to CloudWatch Logs.
    #[must_use]
    pub fn stdout() -> Self {
        Self(Arc::new(Stdout))
    }

    /// Any writer. It must not log itself: its own line would wait for it forever.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    /// Writes one line, which must end with `\n`.
    ///
    /// # Errors
    ///
    /// What the writer returns.
    pub fn write_line(&self, line: &[u8]) -> io::Result<()> {
        self.0.write_line(line)
    }
}

impl Default for SharedWriter {
    /// The standard output.
    fn default() -> Self {
        Self::stdout()
    }
}

impl fmt::Debug for SharedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedWriter").finish()
    }
}

trait WriteLine: Send + Sync {
    fn write_line(&self, line: &[u8]) -> io::Result<()>;
}

struct Stdout;

impl WriteLine for Stdout {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        // Line buffered: a whole line passes straight through.
        io::stdout().lock().write_all(line)
    }
}

impl<W: Write + Send> WriteLine for Mutex<W> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        // A writer that panicked once may still take the next line.
        let mut writer = self.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(line)?;
        writer.flush()
    }
}
