//! What a logger keeps on an invocation.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use powertools_core::{Invocation, Slot, Utility};
use tracing::level_filters::LevelFilter;

use crate::{
    buffer::Buffer,
    json::{self, Rules},
    pieces::Pieces,
    runtime_span::Failure,
    settings::Settings,
};

static STATE: Slot<State> = Slot::of(Utility::Logger);

// Process-wide: the states that can be used again once nobody holds them. Only their
// capacity survives.
static POOL: Mutex<Vec<Arc<State>>> = Mutex::new(Vec::new());

// Process-wide: how many invocations were drawn and may still write. While there is none,
// a line that is not shown needs to ask nobody.
static SAMPLED: AtomicUsize = AtomicUsize::new(0);

/// As many as Lambda runs at once in most processes.
const POOLED: usize = 64;

/// More than this is not kept of an invocation's buffers.
const KEPT_CAPACITY: usize = 16 * 1024;

/// Lambda's ids and names are far shorter.
const MAX_TEXT: usize = 1024;

/// The logger's part of one invocation.
#[derive(Debug)]
pub(crate) struct State {
    settings: Arc<Settings>,
    sampled: AtomicBool,
    /// A layer has taken charge of the beginning and the end.
    owned: AtomicBool,
    /// That layer has finished.
    ended: AtomicBool,
    data: Mutex<Data>,
}

/// What changes with the lines of an invocation. Nothing of the user's runs under its
/// lock.
#[derive(Debug, Default)]
pub(crate) struct Data {
    /// Of the logger, of the invocation, then appended.
    pub(crate) keys: Pieces,
    /// Whether the keys are there: they come with the first line, as many invocations
    /// write none.
    rendered: bool,
    /// JSON; empty if there is none.
    correlation_id: Vec<u8>,
    /// JSON; empty if there is none.
    pub(crate) trace_id: Vec<u8>,
    /// Empty, for its capacity.
    spare: Vec<u8>,
    pub(crate) buffer: Buffer,
    pub(crate) counters: Vec<(String, i64)>,
    /// What the line about the handler's failure said, and which it was.
    pub(crate) error: Pieces,
    pub(crate) failure: Option<Failure>,
    pub(crate) started: Option<Instant>,
}

impl State {
    /// The state of an invocation, if one was begun.
    pub(crate) fn of(invocation: &Invocation) -> Option<&Self> {
        STATE.get(invocation)
    }

    /// The state of an invocation, begun by this logger if none has. Nothing only if
    /// another version of this crate has put its own there.
    pub(crate) fn begin<'a>(
        invocation: &'a Invocation,
        settings: &Arc<Settings>,
    ) -> Option<&'a Self> {
        STATE.get_or_init(invocation, || {
            let state = take_pooled(settings);
            state.start(invocation);
            state
        })
    }

    /// Whether the caller is the first layer that wants to begin and end this part.
    pub(crate) fn own(&self) -> bool {
        !self.owned.swap(true, Ordering::Relaxed)
    }

    /// Nobody flushes, and nobody is sampled, from now on.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        if self.settings.buffer.is_some() {
            self.data().buffer.close();
        }
        self.set_sampled(false);
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The level that holds in this invocation.
    pub(crate) fn level(&self, settings: &Settings) -> LevelFilter {
        match self.is_sampled() {
            true => settings.threshold.sampled(),
            false => settings.threshold.base(),
        }
    }

    pub(crate) fn is_sampled(&self) -> bool {
        self.sampled.load(Ordering::Relaxed)
    }

    /// Whether any invocation of the process is sampled.
    pub(crate) fn any_sampled() -> bool {
        SAMPLED.load(Ordering::Relaxed) > 0
    }

    /// Draws whether this invocation is sampled.
    pub(crate) fn draw(&self, invocation: &Invocation) {
        let settings = &self.settings;
        let drawn = settings.sampling.as_ref().is_some_and(|sampling| {
            sampling.draw(settings.host.random(), invocation.xray_trace_id())
        });
        self.set_sampled(drawn);
    }

    pub(crate) fn set_sampled(&self, sampled: bool) {
        if !sampled && !self.is_sampled() {
            return;
        }
        if sampled && self.ended.load(Ordering::Relaxed) {
            return;
        }
        let before = self.sampled.swap(sampled, Ordering::Relaxed);
        match (before, sampled) {
            (false, true) => SAMPLED.fetch_add(1, Ordering::Relaxed),
            (true, false) => SAMPLED.fetch_sub(1, Ordering::Relaxed),
            _ => return,
        };
    }

    /// The data, with all keys.
    pub(crate) fn keyed(&self, invocation: &Invocation) -> MutexGuard<'_, Data> {
        let mut data = self.data();
        if !data.rendered {
            data.render(invocation, &self.settings);
        }
        data
    }

    /// Sets the correlation id to the JSON that `extract` writes, if it finds one.
    pub(crate) fn correlate(&self, extract: impl FnOnce(&mut Vec<u8>) -> bool) {
        let mut id = std::mem::take(&mut self.data().spare);
        // Without the lock: what is extracted from may have code of the user's.
        let found = extract(&mut id);
        let mut data = self.data();
        if found {
            std::mem::swap(&mut data.correlation_id, &mut id);
            if data.rendered {
                data.set_correlation_id(&self.settings.rules);
            }
        }
        id.clear();
        data.spare = id;
    }

    /// Back to the keys that were there at the start.
    pub(crate) fn clear(&self) {
        self.data().clear_keys();
    }

    fn start(&self, invocation: &Invocation) {
        self.draw(invocation);
        if self.settings.switches.canonical_line {
            self.data().started = Some(self.settings.host.clock().instant());
        }
    }

    fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            sampled: AtomicBool::new(false),
            owned: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            data: Mutex::default(),
        }
    }

    /// Another invocation's, of which nothing must be left.
    /// Gives the settings back that it had: what they hold is the user's, and is dropped
    /// where no lock is held.
    fn reset(&mut self, settings: &Arc<Settings>) -> Arc<Settings> {
        self.set_sampled(false);
        let before = std::mem::replace(&mut self.settings, Arc::clone(settings));
        *self.owned.get_mut() = false;
        *self.ended.get_mut() = false;
        let data = self.data.get_mut().unwrap_or_else(PoisonError::into_inner);
        data.clear_keys();
        data.keys.shrink_to(KEPT_CAPACITY);
        data.error.clear();
        data.error.shrink_to(KEPT_CAPACITY);
        data.buffer.reset();
        data.counters.clear();
        data.failure = None;
        data.started = None;
        before
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.set_sampled(false);
    }
}

