//! What the code of a handler says to the logger of its invocation.

use std::sync::{Arc, LazyLock};

use powertools_core::Invocation;
use serde::{Serialize, Serializer, ser::SerializeMap};
use tracing::dispatcher;

use crate::{
    into_pieces::IntoPieces,
    json::{self, Redaction, Rules},
    pieces::Pieces,
    scope::next_order,
    settings::{Limits, Settings, Warning},
    standard::{self, Standard},
    state::State,
    subscriber::JsonLines,
    write::{Desk, Desktop, Owner},
};

/// For keys that are set where no logger is installed.
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(Redaction::default(), 64 * 1024));

/// Adds keys, the members of a struct or a map, to the lines of this invocation, from now
/// to its end. One that is set again keeps its place; one that is null is hidden.
///
/// Keys named `level`, `location`, `message` or `timestamp` are dropped with a warning,
/// unless they are null, which switches them off. Outside of an invocation, and where no
/// logger is installed, nothing happens: use [`LoggerBuilder::keys`] for keys of every
/// line.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Order {
///     order_id: String,
///     items: usize,
/// }
///
/// # fn handle(order: &Order) {
/// powertools_logger::append_keys(order);
/// tracing::info!("received"); // … "order_id":"7","items":2 …
/// # }
/// ```
///
/// [`LoggerBuilder::keys`]: crate::LoggerBuilder::keys
pub fn append_keys(keys: &(impl Serialize + ?Sized)) {
    in_invocation(|invocation, state| {
        // Before the lock: a value's own code may log.
        let keys = rendered(keys, next_order());
        state.keyed(invocation).keys.overlay(&keys);
    });
}

/// Adds one key. See [`append_keys`].
pub fn append_key(name: &str, value: &(impl Serialize + ?Sized)) {
    in_invocation(|invocation, state| {
        let keys = rendered(&One(name, value), next_order());
        state.keyed(invocation).keys.overlay(&keys);
    });
}

/// Takes keys away from the lines of this invocation. Those that every line has, such as
/// `location`, may be among them; a `message` moves to the end.
pub fn remove_keys<'a>(names: impl IntoIterator<Item = &'a str>) {
    // Before the lock: the iterator may log.
    let names: Vec<&str> = names.into_iter().collect();
    in_invocation(|invocation, state| {
        let mut data = state.keyed(invocation);
        for name in names {
            if Standard::of(name).is_some() {
                data.keys
                    .set(name, &RULES, |out| out.extend_from_slice(b"null"));
            } else {
                data.keys.remove(name);
            }
        }
    });
}

/// Takes all appended keys away, with the correlation id, and shows again what was
/// removed. The keys of the logger and of the invocation stay.
pub fn clear_state() {
    in_invocation(|_, state| state.clear());
}

/// Sets the key `correlation_id`.
pub fn set_correlation_id(id: &str) {
    append_key("correlation_id", id);
}

/// The correlation id of this invocation. One that is not text is given as JSON.
#[must_use]
pub fn correlation_id() -> Option<String> {
    in_invocation(|invocation, state| {
        let data = state.keyed(invocation);
        let id = data.keys.get(b"correlation_id")?;
        if id.is_null() {
            return None;
        }
        let text = serde_json::from_slice(id.value()).ok();
        text.or_else(|| String::from_utf8(id.value().to_vec()).ok())
    })
    .flatten()
}

/// Adds to a counter of this invocation, which its
/// [canonical line](crate::LoggerBuilder::canonical_line) shows under this name.
///
/// A counter named like a key of every line, `outcome` or `duration_ms` is dropped with a
/// warning, and so are counters beyond a thousand.
pub fn count(name: &str, by: i64) {
    const MOST: usize = 1000;
    in_invocation(|_, state| {
        let mut data = state.data();
        let is_free = Standard::of(name).is_none() && !matches!(name, "outcome" | "duration_ms");
        if let Some((_, count)) = data.counters.iter_mut().find(|(known, _)| known == name) {
            *count = count.saturating_add(by);
        } else if is_free && data.counters.len() < MOST {
            data.counters.push((name.to_owned(), by));
        } else {
            drop(data);
            state.settings().warn_once(
                Warning::Counter,
                "a counter has the name of one of the line's own keys, or there are too many; \
                 it is dropped",
            );
        }
    });
}

/// Writes the lines that this invocation has held back. See
/// [`LogBuffer`](crate::LogBuffer).
pub fn flush_buffer() {
    in_invocation(|invocation, state| {
        let desktop = Desktop {
            settings: state.settings(),
            owner: Owner::Invocation(invocation, state),
        };
        Desk::with(|desk| desktop.flush(desk));
    });
}

/// Throws the lines away that this invocation has held back.
pub fn clear_buffer() {
    in_invocation(|_, state| state.data().buffer.clear());
}

/// Draws anew whether this invocation is sampled.
pub fn refresh_sampling() {
    in_invocation(|invocation, state| state.draw(invocation));
}

/// A map of one member.
struct One<'a, T: ?Sized>(&'a str, &'a T);

impl<T: Serialize + ?Sized> Serialize for One<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, self.1)?;
        map.end()
    }
}

/// Runs with the state of the invocation. It is begun if the thread's subscriber has a
/// logger.
fn in_invocation<T>(run: impl FnOnce(&Invocation, &State) -> T) -> Option<T> {
    let invocation = Invocation::try_current()?;
    if let Some(state) = State::of(&invocation) {
        return Some(run(&invocation, state));
    }
    let settings = installed()?;
    State::begin(&invocation, &settings).map(|state| run(&invocation, state))
}

/// The settings of the logger that this thread's events go to.
fn installed() -> Option<Arc<Settings>> {
    dispatcher::get_default(|dispatch| {
        dispatch
            .downcast_ref::<JsonLines>()
            .map(|lines| Arc::clone(lines.settings()))
    })
}

/// The members of a value as keys.
pub(crate) fn rendered(keys: &(impl Serialize + ?Sized), order: u32) -> Pieces {
    let settings = Invocation::try_current()
        .and_then(|invocation| Some(Arc::clone(State::of(&invocation)?.settings())))
        .or_else(installed);
    let rules = settings
        .as_ref()
        .map_or(&*RULES, |settings| &settings.rules);
    let mut pieces = Pieces::default();
    let mut members = IntoPieces {
        pieces: &mut pieces,
        rules,
        order,
        max_bytes: settings
            .as_ref()
            .map_or(Limits::default().line, |settings| settings.max_line_bytes),
        refused: standard::is_reserved_key,
        refusals: 0,
        members: 0,
        is_cut: false,
    };
    let taken = json::members(keys, rules, &mut members);
    let refusals = members.refusals;
    if taken.is_err() {
        // Those before the one that failed.
        pieces.clear();
    }
    if let Some(settings) = settings {
        if taken.is_err() {
            settings.warn_once(
                Warning::NoMembers,
                "keys must be a struct or a map that can be serialized; they are dropped",
            );
        }
        if refusals > 0 {
            settings.warn_once(
                Warning::ReservedKey,
                "keys named level, location, message and timestamp are the logger's own; they \
                 are dropped",
            );
        }
    }
    pieces
}
