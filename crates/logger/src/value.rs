//! Values of any `Serialize` as fields of an event.
//!
//! `tracing` knows numbers, booleans, text and `Debug`. A value that comes as one of the
//! helpers' `Debug` is written as JSON all the same: the visitor sets a tray out while it
//! formats a field, and a helper that finds one puts its JSON there instead of text. A
//! text cannot forge that, whatever stands in it.

use std::{
    cell::RefCell,
    fmt, mem,
    sync::{Arc, LazyLock},
};

use serde::Serialize;

use crate::{
    into_pieces::IntoPieces,
    json::{self, Redaction, Rules},
    pieces::Pieces,
    settings::Settings,
    standard,
};

/// A value as a field: `?json(&order)`. The line holds it as JSON; for other subscribers
/// it is JSON text.
///
/// Names on the [redaction list](crate::LoggerBuilder::redact) are hidden. A value that
/// cannot be serialized shows as a mark that says so, never as the error's text.
///
/// ```
/// use powertools_logger::json;
///
/// #[derive(serde::Serialize)]
/// struct Order {
///     id: u32,
/// }
///
/// tracing::info!(order = ?json(&Order { id: 7 }), "received"); // … "order":{"id":7} …
/// ```
pub fn json<T: Serialize + ?Sized>(value: &T) -> Json<'_, T> {
    Json(value)
}

/// The members of a struct or a map as fields of their own: `?fields(&order)`. The name
/// that the field itself has does not matter.
///
/// One that is null hides the appended key of its name for this line. Those named `level`,
/// `location`, `timestamp` or `message` are dropped.
///
/// ```
/// use powertools_logger::fields;
///
/// #[derive(serde::Serialize)]
/// struct Order {
///     id: u32,
///     items: u32,
/// }
///
/// let order = Order { id: 7, items: 2 };
/// tracing::info!(order = ?fields(&order), "received"); // … "id":7,"items":2 …
/// ```
pub fn fields<T: Serialize + ?Sized>(value: &T) -> Fields<'_, T> {
    Fields(value)
}

/// See [`json`].
#[derive(Clone, Copy)]
pub struct Json<'a, T: ?Sized>(&'a T);

/// See [`fields`].
#[derive(Clone, Copy)]
pub struct Fields<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> fmt::Debug for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let put = put(|json, _, settings| {
            json::serialize(json, self.0, &settings.rules);
            Found::Json
        });
        if put { Ok(()) } else { text(self.0, f) }
    }
}

impl<T: Serialize + ?Sized> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl<T: Serialize + ?Sized> fmt::Debug for Fields<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let put = put(|json, pieces, settings| {
            let mut members = IntoPieces {
                pieces,
                rules: &settings.rules,
                order: 0,
                max_bytes: settings.max_line_bytes,
                refused: standard::is_reserved_field,
                refusals: 0,
                members: 0,
                is_cut: false,
            };
            match json::members(self.0, &settings.rules, &mut members) {
                Ok(()) => Found::Fields,
                // A number or a list: a field of its own.
                Err(_) => {
                    pieces.clear();
                    json::serialize(json, self.0, &settings.rules);
                    Found::Json
                }
            }
        });
        if put { Ok(()) } else { text(self.0, f) }
    }
}

impl<T: Serialize + ?Sized> fmt::Display for Fields<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// For those that do not read JSON, or get it in the middle of a text.
fn text(value: &(impl Serialize + ?Sized), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let settings = TRAY.try_with(|tray| tray.try_borrow().ok()?.mode.settings().cloned());
    let settings = settings.ok().flatten();
    let rules = settings
        .as_ref()
        .map_or(&*RULES, |settings| &settings.rules);
    let mut json = Vec::new();
    json::serialize(&mut json, value, rules);
    f.write_str(&String::from_utf8_lossy(&json))
}

/// For text that is not of a line of ours.
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(Redaction::default(), 64 * 1024));

thread_local! {
    static TRAY: RefCell<Tray> = RefCell::default();
}

/// Where a helper puts its JSON.
#[derive(Default)]
struct Tray {
    mode: Mode,
    found: Option<Found>,
    json: Vec<u8>,
    pieces: Pieces,
}

/// What a helper finds.
#[derive(Default)]
enum Mode {
    /// Nobody of ours.
    #[default]
    Off,
    /// A tray that is set out, for the logger with these settings.
    Open(Arc<Settings>),
    /// A text in a line of this logger's.
    Text(Arc<Settings>),
}

impl Mode {
    fn settings(&self) -> Option<&Arc<Settings>> {
        match self {
            Self::Off => None,
            Self::Open(settings) | Self::Text(settings) => Some(settings),
        }
    }
}

