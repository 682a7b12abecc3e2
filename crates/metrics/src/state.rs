//! What the metrics keep on an invocation.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use powertools_core::{Invocation, Slot, Utility};

use crate::{collector::Collector, settings::Settings};

static STATE: Slot<State> = Slot::of(Utility::Metrics);

// Process-wide: the states that can be used again once nobody holds them. Only their capacity
// survives.
static POOL: Mutex<Vec<Arc<State>>> = Mutex::new(Vec::new());

/// As many as Lambda runs at once in most processes.
const POOLED: usize = 64;

/// The metrics of one invocation.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Arc<Settings>,
    pub(crate) collector: Collector,
    /// A layer has taken charge of the beginning and the end.
    owned: AtomicBool,
    /// One has done so before.
    begun: AtomicBool,
}

/// Which part of an invocation a layer begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    First,
    /// Another call has ended before.
    Later,
}

impl State {
    /// The state of an invocation, if one was begun.
    #[inline]
    pub(crate) fn of(invocation: &Invocation) -> Option<&Self> {
        STATE.get(invocation)
    }

    /// The state of an invocation, begun with these settings if none was. Nothing only if
    /// another version of this crate has put its own there.
    pub(crate) fn begin<'a>(
        invocation: &'a Invocation,
        settings: &Arc<Settings>,
    ) -> Option<&'a Self> {
        STATE.get_or_init(invocation, || take_pooled(settings))
    }

    #[inline]
    pub(crate) fn parts(&self) -> (&Collector, &Settings) {
        (&self.collector, &self.settings)
    }

    /// A layer is gone: nothing is kept of its settings, and of what they hold of the user's.
    pub(crate) fn forget(settings: &Arc<Settings>) {
        let mut pool = pool();
        let of_layer = |state: &mut Arc<Self>| Arc::ptr_eq(&state.settings, settings);
        let gone: Vec<_> = pool.extract_if(.., of_layer).collect();
        // A sink may do anything when it is dropped.
        drop(pool);
        drop(gone);
    }

    fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            collector: Collector::new(settings),
            owned: AtomicBool::new(false),
            begun: AtomicBool::new(false),
        }
    }

    /// Another invocation's, of which nothing must be left. Gives the settings back that it
    /// had: what they hold is the user's, and is dropped where no lock is held.
    fn reset(&mut self, settings: &Arc<Settings>) -> Arc<Settings> {
        let before = std::mem::replace(&mut self.settings, Arc::clone(settings));
        *self.owned.get_mut() = false;
        *self.begun.get_mut() = false;
        self.collector.reset(settings);
        before
    }

    /// The turn of the caller, if it is the only layer now that begins and ends this part. A
    /// call that joins the invocation after the end of another one begins anew.
    pub(crate) fn own(&self) -> Option<Turn> {
        if self.owned.swap(true, Ordering::AcqRel) {
            return None;
        }
        // Only its owner looks at it.
        if !self.begun.load(Ordering::Relaxed) {
            self.begun.store(true, Ordering::Relaxed);
            return Some(Turn::First);
        }
        self.collector.begin_again(&self.settings);
        Some(Turn::Later)
    }

    /// The end of what [`own`](Self::own) began.
    pub(crate) fn disown(&self) {
        self.owned.store(false, Ordering::Release);
    }
}

fn pool() -> MutexGuard<'static, Vec<Arc<State>>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take_pooled(settings: &Arc<Settings>) -> Arc<State> {
    let mut pool = pool();
    let free = pool.iter_mut().find_map(|state| {
        // Nobody else holds it, so nobody's values can meet it.
        let before = Arc::get_mut(state)?.reset(settings);
        Some((Arc::clone(state), before))
    });
    if let Some((state, before)) = free {
        drop(pool);
        drop(before);
        return state;
    }
    let state = Arc::new(State::new(settings));
    if pool.len() < POOLED {
        pool.push(Arc::clone(&state));
    }
    state
}
