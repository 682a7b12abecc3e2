//! One line: which keys, in which order.
//!
//! The order is that of the Python library: level, location, message, timestamp,
//! service, the invocation's keys, the event's own fields, and the trace id last.

use std::{error::Error, fmt, time::SystemTime};

use jiff::Timestamp;
use powertools_core::Invocation;
use tracing::{
    Event, Metadata,
    field::{Field, FieldSet, Visit},
};

use crate::{json, level, runtime_span::RuntimeInvocation};

/// Keys that an event's field of the same name replaces.
const REPLACEABLE: [&str; 9] = [
    "service",
    "cold_start",
    "function_name",
    "function_memory_size",
    "function_arn",
    "function_request_id",
    "tenant_id",
    "xray_trace_id",
    "message",
];

/// Keys whose fields are dropped: what they say is not for an event to decide.
const RESERVED: [&str; 3] = ["level", "location", "timestamp"];

/// Whose keys a line carries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    Invocation(&'a Invocation),
    /// The runtime's own lines come from outside our layers; their span tells.
    Runtime(&'a RuntimeInvocation),
    Nobody,
}

/// The buffers of a line, kept between lines for their capacity.
#[derive(Debug, Default)]
pub(crate) struct Line {
    bytes: Vec<u8>,
    fields: Vec<u8>,
}

/// More than this is not kept: one huge line must not hold its memory for good.
const KEPT_CAPACITY: usize = 64 * 1024;

impl Line {
    /// Writes the whole line, with its end.
    pub(crate) fn write(
        &mut self,
        event: &Event<'_>,
        now: SystemTime,
        service: &str,
        owner: Owner<'_>,
    ) -> &[u8] {
        self.clear();
        let line = &mut self.bytes;
        let metadata = event.metadata();
        line.extend_from_slice(b"{\"level\":\"");
        line.extend_from_slice(level::word(*metadata.level()).as_bytes());
        line.extend_from_slice(b"\",\"location\":");
        write_location(line, metadata);
        let mut visitor = FieldWriter {
            line,
            fields: &mut self.fields,
            names: metadata.fields(),
            replaced: Keys::default(),
        };
        event.record(&mut visitor);
        let replaced = visitor.replaced;
        line.extend_from_slice(b",\"timestamp\":");
        write_timestamp(line, now);
        if !replaced.contains("service") {
            line.extend_from_slice(b",\"service\":");
            json::string(line, service);
        }
        owner.write_keys(line, replaced);
        line.extend_from_slice(&self.fields);
        owner.write_trace_id(line, replaced);
        line.extend_from_slice(b"}\n");
        &self.bytes
    }

    fn clear(&mut self) {
        for buffer in [&mut self.bytes, &mut self.fields] {
            buffer.clear();
            buffer.shrink_to(KEPT_CAPACITY);
        }
    }
}

fn write_location(line: &mut Vec<u8>, metadata: &Metadata<'_>) {
    let place = metadata
        .module_path()
        .or(metadata.file())
        .unwrap_or(metadata.target());
    match metadata.line() {
        Some(number) => json::formatted(line, format_args!("{place}:{number}")),
        None => json::string(line, place),
    }
}

/// RFC 3339 in UTC: with any other, Lambda takes the line for INFO.
fn write_timestamp(line: &mut Vec<u8>, now: SystemTime) {
    let timestamp = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
    json::formatted(line, format_args!("{timestamp:.3}"));
}

impl Owner<'_> {
    fn write_keys(self, line: &mut Vec<u8>, replaced: Keys) {
        let mut keys = KeyWriter { line, replaced };
        match self {
            Self::Invocation(invocation) => {
                if let Some(cold) = invocation.cold_start() {
                    keys.literal("cold_start", if cold { "true" } else { "false" });
                }
                keys.text("function_name", invocation.function_name());
                if let Some(size) = invocation.memory_size()
                    && let Some(line) = keys.begin("function_memory_size")
                {
                    json::serialized(line, &size);
                }
                keys.text("function_arn", invocation.function_arn());
                keys.text("function_request_id", invocation.request_id());
                keys.text("tenant_id", invocation.tenant_id());
            }
            Self::Runtime(runtime) => {
                keys.text("function_request_id", runtime.request_id());
                keys.text("tenant_id", runtime.tenant_id());
            }
            Self::Nobody => {}
        }
    }

    fn write_trace_id(self, line: &mut Vec<u8>, replaced: Keys) {
        let trace_id = match self {
            Self::Invocation(invocation) => invocation.xray_trace_id(),
            Self::Runtime(runtime) => runtime.xray_trace_id(),
            Self::Nobody => None,
        };
        KeyWriter { line, replaced }.text("xray_trace_id", trace_id);
    }
}

struct KeyWriter<'a> {
    line: &'a mut Vec<u8>,
    replaced: Keys,
}

impl KeyWriter<'_> {
    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value
            && let Some(line) = self.begin(name)
        {
            json::string(line, value);
        }
    }

    fn literal(&mut self, name: &str, value: &str) {
        if let Some(line) = self.begin(name) {
            line.extend_from_slice(value.as_bytes());
        }
    }

    fn begin(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        if self.replaced.contains(name) {
            return None;
        }
        self.line.push(b',');
        json::key(self.line, name);
        Some(self.line)
    }
}

/// A set of the replaceable keys.
#[derive(Debug, Clone, Copy, Default)]
struct Keys(u16);

impl Keys {
    fn contains(self, name: &str) -> bool {
        // Almost no event replaces a key.
        self.0 != 0 && bit(name).is_some_and(|bit| self.0 & bit != 0)
    }

    fn insert(&mut self, name: &str) {
        self.0 |= bit(name).unwrap_or_default();
    }
}

fn bit(name: &str) -> Option<u16> {
    REPLACEABLE
        .iter()
        .position(|key| *key == name)
        .map(|index| 1 << index)
}

/// The name without the mark of a raw identifier, as in `r#type = …`.
fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The message goes into the line, where its place is; all other fields wait.
struct FieldWriter<'a> {
    line: &'a mut Vec<u8>,
    fields: &'a mut Vec<u8>,
    names: &'a FieldSet,
    replaced: Keys,
}

impl FieldWriter<'_> {
    fn is_repeated(&self, field: &Field, name: &str) -> bool {
        let earlier = self.names.iter().take(field.index());
        earlier
            .into_iter()
            .any(|earlier| plain(earlier.name()) == name)
    }

    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Vec<u8>)) {
        let name = plain(field.name());
        // Of fields with the same name the first counts; a key never stands there twice.
        if RESERVED.contains(&name) || self.is_repeated(field, name) {
            return;
        }
        self.replaced.insert(name);
        let buffer = if name == "message" {
            &mut *self.line
        } else {
            &mut *self.fields
        };
        buffer.push(b',');
        json::key(buffer, name);
        value(buffer);
    }
}

impl Visit for FieldWriter<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, |line| json::float(line, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |line| json::serialized(line, &value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |line| json::serialized(line, &value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.write(field, |line| json::serialized(line, &value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.write(field, |line| json::serialized(line, &value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |line| json::serialized(line, &value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |line| json::string(line, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, |line| json::display(line, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, |line| {
            json::formatted(line, format_args!("{value:?}"));
        });
    }
}
