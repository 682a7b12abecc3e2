use std::{
    any::Any,
    fmt,
    marker::PhantomData,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
    },
};

use crate::Invocation;

const UTILITIES: u8 = 8;
const OTHERS: u8 = 8;

// Process-wide: a place that one layer has claimed must not be given to another.
static CLAIMED: AtomicU8 = AtomicU8::new(0);

/// The utilities that have a place of their own on every [`Invocation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Utility {
    /// `powertools-logger`
    Logger,
    /// `powertools-metrics`
    Metrics,
    /// `powertools-tracer`
    Tracer,
    /// `powertools-idempotency`
    Idempotency,
    /// `powertools-batch`
    Batch,
    /// `powertools-circuit-breaker`
    CircuitBreaker,
    /// `powertools-event-handler`
    EventHandler,
    /// `powertools-validation`
    Validation,
}

/// A place on every [`Invocation`] that holds a value of type `T`.
///
/// What changes during an invocation lives there and nowhere else, so that
/// invocations that share a process share no state. The owner of the slot
/// chooses the type; core knows nothing of it.
///
/// ```
/// use std::sync::{Arc, LazyLock, atomic::{AtomicUsize, Ordering}};
/// use powertools_core::{Invocation, Slot};
///
/// static SEEN: LazyLock<Option<Slot<AtomicUsize>>> = LazyLock::new(Slot::claim);
///
/// let invocation = Invocation::detached();
/// if let Some(seen) = SEEN.as_ref().and_then(|slot| slot.get_or_init(&invocation, Arc::default)) {
///     seen.fetch_add(1, Ordering::Relaxed);
/// }
/// ```
pub struct Slot<T> {
    index: u8,
    _value: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Slot<T> {
    /// The place of one of our utilities.
    #[must_use]
    pub const fn of(utility: Utility) -> Self {
        Self {
            index: utility as u8,
            _value: PhantomData,
        }
    }

    /// One of the eight places that a process has for other layers; `None` when
    /// they are taken. Claim once, into a `static`.
    #[must_use]
    pub fn claim() -> Option<Self> {
        CLAIMED
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |claimed| {
                (claimed < OTHERS).then_some(claimed + 1)
            })
            .ok()
            .map(|claimed| Self {
                index: UTILITIES + claimed,
                _value: PhantomData,
            })
    }

    /// The value, if one was put there.
    #[must_use]
    #[inline]
    pub fn get<'a>(&self, invocation: &'a Invocation) -> Option<&'a T> {
        self.place(invocation).get()?.downcast_ref()
    }

    /// The value, made by `init` if there is none yet.
    ///
    /// `None` only if a value of another type sits in the slot: two versions of
    /// a utility in one process.
    #[inline]
    pub fn get_or_init<'a>(
        &self,
        invocation: &'a Invocation,
        init: impl FnOnce() -> Arc<T>,
    ) -> Option<&'a T> {
        self.place(invocation).get_or_init(|| init()).downcast_ref()
    }

    fn place<'a>(&self, invocation: &'a Invocation) -> &'a Place {
        &invocation.slots().0[usize::from(self.index)]
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.index).finish()
    }
}

type Place = OnceLock<Arc<dyn Any + Send + Sync>>;

/// The places of one invocation.
#[derive(Default)]
pub(crate) struct Slots([Place; (UTILITIES + OTHERS) as usize]);

#[cfg(test)]
mod tests {
    use super::*;

    static NAME: Slot<String> = Slot::of(Utility::Logger);

    #[test]
    fn a_value_is_made_once() {
        let invocation = Invocation::detached();
        assert_eq!(NAME.get(&invocation), None);
        let first = NAME.get_or_init(&invocation, || Arc::new("first".to_owned()));
        assert_eq!(first.map(String::as_str), Some("first"));
        let again = NAME.get_or_init(&invocation, || Arc::new("second".to_owned()));
        assert_eq!(again.map(String::as_str), Some("first"));
    }

    #[test]
    fn invocations_share_no_value() {
        let one = Invocation::detached();
        let other = Invocation::detached();
        NAME.get_or_init(&one, || Arc::new("one".to_owned()));
        assert_eq!(NAME.get(&other), None);
    }

    #[test]
    fn a_value_of_another_type_is_left_alone() {
        let invocation = Invocation::detached();
        NAME.get_or_init(&invocation, || Arc::new("text".to_owned()));
        let foreign: Slot<u64> = Slot::of(Utility::Logger);
        assert_eq!(foreign.get(&invocation), None);
        assert_eq!(foreign.get_or_init(&invocation, || Arc::new(1)), None);
    }

    #[test]
    fn places_for_other_layers_run_out_without_a_panic() {
        let claimed = std::iter::from_fn(Slot::<u64>::claim).take(100).count();
        assert!(claimed <= usize::from(OTHERS), "{claimed}");
        assert!(Slot::<u64>::claim().is_none());
    }
}