/// What was put on the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Json,
    Fields,
}

/// What a field turned out to be.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    /// What its `Debug` has written.
    Text,
    /// This JSON instead, of a helper that was all of the field.
    Json(&'a [u8]),
    Fields(&'a Pieces),
    /// A helper stood within a text. It has to be formatted again, as text.
    Mixed,
}

/// Formats a field with the tray set out; `format` tells whether it has written text.
/// Then `take` learns what the field is.
pub(crate) fn with_tray(
    settings: &Arc<Settings>,
    format: impl FnOnce() -> bool,
    take: impl FnOnce(Value<'_>),
) {
    let outer = Outer::replaced_by(Mode::Open(Arc::clone(settings)));
    let has_text = format();
    let taken = TRAY.try_with(|tray| {
        let mut tray = tray.try_borrow_mut().ok()?;
        let found = tray.found.take()?;
        let (json, pieces) = (mem::take(&mut tray.json), mem::take(&mut tray.pieces));
        Some((found, json, pieces))
    });
    drop(outer);
    match taken.ok().flatten() {
        None => take(Value::Text),
        Some(_) if has_text => take(Value::Mixed),
        Some((Found::Json, json, pieces)) => {
            take(Value::Json(&json));
            give_back(json, pieces);
        }
        Some((Found::Fields, json, pieces)) => {
            take(Value::Fields(&pieces));
            give_back(json, pieces);
        }
    }
}

/// Formats with no tray set out: helpers write text, by the rules of this logger.
pub(crate) fn without_tray(settings: &Arc<Settings>, format: impl FnOnce()) {
    let _outer = Outer::replaced_by(Mode::Text(Arc::clone(settings)));
    format();
}

/// The tray as it was before: a field whose formatting logs sets out a tray within
/// another. It comes back also after a panic, and what that has left is gone.
#[derive(Default)]
struct Outer {
    mode: Mode,
    /// With something on it.
    full: Option<Box<Tray>>,
}

impl Outer {
    /// Sets an empty tray out, or none.
    fn replaced_by(mode: Mode) -> Self {
        TRAY.try_with(|tray| {
            let mut tray = tray.try_borrow_mut().ok()?;
            let full = tray.found.is_some();
            Some(Self {
                full: full.then(|| Box::new(mem::take(&mut *tray))),
                mode: mem::replace(&mut tray.mode, mode),
            })
        })
        .ok()
        .flatten()
        .unwrap_or_default()
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        let _ = TRAY.try_with(|tray| {
            let Ok(mut tray) = tray.try_borrow_mut() else {
                return;
            };
            match self.full.take() {
                Some(full) => *tray = *full,
                None => {
                    tray.found = None;
                    tray.json.clear();
                    tray.pieces.clear();
                    tray.mode = mem::take(&mut self.mode);
                }
            }
        });
    }
}

/// The capacity is kept, no value is.
fn give_back(mut json: Vec<u8>, mut pieces: Pieces) {
    const KEPT: usize = 16 * 1024;
    json.clear();
    json.shrink_to(KEPT);
    pieces.clear();
    pieces.shrink_to(KEPT);
    let _ = TRAY.try_with(|tray| {
        if let Ok(mut tray) = tray.try_borrow_mut()
            && tray.found.is_none()
        {
            tray.json = json;
            tray.pieces = pieces;
        }
    });
}

/// Puts something on the tray, if one is set out and empty. The tray itself is left alone
/// in the meantime: the value's own code may format helpers, and log.
fn put(fill: impl FnOnce(&mut Vec<u8>, &mut Pieces, &Settings) -> Found) -> bool {
    let taken = TRAY.try_with(|tray| {
        let mut tray = tray.try_borrow_mut().ok()?;
        let Mode::Open(settings) = &tray.mode else {
            return None;
        };
        let settings = Arc::clone(settings);
        // Another helper, beside this or within it, makes the field a text.
        tray.mode = Mode::Text(Arc::clone(&settings));
        let (json, pieces) = (mem::take(&mut tray.json), mem::take(&mut tray.pieces));
        Some((settings, json, pieces))
    });
    let Some((settings, mut json, mut pieces)) = taken.ok().flatten() else {
        return false;
    };
    let found = fill(&mut json, &mut pieces, &settings);
    let _ = TRAY.try_with(|tray| {
        if let Ok(mut tray) = tray.try_borrow_mut() {
            tray.found = Some(found);
            tray.json = json;
            tray.pieces = pieces;
        }
    });
    true
}