impl Data {
    fn clear_keys(&mut self) {
        self.keys.clear();
        self.rendered = false;
        self.correlation_id.clear();
        self.trace_id.clear();
    }

    fn render(&mut self, invocation: &Invocation, settings: &Settings) {
        self.rendered = true;
        self.keys.append_distinct(&settings.keys);
        context_keys(&mut self.keys, invocation, &settings.rules);
        if !self.correlation_id.is_empty() {
            self.set_correlation_id(&settings.rules);
        }
        if let Some(id) = invocation.xray_trace_id() {
            json::text(&mut self.trace_id, id, MAX_TEXT);
        }
    }

    fn set_correlation_id(&mut self, rules: &Rules) {
        let Self {
            keys,
            correlation_id,
            ..
        } = self;
        keys.set("correlation_id", rules, |out| {
            out.extend_from_slice(correlation_id);
        });
    }
}

fn take_pooled(settings: &Arc<Settings>) -> Arc<State> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if State::any_sampled() {
        // One that nobody has ended must not count for good.
        for state in pool.iter_mut().filter_map(Arc::get_mut) {
            state.set_sampled(false);
        }
    }
    let free = pool.iter_mut().find_map(|state| {
        // Nobody else holds it, so nobody's lines can meet it.
        let before = Arc::get_mut(state)?.reset(settings);
        Some((Arc::clone(state), before))
    });
    if let Some((state, before)) = free {
        drop(pool);
        drop(before);
        return state;
    }
    let state = Arc::new(State::new(Arc::clone(settings)));
    if pool.len() < POOLED {
        pool.push(Arc::clone(&state));
    }
    state
}

/// The keys that tell whose line it is.
fn context_keys(keys: &mut Pieces, invocation: &Invocation, rules: &Rules) {
    if let Some(cold) = invocation.cold_start() {
        keys.set("cold_start", rules, |out| json::boolean(out, cold));
    }
    set_text(keys, rules, "function_name", invocation.function_name());
    if let Some(size) = invocation.memory_size() {
        keys.set("function_memory_size", rules, |out| {
            json::integer(out, size);
        });
    }
    set_text(keys, rules, "function_arn", invocation.function_arn());
    set_text(keys, rules, "function_request_id", invocation.request_id());
    set_text(keys, rules, "tenant_id", invocation.tenant_id());
}

/// Sets a key that something outside gives, if it does.
pub(crate) fn set_text(keys: &mut Pieces, rules: &Rules, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        keys.set(name, rules, |out| json::text(out, value, MAX_TEXT));
    }
}
