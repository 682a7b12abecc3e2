//! Values of any `Serialize` as fields of an event.
//!
//! `tracing` knows numbers, booleans, text and `Debug`. A value that comes as one of the
//! helpers' `Debug` is written as JSON all the same: the visitor sets a tray out while it
//! formats a field, and a helper that finds one puts its JSON there instead of text. A
//! text cannot forge that, whatever stands in it.

use std::{cell::RefCell, fmt, sync::Arc};

use serde::Serialize;

use crate::{
    json::{self, Redaction, Rules},
    pieces::{IntoPieces, Pieces},
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
        let put = put(|tray, settings| {
            json::serialize(&mut tray.json, self.0, &settings.rules);
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
        let put = put(|tray, settings| {
            let mut members = IntoPieces {
                pieces: &mut tray.pieces,
                rules: &settings.rules,
                order: 0,
                refused: standard::is_reserved_field,
                refusals: 0,
            };
            match json::members(self.0, &settings.rules, &mut members) {
                Ok(()) => Found::Fields,
                // A number or a list: a field of its own.
                Err(_) => {
                    json::serialize(&mut tray.json, self.0, &settings.rules);
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
    const MAX: usize = 64 * 1024;
    let mut json = Vec::new();
    json::serialize(&mut json, value, &Rules::new(Redaction::default(), MAX));
    f.write_str(&String::from_utf8_lossy(&json))
}

thread_local! {
    static TRAY: RefCell<Tray> = RefCell::default();
}

/// Where a helper puts its JSON.
#[derive(Default)]
struct Tray {
    /// Set out, for the logger with these settings.
    open: Option<Arc<Settings>>,
    found: Option<Found>,
    json: Vec<u8>,
    pieces: Pieces,
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
    /// A helper stood within a text. It has to be formatted again, without a tray.
    Mixed,
}

/// Formats a field with the tray set out; `format` tells whether it has written text.
/// Then `take` learns what the field is.
pub(crate) fn with_tray(
    settings: &Arc<Settings>,
    format: impl FnOnce() -> bool,
    take: impl FnOnce(Value<'_>),
) {
    let outer = Outer::replaced_by(Some(Arc::clone(settings)));
    let has_text = format();
    let taken = TRAY.try_with(|tray| {
        let mut tray = tray.try_borrow_mut().ok()?;
        let found = tray.found.take()?;
        let (json, pieces) = (
            std::mem::take(&mut tray.json),
            std::mem::take(&mut tray.pieces),
        );
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

/// Formats with no tray set out: helpers write text.
pub(crate) fn without_tray(format: impl FnOnce()) {
    let _outer = Outer::replaced_by(None);
    format();
}

/// The tray as it was before: a field whose formatting logs sets out a tray within
/// another. It comes back also after a panic, and what that has left is gone.
#[derive(Default)]
struct Outer {
    open: Option<Arc<Settings>>,
    /// With something on it.
    full: Option<Box<Tray>>,
}

impl Outer {
    /// Sets an empty tray out, or none.
    fn replaced_by(open: Option<Arc<Settings>>) -> Self {
        TRAY.try_with(|tray| {
            let mut tray = tray.try_borrow_mut().ok()?;
            let full = tray.found.is_some();
            Some(Self {
                full: full.then(|| Box::new(std::mem::take(&mut *tray))),
                open: std::mem::replace(&mut tray.open, open),
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
                    tray.open = self.open.take();
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

/// Puts something on the tray, if one is set out and empty.
fn put(fill: impl FnOnce(&mut Tray, &Settings) -> Found) -> bool {
    TRAY.try_with(|tray| {
        let Ok(mut tray) = tray.try_borrow_mut() else {
            return false;
        };
        if tray.found.is_some() {
            return false;
        }
        let Some(settings) = tray.open.take() else {
            return false;
        };
        let found = fill(&mut tray, &settings);
        tray.found = Some(found);
        true
    })
    .unwrap_or_default()
}
