use std::{
    fmt,
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
        let torn = false;
        Self(Arc::new(Mutex::new(Lines { writer, torn })))
    }

    /// Writes one line, or several, which must end with `\n`.
    ///
    /// After a line of which only a part was written the next one begins on a line of its own.
    ///
    /// # Errors
    ///
    /// What the writer returns, unless it has taken all of the line: what it says while it is
    /// flushed does not count, since a line that is repeated then would be there twice.
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

// Process-wide, as the standard output is: whether it ends within a line.
static TORN: AtomicBool = AtomicBool::new(false);

struct Stdout;

impl WriteLine for Stdout {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let mut torn = TORN.load(Ordering::Relaxed);
        let written = write_out(&mut stdout, line, &mut torn);
        TORN.store(torn, Ordering::Relaxed);
        written
    }
}

struct Lines<W> {
    writer: W,
    torn: bool,
}

impl<W: Write + Send> WriteLine for Mutex<Lines<W>> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        // A writer that panicked once may still take the next line.
        let mut lines = self.lock().unwrap_or_else(PoisonError::into_inner);
        let Lines { writer, torn } = &mut *lines;
        write_out(writer, line, torn)
    }
}

/// Writes a line, and has the writer keep nothing of it.
fn write_out(writer: &mut impl Write, line: &[u8], torn: &mut bool) -> io::Result<()> {
    write_whole(writer, line, torn)?;
    // Line buffered, as the standard output is, a whole line passes straight through; but what
    // the system does not take at once stays in the buffer.
    let _ = writer.flush();
    Ok(())
}

/// As `write_all`, and tells in `torn` whether the output ends within a line.
fn write_whole(writer: &mut impl Write, line: &[u8], torn: &mut bool) -> io::Result<()> {
    if *torn {
        writer.write_all(b"\n")?;
        *torn = false;
    }
    let mut rest = line;
    while !rest.is_empty() {
        match writer.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                rest = rest.get(written..).unwrap_or_default();
                *torn = !rest.is_empty() && !line[..line.len() - rest.len()].ends_with(b"\n");
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, and fails when it is told.
    #[derive(Clone, Default)]
    struct Slow {
        written: Arc<Mutex<Vec<u8>>>,
        room: Arc<Mutex<usize>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut room = self.room.lock().unwrap();
            if *room == 0 {
                return Err(io::Error::other("no room"));
            }
            let taken = bytes.len().min(3).min(*room);
            *room -= taken;
            self.written
                .lock()
                .unwrap()
                .extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::Error::other("never flushed"))
        }
    }

    #[test]
    fn a_line_that_was_taken_is_written_whatever_the_flush_says() {
        let slow = Slow::default();
        *slow.room.lock().unwrap() = 100;
        let writer = SharedWriter::new(slow.clone());
        writer.write_line(b"whole line\n").unwrap();
        assert_eq!(*slow.written.lock().unwrap(), b"whole line\n");
    }

    #[test]
    fn a_line_after_a_torn_one_stands_alone() {
        let slow = Slow::default();
        let writer = SharedWriter::new(slow.clone());
        *slow.room.lock().unwrap() = 4;
        assert!(writer.write_line(b"first\n").is_err());
        assert!(writer.write_line(b"second\n").is_err());
        *slow.room.lock().unwrap() = 100;
        writer.write_line(b"third\n").unwrap();
        writer.write_line(b"fourth\n").unwrap();
        let written = slow.written.lock().unwrap();
        assert_eq!(String::from_utf8_lossy(&written), "firs\nthird\nfourth\n");
    }

    #[test]
    fn what_a_buffer_kept_of_a_written_line_goes_out_with_it() {
        let slow = Slow::default();
        *slow.room.lock().unwrap() = 100;
        // As the standard output is: what the system did not take at once waits in its buffer.
        let mut buffered = io::LineWriter::new(slow.clone());
        write_out(&mut buffered, b"whole line\n", &mut false).unwrap();
        assert_eq!(*slow.written.lock().unwrap(), b"whole line\n");
    }

    #[test]
    fn output_that_ends_between_two_lines_is_not_torn() {
        let slow = Slow::default();
        let writer = SharedWriter::new(slow.clone());
        *slow.room.lock().unwrap() = 6;
        assert!(writer.write_line(b"first\nsecond\n").is_err());
        *slow.room.lock().unwrap() = 100;
        writer.write_line(b"third\n").unwrap();
        let written = slow.written.lock().unwrap();
        assert_eq!(String::from_utf8_lossy(&written), "first\nthird\n");
    }
}
