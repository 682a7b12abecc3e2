use tracing::{Level, level_filters::LevelFilter};

use crate::LoggerConfigError;

/// Lines of low levels are held back, and shown only when something goes wrong.
///
/// Each invocation has a buffer of its own. It is written, oldest line first, before a
/// line at ERROR, when the handler fails or panics, and shortly before the time-out. At
/// the end of the invocation what is left is thrown away. Outside of an invocation
/// nothing is held back.
///
/// Held lines do not depend on the logger's level. They have their own fields and
/// timestamp, and the appended keys of the moment at which they are written. The warning
/// before a time-out and the canonical line are never held.
///
/// ```
/// use powertools_logger::{LogBuffer, LoggerLayer};
///
/// let logger = LoggerLayer::builder().buffer(LogBuffer::new().max_bytes(64 * 1024)).build()?;
/// # let _ = logger;
/// # Ok::<(), powertools_logger::LoggerConfigError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct LogBuffer {
    max_bytes: usize,
    verbosity: Level,
    flush_on_error_log: bool,
    flush_on_uncaught_error: bool,
}

impl LogBuffer {
    /// Lines at DEBUG, up to 20 KiB for an invocation.
    pub fn new() -> Self {
        Self {
            max_bytes: 20_480,
            verbosity: Level::DEBUG,
            flush_on_error_log: true,
            flush_on_uncaught_error: true,
        }
    }

    /// The size for one invocation. The oldest lines go for new ones, and a warning says
    /// so when the rest is written. A line larger than all of it is written at once.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The highest level that is held back: DEBUG, INFO or WARN. Lines at TRACE are held
    /// back only if the logger's level would write them.
    pub fn verbosity(mut self, level: Level) -> Self {
        self.verbosity = level;
        self
    }

    /// Whether a line at ERROR writes the buffer first. Default: yes.
    pub fn flush_on_error_log(mut self, on: bool) -> Self {
        self.flush_on_error_log = on;
        self
    }

    /// Whether the buffer is written when the handler fails, panics, or is about to run
    /// out of time. Default: yes.
    pub fn flush_on_uncaught_error(mut self, on: bool) -> Self {
        self.flush_on_uncaught_error = on;
        self
    }

    pub(crate) fn check(&self) -> Result<(), LoggerConfigError> {
        if self.max_bytes == 0 {
            return Err(LoggerConfigError::buffer_size());
        }
        match self.verbosity {
            Level::DEBUG | Level::INFO | Level::WARN => Ok(()),
            _ => Err(LoggerConfigError::buffer_level()),
        }
    }

    /// Whether lines of this level are held back; `shown` is the level that holds.
    pub(crate) fn holds(&self, level: Level, shown: LevelFilter) -> bool {
        level >= self.verbosity && (level <= Level::DEBUG || level <= shown)
    }

    pub(crate) fn size(&self) -> usize {
        self.max_bytes
    }

    pub(crate) fn flushes_on_error_log(&self) -> bool {
        self.flush_on_error_log
    }

    pub(crate) fn flushes_on_uncaught_error(&self) -> bool {
        self.flush_on_uncaught_error
    }

    /// The least verbose threshold that lets every held line through.
    pub(crate) fn verbosity_filter(&self) -> LevelFilter {
        LevelFilter::from_level(self.verbosity)
    }
}

impl Default for LogBuffer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_at_and_below_the_verbosity_are_held() {
        let buffer = LogBuffer::new().verbosity(Level::INFO);
        for (level, held) in [
            (Level::ERROR, false),
            (Level::WARN, false),
            (Level::INFO, true),
            (Level::DEBUG, true),
            (Level::TRACE, false),
        ] {
            assert_eq!(buffer.holds(level, LevelFilter::ERROR), held, "{level}");
        }
        assert!(buffer.holds(Level::TRACE, LevelFilter::TRACE));
    }

    #[test]
    fn errors_and_traces_cannot_be_the_verbosity_and_a_buffer_has_a_size() {
        for level in [Level::ERROR, Level::TRACE] {
            assert!(LogBuffer::new().verbosity(level).check().is_err());
        }
        assert!(LogBuffer::new().max_bytes(0).check().is_err());
        assert!(LogBuffer::new().max_bytes(1).check().is_ok());
    }
}
