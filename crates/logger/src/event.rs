//! From a `tracing` event to an entry.

use std::{error::Error, fmt, sync::Arc};

use tracing::{
    Event, Metadata,
    field::{Field, Visit},
};

use crate::{
    entry::Entry,
    exception::{Describe, Seen},
    json,
    settings::Settings,
    standard,
    value::{self, Value},
};

/// Renders all that the event says into the entry, which is clear.
pub(crate) fn render(
    event: &Event<'_>,
    metadata: &Metadata<'_>,
    settings: &Arc<Settings>,
    entry: &mut Entry,
) {
    entry.level = *metadata.level();
    entry.time = settings.host.clock().now();
    write_location(
        &mut entry.location,
        metadata,
        settings.rules.max_field_bytes(),
    );
    event.record(&mut Fields {
        entry,
        settings,
        seen: Seen {
            file: metadata.file(),
            line: metadata.line(),
            module: metadata.module_path(),
        },
    });
}

fn write_location(out: &mut Vec<u8>, metadata: &Metadata<'_>, max: usize) {
    let place = metadata
        .module_path()
        .or(metadata.file())
        .unwrap_or(metadata.target());
    json::text(out, place, max);
    if let Some(number) = metadata.line() {
        // Before the closing quote.
        out.pop();
        out.push(b':');
        json::integer(out, number);
        out.push(b'"');
    }
}

/// The name without the mark of a raw identifier, as in `r#type = …`.
fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

const MESSAGE: &str = "message";

struct Fields<'a> {
    entry: &'a mut Entry,
    settings: &'a Arc<Settings>,
    seen: Seen<'a>,
}

impl Fields<'_> {
    /// The message has a place of its own; fields of names that are the line's go.
    fn set(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if name == MESSAGE {
            self.entry.message.clear();
            write(&mut self.entry.message);
        } else if !standard::is_reserved_field(name) && !is_of_log_crate(name) {
            self.entry.fields.set(name, &self.settings.rules, write);
        }
    }

    fn describe(&self) -> Describe<'_> {
        Describe {
            rules: &self.settings.rules,
            stack_trace: self.settings.switches.stack_trace,
            seen: self.seen,
        }
    }
}

/// What a record of the `log` crate says of itself; its metadata has it already.
fn is_of_log_crate(name: &str) -> bool {
    name.starts_with("log.")
        && matches!(
            name,
            "log.target" | "log.module_path" | "log.file" | "log.line"
        )
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(plain(field.name()), |out| json::float(out, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(plain(field.name()), |out| json::integer(out, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(plain(field.name()), |out| json::integer(out, value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.set(plain(field.name()), |out| json::integer(out, value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.set(plain(field.name()), |out| json::integer(out, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(plain(field.name()), |out| json::boolean(out, value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let max = self.settings.rules.max_field_bytes();
        self.set(plain(field.name()), |out| json::text(out, value, max));
    }

    /// The first error is the line's; another is a text like any.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if !self.entry.error.is_empty() {
            return self.record_debug(field, &format_args!("{value}"));
        }
        let settings = Arc::clone(self.settings);
        // Its text may have helpers in it.
        value::without_tray(&settings, || {
            let mut error = std::mem::take(&mut self.entry.error);
            self.describe().error(value, &mut error);
            self.entry.error = error;
            if self.entry.message.is_empty() {
                let max = self.settings.rules.max_field_bytes();
                json::display(&mut self.entry.message, &value, max);
            }
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = plain(field.name());
        let max = self.settings.rules.max_field_bytes();
        let settings = Arc::clone(self.settings);
        let mut text = std::mem::take(&mut self.entry.scratch);
        text.clear();
        let format = || {
            json::debug(&mut text, value, max);
            text != b"\"\""
        };
        let mut kind = None;
        value::with_tray(&settings, format, |value| match value {
            Value::Text => kind = Some(false),
            Value::Mixed => kind = Some(true),
            Value::Json(json) => self.set(name, |out| out.extend_from_slice(json)),
            Value::Fields(fields) => self.entry.fields.overlay(fields),
        });
        if kind == Some(true) {
            text.clear();
            value::without_tray(&settings, || json::debug(&mut text, value, max));
        }
        if kind.is_some() {
            self.set(name, |out| out.extend_from_slice(&text));
        }
        self.entry.scratch = text;
    }
}
