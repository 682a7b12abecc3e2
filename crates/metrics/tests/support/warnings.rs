//! The events of the target `powertools::metrics`.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use powertools_core::Invocation;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

/// The warnings of this thread, until it is dropped.
pub(crate) struct Warnings {
    captured: Captured,
    _installed: DefaultGuard,
}

/// One warning: its fields, the message among them.
pub(crate) type Warning = BTreeMap<String, String>;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<Warning>>>);

impl Warnings {
    pub(crate) fn install() -> Self {
        let captured = Captured::default();
        let subscriber = Registry::default().with(captured.clone());
        Self {
            captured,
            _installed: tracing::subscriber::set_default(subscriber),
        }
    }

    pub(crate) fn all(&self) -> Vec<Warning> {
        self.captured.0.lock().unwrap().clone()
    }

    /// The codes, in their order.
    pub(crate) fn codes(&self) -> Vec<String> {
        let code = |warning: &Warning| warning["code"].clone();
        self.all().iter().map(code).collect()
    }

    /// The only warning.
    pub(crate) fn only(&self) -> Warning {
        let [warning] = self
            .all()
            .try_into()
            .unwrap_or_else(|all| panic!("{all:#?}"));
        warning
    }
}

impl<S: Subscriber> Layer<S> for Captured {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != "powertools::metrics" {
            return;
        }
        assert_eq!(*event.metadata().level(), Level::WARN);
        let mut fields = Fields::default();
        event.record(&mut fields);
        let invocation = Invocation::try_current();
        if let Some(id) = invocation.as_ref().and_then(Invocation::request_id) {
            fields.0.insert("of".to_owned(), id.to_owned());
        }
        self.0.lock().unwrap().push(fields.0);
    }
}

#[derive(Default)]
struct Fields(Warning);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
