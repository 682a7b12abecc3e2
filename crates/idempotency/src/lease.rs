use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use powertools_core::SharedClock;
use tokio::task_local;

use crate::{now::Now, protocol::Run};

task_local! {
    static CURRENT: Lease;
}

/// The lease under which the running call has its key.
///
/// A handler that was delayed, as by a paused process, can ask it right before its effect whether
/// somebody else may run by now. The answer is as good as the clock, and as old as the time
/// between the question and the effect.
#[derive(Clone)]
pub struct Lease(Arc<Inner>);

struct Inner {
    key: Arc<str>,
    owner: Option<Arc<str>>,
    end: Option<i64>,
    began: Instant,
    length: Option<Duration>,
    clock: SharedClock,
    outer: Option<Lease>,
}

impl Lease {
    pub(crate) fn new(key: &Arc<str>, run: &Run, now: Now, clock: SharedClock) -> Self {
        let (owner, end) = match run {
            Run::Own { owner, lease_end } => (Some(Arc::clone(owner)), Some(*lease_end)),
            Run::Adopted {
                owner,
                in_progress_expiration,
            } => (owner.clone(), *in_progress_expiration),
        };
        Self(Arc::new(Inner {
            key: Arc::clone(key),
            owner,
            end,
            began: clock.instant(),
            length: end.map(|end| now.until(end)),
            clock,
            outer: Self::current(),
        }))
    }

    /// Whether this code runs inside of a call that holds the key.
    pub(crate) fn holds(key: &str) -> bool {
        let current = Self::current();
        std::iter::successors(current.as_ref(), |lease| lease.0.outer.as_ref())
            .any(|lease| *lease.0.key == *key)
    }

    /// The lease of the idempotent call that this code runs in: the innermost that has a record,
    /// if several are nested. `None` outside of any, and in a task that was spawned.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Whether nobody else may have the key. It is not live if either clock says that the time is
    /// over: the wall clock, or the one that never goes back. The last millisecond does not count,
    /// since in Redis somebody else may take over in it. A hold
    /// ([`AfterTimeout::Hold`](crate::AfterTimeout::Hold)) keeps others away for longer, but is
    /// not the owner's time.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let Inner {
            end,
            began,
            length,
            clock,
            ..
        } = &*self.0;
        let (Some(end), Some(length)) = (end, length) else {
            // It locks until the record expires.
            return true;
        };
        Now::from(clock.now()).millis() < *end
            && clock.instant().saturating_duration_since(*began) < *length
    }

    /// When the lease ends by the wall clock; `None` if the record has none.
    #[must_use]
    pub fn ends_at(&self) -> Option<SystemTime> {
        let millis = u64::try_from(self.0.end?).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }

    /// The whole key: the same for all runs of a request, and so a key for services that take one.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The mark of this run in the record, new for each run: a token to fence what the call does
    /// elsewhere. `None` where a durable function goes on under a record of another language.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.0.owner.as_deref()
    }

    pub(crate) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("owner", &self.0.owner)
            .field("ends_at", &self.ends_at())
            .finish_non_exhaustive()
    }
}
