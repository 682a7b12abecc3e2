//! What a layer shares with its handles, for code that is in no invocation.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tracing::warn;

use crate::{MetricsError, collector::Collector, settings::Settings, state::State};

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

    /// What was recorded outside goes out: Lambda ends a process without a drop. Dimensions
    /// stay; what fails stays too, for the next time.
    pub(crate) fn flush_outside(&self) {
        if let Err(error) = self.outside.flush_early(&self.settings) {
            self.settings.tell(&error);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        State::forget(&self.settings);
        end(&self.outside, &self.settings);
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
        end(&self.collector, &self.settings);
    }
}

fn end(collector: &Collector, settings: &Settings) {
    if let Err((error, lost)) = collector.end(settings) {
        settings.lose(&error, lost);
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
