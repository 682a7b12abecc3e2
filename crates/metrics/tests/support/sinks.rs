//! Places that do not always take what they are given.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use powertools_core::SharedWriter;
use powertools_metrics::{Blob, MetricsError, MetricsSink, test_util::CapturedMetrics};

/// A writer that fails while it is full.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<AtomicBool>);

impl Disk {
    pub(crate) fn set_full(&self, full: bool) {
        self.0.store(full, Ordering::Relaxed);
    }

    /// Writes there while it has room.
    pub(crate) fn before(&self, writer: SharedWriter) -> SharedWriter {
        SharedWriter::new(OnDisk {
            disk: self.clone(),
            writer,
        })
    }
}

struct OnDisk {
    disk: Disk,
    writer: SharedWriter,
}

impl Write for OnDisk {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.disk.0.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is full"));
        }
        self.writer.write_line(line).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink that fails, or panics, as often as it is told to.
#[derive(Clone, Default)]
pub(crate) struct FailingSink {
    pub(crate) captured: CapturedMetrics,
    passes: Arc<AtomicUsize>,
    fails: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

impl FailingSink {
    pub(crate) fn fail(&self, times: usize) {
        self.fails.store(times, Ordering::Relaxed);
    }

    /// Takes some blobs before it fails.
    pub(crate) fn fail_after(&self, passes: usize, times: usize) {
        self.passes.store(passes, Ordering::Relaxed);
        self.fail(times);
    }

    pub(crate) fn panic(&self, panics: bool) {
        self.panics.store(panics, Ordering::Relaxed);
    }
}

impl MetricsSink for FailingSink {
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        assert!(!self.panics.load(Ordering::Relaxed), "on purpose");
        let take = |left: &AtomicUsize| {
            let less = |left: usize| left.checked_sub(1);
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                .is_ok()
        };
        if !take(&self.passes) && take(&self.fails) {
            return Err(MetricsError::sink("on purpose"));
        }
        self.captured.emit(blob)
    }
}
