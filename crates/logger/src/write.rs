//! From an entry to the output: held back or written, in the shape that was asked for.

use std::{
    cell::{RefCell, RefMut},
    fmt,
    sync::Arc,
};

use powertools_core::Invocation;
use tracing::{Level, level_filters::LevelFilter};

use crate::{
    LogBuffer,
    buffer::Held,
    entry::Entry,
    formatter::LogRecord,
    json,
    line::Line,
    out::Out,
    pieces::Pieces,
    runtime_span::RuntimeInvocation,
    scope,
    settings::{Settings, Warning},
    shield,
    state::{State, set_text},
    timestamp::Clockface,
};

/// More than this is not kept: one huge line must not hold its memory for good.
const KEPT_CAPACITY: usize = 64 * 1024;

thread_local! {
    // Scratch for the line being written: its capacity is kept, no value is, but for the
    // text of the last second.
    static DESK: RefCell<Desk> = RefCell::default();
}

/// The buffers of a line.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) entry: Entry,
    out: Out,
    keys: Pieces,
    clockface: Clockface,
    shaped: Vec<u8>,
}

impl Desk {
    /// Runs with the thread's own desk, which is clear.
    ///
    /// There is another for a value whose formatting logs, in the middle of another
    /// line, and for a thread that ends and has destroyed its own.
    pub(crate) fn with<T>(run: impl FnOnce(&mut Self) -> T) -> T {
        let mut run = Some(run);
        let kept = DESK.try_with(|desk| {
            let mut desk = Used(desk.try_borrow_mut().ok()?);
            run.take().map(|run| run(&mut desk.0))
        });
        match (kept.ok().flatten(), run) {
            (Some(done), _) => done,
            (None, Some(run)) => run(&mut Self::default()),
            (None, None) => unreachable!("a closure that was taken has run"),
        }
    }

    fn clear(&mut self) {
        self.entry.clear();
        self.entry.shrink_to(KEPT_CAPACITY);
        self.out.shrink_to(KEPT_CAPACITY);
        self.keys.clear();
        self.keys.shrink_to(KEPT_CAPACITY);
        self.shaped.clear();
        self.shaped.shrink_to(KEPT_CAPACITY);
    }
}

/// A desk that is cleared after use, also if a value's formatting panics.
struct Used<'a>(RefMut<'a, Desk>);

impl Drop for Used<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Whose keys a line carries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    Invocation(&'a Invocation, &'a State),
    /// The runtime's own lines come from outside our layers; their span tells.
    Runtime(&'a RuntimeInvocation),
    Nobody,
}

impl<'a> Owner<'a> {
    /// The invocation that this code runs in, if it runs in one.
    pub(crate) fn of(invocation: Option<&'a Invocation>, settings: &Arc<Settings>) -> Self {
        let state = |invocation| Some((invocation, State::begin(invocation, settings)?));
        invocation
            .and_then(state)
            .map_or(Self::Nobody, |(invocation, state)| {
                Self::Invocation(invocation, state)
            })
    }

    fn has_trace_id(self) -> bool {
        match self {
            Self::Invocation(invocation, _) => invocation.xray_header().is_some(),
            Self::Runtime(runtime) => runtime.xray_trace_id().is_some(),
            Self::Nobody => false,
        }
    }

    fn level(self, settings: &Settings) -> LevelFilter {
        match self {
            Self::Invocation(_, state) => state.level(settings),
            Self::Runtime(_) | Self::Nobody => settings.threshold.base(),
        }
    }
}

/// A logger at work for an owner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desktop<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) owner: Owner<'a>,
}

