//! The events of the target `powertools::idempotency`.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

/// The log lines of this thread, until it is dropped.
pub(crate) struct Logs {
    lines: Lines,
    _installed: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

impl Logs {
    pub(crate) fn install() -> Self {
        let lines = Lines::default();
        let subscriber = Registry::default().with(lines.clone());
        Self {
            lines,
            _installed: tracing::subscriber::set_default(subscriber),
        }
    }

    /// All of them, with the text and the `Debug` of each error in the chain.
    pub(crate) fn text(&self) -> String {
        let lines = self.lines.0.lock().unwrap();
        lines.iter().map(|(_, line)| line.as_str()).collect()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let lines = self.lines.0.lock().unwrap();
        let warnings = lines.iter().filter(|(level, _)| *level == Level::WARN);
        warnings.map(|(_, line)| line.clone()).collect()
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != "powertools::idempotency" {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let mut lines = self.0.lock().unwrap();
        lines.push((*event.metadata().level(), line.0));
    }
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        self.record_debug(field, &chain(error));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{}={value:?}\n", field.name()));
    }
}

/// The text and the `Debug` of an error and of all that caused it.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error} {error:?}"));
        source = error.source();
    }
    text
}
