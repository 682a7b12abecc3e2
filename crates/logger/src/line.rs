//! One line: which keys, in which order.
//!
//! The order is that of the Python library: level, location, message, timestamp,
//! service, sampling rate, the keys of logger and invocation, the event's own fields,
//! the error, and the trace id last. A key that has a place keeps it when something with
//! its name overwrites it: a field wins over a key, a key over what is built in.

use crate::{
    entry::Entry,
    level,
    out::Out,
    pieces::{Piece, Pieces},
    settings::Settings,
    standard::{self, Standard},
    timestamp::Clockface,
};

/// At least what the names and the punctuation of the standard keys take, and the
/// sampling rate.
const NAMES: usize = 128;

/// What a line is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) entry: &'a Entry,
    /// Of the logger, the invocation and the scopes, in this order.
    pub(crate) keys: &'a Pieces,
    /// JSON.
    pub(crate) trace_id: Option<&'a [u8]>,
}

impl Line<'_> {
    pub(crate) fn write(&self, out: &mut Out, clockface: &mut Clockface) {
        let lists = self.settings.formatter.is_some();
        out.begin(self.settings.max_line_bytes, lists);
        if self.write_plain(out, clockface) {
            return;
        }
        out.list();
        let order = self.settings.order.as_slice();
        for name in order {
            match Standard::of(name) {
                Some(standard) => self.write_standard(standard, out, clockface),
                None => self.write_found(name, out),
            }
        }
        for standard in Standard::LEADING {
            if !order.iter().any(|name| name == standard.name()) {
                self.write_standard(standard, out, clockface);
            }
        }
        self.write_keys(out);
        self.write_fields(out);
        if self.hides(Standard::Message) == Hidden::Moved {
            self.write_message(out);
        }
        self.write_error(out);
        if !order.iter().any(|name| name == Standard::TraceId.name()) {
            self.write_standard(Standard::TraceId, out, clockface);
        }
        out.finish();
    }

    /// Writes a line in which no name meets another, as nearly all are: then keys and
    /// fields are two blocks.
    fn write_plain(&self, out: &mut Out, clockface: &mut Clockface) -> bool {
        let Self {
            settings,
            entry,
            keys,
            trace_id,
        } = *self;
        let (Some(keys), Some(fields)) = (keys.block(), entry.fields.block()) else {
            return false;
        };
        let size = keys.len() + entry.size() + settings.service.len() + NAMES;
        if !settings.order.is_empty()
            || !entry.error.is_empty()
            || !out.fits(size)
            || self.keys.meets(&entry.fields)
        {
            return false;
        }
        for standard in Standard::LEADING {
            self.write_builtin(standard, out, clockface);
        }
        out.block(keys);
        out.block(fields);
        if trace_id.is_some() {
            self.write_builtin(Standard::TraceId, out, clockface);
        }
        out.finish();
        true
    }

    /// Writes a standard key of which nobody has said anything.
    fn write_builtin(&self, standard: Standard, out: &mut Out, clockface: &mut Clockface) {
        let name = standard.name();
        match standard {
            Standard::Level => {
                let word = level::json(self.entry.level);
                out.member(name, |bytes| bytes.extend_from_slice(word.as_bytes()));
            }
            Standard::Location => {
                if !self.entry.location.is_empty() {
                    out.value(name.as_bytes(), &self.entry.location);
                }
            }
            Standard::Message => self.write_message(out),
            Standard::Timestamp => {
                out.member(name, |bytes| clockface.write(bytes, self.entry.time));
            }
            Standard::Service => out.value(name.as_bytes(), &self.settings.service),
            Standard::SamplingRate => {
                if let Some(sampling) = &self.settings.sampling {
                    out.value(name.as_bytes(), sampling.json());
                }
            }
            Standard::TraceId => {
                if let Some(id) = self.trace_id {
                    out.kept_value(name.as_bytes(), id);
                }
            }
        }
    }

    fn write_standard(&self, standard: Standard, out: &mut Out, clockface: &mut Clockface) {
        let is_overridable = match standard {
            Standard::Level | Standard::Location | Standard::Message | Standard::Timestamp => false,
            Standard::Service | Standard::SamplingRate => true,
            // What is known is not for a key to change; null switches it off.
            Standard::TraceId => self.trace_id.is_none(),
        };
        match self.find(standard.name().as_bytes()) {
            Some(piece) if is_overridable => write_unless_null(piece, out),
            _ if self.hides(standard) == Hidden::No => {
                self.write_builtin(standard, out, clockface);
            }
            _ => {}
        }
    }

    fn write_message(&self, out: &mut Out) {
        let message = &self.entry.message;
        if !message.is_empty() && message != b"null" {
            out.value(Standard::Message.name().as_bytes(), message);
        }
    }

    /// The invocation's keys, each with the field's value if there is one of its name.
    fn write_keys(&self, out: &mut Out) {
        for key in self.keys.iter() {
            let name = key.name();
            if !self.has_place(name) && !self.is_of_error(name) {
                let field = self.entry.fields.get(name);
                write_unless_null(field.unwrap_or(key), out);
            }
        }
    }

    /// The fields that have no place yet.
    fn write_fields(&self, out: &mut Out) {
        for field in self.entry.fields.iter() {
            let name = field.name();
            if !self.has_place(name) && !self.is_of_error(name) && !self.keys.contains(name) {
                write_unless_null(field, out);
            }
        }
    }

    /// What the error says, where the user does not say it otherwise.
    fn write_error(&self, out: &mut Out) {
        for piece in self.entry.error.iter() {
            let name = piece.name();
            let is_said = self.entry.fields.contains(name) || self.keys.contains(name);
            if !self.has_place(name) && (self.is_of_error(name) || !is_said) {
                out.piece(piece);
            }
        }
    }

    /// Whether the error alone says this: a stack trace of the user's would be another's.
    fn is_of_error(&self, name: &[u8]) -> bool {
        name == standard::STACK_TRACE && self.entry.error.contains(name)
    }

    /// Whether the name was written before the keys, or stands last.
    fn has_place(&self, name: &[u8]) -> bool {
        let order = &self.settings.order;
        Standard::of_escaped(name).is_some()
            || (!order.is_empty() && order.iter().any(|placed| placed.as_bytes() == name))
    }

    fn write_found(&self, name: &str, out: &mut Out) {
        if let Some(piece) = self.find(name.as_bytes()) {
            write_unless_null(piece, out);
        }
    }

    fn find(&self, name: &[u8]) -> Option<Piece<'_>> {
        let Entry { fields, error, .. } = self.entry;
        if self.is_of_error(name) {
            return error.get(name);
        }
        fields
            .get(name)
            .or_else(|| self.keys.get(name))
            .or_else(|| error.get(name))
    }

    fn hides(&self, standard: Standard) -> Hidden {
        if !self.keys.has_standard() {
            return Hidden::No;
        }
        match self.keys.get(standard.name().as_bytes()) {
            Some(piece) if piece.is_null() && standard == Standard::Message => Hidden::Moved,
            Some(piece) if piece.is_null() => Hidden::Yes,
            _ => Hidden::No,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Hidden {
    No,
    Yes,
    /// A message that was removed comes back after the fields.
    Moved,
}

fn write_unless_null(piece: Piece<'_>, out: &mut Out) {
    if !piece.is_null() {
        out.piece(piece);
    }
}