impl Desktop<'_> {
    /// Writes the entry of the desk if its level is shown, or holds it back.
    pub(crate) fn submit(self, desk: &mut Desk) {
        let level = desk.entry.level;
        let shown = self.owner.level(self.settings);
        if let (Some(buffer), Owner::Invocation(_, state)) = (&self.settings.buffer, self.owner) {
            if buffer.holds(level, shown) {
                desk.entry.scopes = Some(scope::open_here());
                let held = state.data().buffer.push(&mut desk.entry, buffer.size());
                match held {
                    Held::Kept => return,
                    Held::TooLarge => {
                        self.write(desk);
                        return self.warn(
                            "a line is larger than the log buffer and was not held back; give \
                             the buffer more bytes",
                        );
                    }
                    Held::Closed => {}
                }
            } else {
                self.flush_before_error(desk);
            }
        }
        if level <= shown {
            self.write(desk);
        }
    }

    /// Writes the entry of the desk, whose target has a level of its own: the filter has
    /// decided, and it is not held back.
    pub(crate) fn submit_of_target(self, desk: &mut Desk) {
        self.flush_before_error(desk);
        self.write(desk);
    }

    /// Writes a line of the logger itself if its level is shown. It is not held back,
    /// where it would be thrown away at the end, and writes no held lines either: whether
    /// a failure does has a switch of its own.
    pub(crate) fn submit_own(self, desk: &mut Desk) {
        if desk.entry.level <= self.owner.level(self.settings) {
            self.write(desk);
        }
    }

    fn flush_before_error(self, desk: &mut Desk) {
        let flushes = |buffer: &LogBuffer| buffer.flushes_on_error_log();
        if desk.entry.level == Level::ERROR && self.settings.buffer.as_ref().is_some_and(flushes) {
            self.flush(desk);
        }
    }

    /// Writes the entry of the desk.
    pub(crate) fn write(self, desk: &mut Desk) {
        let Desk {
            entry,
            out,
            keys,
            clockface,
            shaped,
        } = desk;
        self.compose(entry, keys, out, clockface);
        ship(self.settings, entry.level, out, shaped);
    }

    /// Writes what was held back, oldest first.
    pub(crate) fn flush(self, desk: &mut Desk) {
        let Owner::Invocation(_, state) = self.owner else {
            return;
        };
        let Desk {
            out,
            keys,
            clockface,
            shaped,
            ..
        } = desk;
        let mut wrote = false;
        loop {
            let Some(entry) = state.data().buffer.take_oldest() else {
                break;
            };
            wrote = true;
            self.compose(&entry, keys, out, clockface);
            ship(self.settings, entry.level, out, shaped);
            state.data().buffer.recycle(entry);
        }
        if wrote {
            self.warn_of_hidden_buffer();
        }
        let evicted = state.data().buffer.take_evicted();
        if evicted {
            self.warn(
                "the oldest lines of the log buffer are not shown: they made room for newer \
                 ones; give the buffer more bytes",
            );
        }
    }

    /// Says so if Lambda's level hides the held lines that have just been written.
    fn warn_of_hidden_buffer(self) {
        if self.settings.hides_buffer() && self.settings.is_first(Warning::HiddenBuffer) {
            self.warn(
                "lines of the log buffer are below Lambda's own level, and it may not show them",
            );
        }
    }

    /// A line of the logger's own, about itself.
    fn warn(self, message: impl fmt::Display) {
        let desk = &mut Desk::default();
        let entry = &mut desk.entry;
        entry.level = Level::WARN;
        entry.time = self.settings.host.clock().now();
        json::string(&mut entry.location, "powertools_logger");
        let max = self.settings.rules.max_field_bytes();
        json::display(&mut entry.message, &message, max);
        self.write(desk);
    }

    fn compose(self, entry: &Entry, keys: &mut Pieces, out: &mut Out, clockface: &mut Clockface) {
        let settings = self.settings;
        // Lambda sets the variable where one invocation runs at a time. Before the lock:
        // what is asked may be the user's.
        let from_env = match self.owner.has_trace_id() {
            true => None,
            false => settings.env_trace_id(),
        };
        let overlay = |keys: &mut Pieces| match &entry.scopes {
            Some(scopes) => scope::overlay_with(keys, scopes),
            None => scope::overlay(keys),
        };
        let mut write = |keys: &Pieces, trace_id: &[u8]| {
            let line = Line {
                settings,
                entry,
                keys,
                trace_id: from_env
                    .as_deref()
                    .or_else(|| Some(trace_id).filter(|id| !id.is_empty())),
            };
            line.write(out, clockface);
        };
        keys.clear();
        match self.owner {
            Owner::Invocation(invocation, state) => {
                let data = state.keyed(invocation);
                if entry
                    .scopes
                    .as_ref()
                    .map_or_else(scope::is_empty, Vec::is_empty)
                {
                    return write(&data.keys, &data.trace_id);
                }
                keys.append_distinct(&data.keys);
                overlay(keys);
                write(keys, &data.trace_id);
            }
            Owner::Runtime(runtime) => {
                keys.append_distinct(&settings.keys);
                let id = runtime.request_id();
                set_text(keys, &settings.rules, "function_request_id", id);
                set_text(keys, &settings.rules, "tenant_id", runtime.tenant_id());
                let trace_id = runtime.xray_trace_id().map(trace_json);
                write(keys, trace_id.as_deref().unwrap_or_default());
            }
            Owner::Nobody => {
                keys.append_distinct(&settings.keys);
                overlay(keys);
                write(keys, &[]);
            }
        }
    }
}

fn trace_json(id: &str) -> Vec<u8> {
    let mut json = Vec::new();
    json::text(&mut json, id, 128);
    json
}

/// One write for the whole line. Nothing can be done about an output that fails, and the
/// handler's answer must not depend on it.
fn ship(settings: &Settings, level: Level, out: &mut Out, shaped: &mut Vec<u8>) {
    shaped.clear();
    if let Some(formatter) = &settings.formatter {
        let record = LogRecord::new(level, out);
        let done = shield::format(|| formatter.format(&record, shaped));
        if !done || shaped.len() >= settings.max_line_bytes {
            shaped.clear();
        }
    } else if settings.dev {
        json::pretty(shaped, out.json());
    }
    let line = if shaped.is_empty() {
        out.line()
    } else {
        shaped.push(b'\n');
        shaped
    };
    shield::write(|| {
        let _ = settings.output.write_line(line);
    });
}

impl Settings {
    /// A line of the logger's own, about itself. It goes out whatever the level is.
    pub(crate) fn warn(&self, message: impl fmt::Display) {
        let current = Invocation::try_current();
        let state = |invocation| Some((invocation, State::of(invocation)?));
        let owner = current.as_ref().and_then(state);
        let owner = owner.map_or(Owner::Nobody, |(invocation, state)| {
            Owner::Invocation(invocation, state)
        });
        let desktop = Desktop {
            settings: self,
            owner,
        };
        desktop.warn(message);
    }

    /// The trace id of a line whose owner has none.
    fn env_trace_id(&self) -> Option<Vec<u8>> {
        let header = self.host.env().get_non_empty("_X_AMZN_TRACE_ID")?;
        Some(trace_json(powertools_core::xray_root(&header)))
    }
}
