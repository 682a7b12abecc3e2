//! What a layer shares with its handles, for code that is in no invocation.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tracing::warn;

use crate::{MetricsError, collector::Collector, settings::Settings};

/// A layer's settings, and what its handles have recorded outside of any invocation.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    pub(crate) outside: Collector,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        let outside = Collector::new(&settings);
        Self {
            settings: Arc::new(settings),
            outside,
        }
    }

    /// What was recorded outside goes out: Lambda ends a process without a drop.
    pub(crate) fn flush_outside(&self) {
        flush_rest(&self.outside, &self.settings);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.flush_outside();
    }
}

/// Metrics of a handle and its clones alone.
#[derive(Debug)]
pub(crate) struct Ephemeral {
    pub(crate) settings: Arc<Settings>,
    pub(crate) collector: Collector,
}

impl Ephemeral {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        let collector = Collector::new(&settings);
        Self {
            settings,
            collector,
        }
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        flush_rest(&self.collector, &self.settings);
    }
}

fn flush_rest(collector: &Collector, settings: &Settings) {
    if !collector.is_empty()
        && let Err(error) = collector.flush(settings)
    {
        settings.refuse(&error);
    }
}

/// There is no layer to count it.
pub(crate) fn refuse_detached(error: &MetricsError) {
    // Of the process: one warning is enough.
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        warn!(
            target: "powertools::metrics",
            code = error.kind().code(),
            "refused: {error}; further ones are not told"
        );
    }
}
