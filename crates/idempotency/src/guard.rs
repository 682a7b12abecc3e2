use std::{error::Error, fmt, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    decision::{AfterTimeout, Fence},
    now::Now,
    protocol::Run,
    record::Answer,
    store::{Completion, Finished, IdempotencyStore, Release, StoreError, StoreErrorKind},
};

/// A key that we may hold, and what is left to do for it, also if the call is dropped.
pub(crate) struct Hold<St: IdempotencyStore> {
    ticket: Option<Ticket<St>>,
    /// Whether a claim of ours was written, as far as we know.
    has_claimed: bool,
}

/// One key, held under one mark.
struct Ticket<St> {
    store: Arc<St>,
    key: Arc<str>,
    owner: Owner,
    /// Of this run, also where it goes on under the record of another.
    mark: Arc<str>,
    payload_hash: Option<Arc<str>>,
    left: Left,
}

/// Whose record it is.
#[derive(Clone)]
enum Owner {
    Mark(Arc<str>),
    /// That of another language, with this lease.
    Lease(Option<i64>),
}

/// What a drop leaves to be done.
enum Left {
    /// Nothing: there is no record of ours, or its lease covers it.
    Nothing,
    /// The function has not run, or may run again: delete the record.
    Release,
    /// The function has run: keep its answer.
    Complete {
        answer: Answer,
        now: Now,
        expiration: i64,
    },
}

impl<St: IdempotencyStore> Hold<St> {
    /// Of a key that has not been claimed yet.
    pub(crate) fn new(
        store: &Arc<St>,
        key: &Arc<str>,
        mark: &Arc<str>,
        payload_hash: Option<&Arc<str>>,
    ) -> Self {
        Self {
            ticket: Some(Ticket {
                store: Arc::clone(store),
                key: Arc::clone(key),
                owner: Owner::Mark(Arc::clone(mark)),
                mark: Arc::clone(mark),
                payload_hash: payload_hash.cloned(),
                left: Left::Nothing,
            }),
            has_claimed: false,
        }
    }

    /// A claim is on its way. Nothing has run yet, so it can be released however it ends.
    pub(crate) fn claiming(&mut self) {
        self.leave(Left::Release);
    }

    /// The claim is written.
    pub(crate) fn claimed(&mut self) {
        self.has_claimed = true;
    }

    /// Whether a claim of ours was written, as far as we know.
    pub(crate) fn has_claimed(&self) -> bool {
        self.has_claimed
    }

    /// There is nothing to release, or the lease covers it.
    pub(crate) fn nothing_left(&mut self) {
        self.leave(Left::Nothing);
    }

    /// The function is about to run.
    pub(crate) fn running(&mut self, run: &Run, after_timeout: AfterTimeout) {
        if let Some(ticket) = &mut self.ticket
            && let Run::Adopted {
                owner,
                in_progress_expiration,
            } = run
        {
            ticket.owner = match owner {
                Some(mark) => Owner::Mark(Arc::clone(mark)),
                None => Owner::Lease(*in_progress_expiration),
            };
        }
        // A dropped call may have had its effect. It is like a time-out, and not to be repeated
        // where that is not.
        self.leave(match after_timeout {
            AfterTimeout::Retry => Left::Release,
            AfterTimeout::Hold(_) | AfterTimeout::NeverRetry => Left::Nothing,
        });
    }

    fn leave(&mut self, left: Left) {
        if let Some(ticket) = &mut self.ticket {
            ticket.left = left;
        }
    }

    /// Deletes the record. A drop while it does goes on with it.
    pub(crate) async fn release(&mut self) -> Result<Finished, StoreError> {
        self.finish(Left::Release).await
    }

    /// Keeps the answer. A drop while it does goes on with it.
    pub(crate) async fn complete(
        &mut self,
        answer: Answer,
        now: Now,
        expiration: i64,
    ) -> Result<Finished, StoreError> {
        let left = Left::Complete {
            answer,
            now,
            expiration,
        };
        self.finish(left).await
    }

    async fn finish(&mut self, left: Left) -> Result<Finished, StoreError> {
        let Some(ticket) = &mut self.ticket else {
            return Ok(Finished::NotOwner);
        };
        ticket.left = left;
        let finished = ticket.finish().await;
        ticket.left = Left::Nothing;
        // What is too large for the store may be finished in another way.
        if !matches!(&finished, Err(error) if error.kind() == StoreErrorKind::TooLarge) {
            self.ticket = None;
        }
        finished
    }
}

impl<St: IdempotencyStore> Ticket<St> {
    async fn finish(&self) -> Result<Finished, StoreError> {
        let fence = match &self.owner {
            Owner::Mark(mark) => Fence::Owner(mark),
            Owner::Lease(end) => Fence::Lease(*end),
        };
        match &self.left {
            Left::Nothing => Ok(Finished::Done),
            Left::Release => self.store.release(&Release::new(&self.key, fence)).await,
            Left::Complete {
                answer,
                now,
                expiration,
            } => {
                let completion = Completion::new(&self.key, fence, answer, *now, *expiration)
                    .with_run(&self.mark)
                    .with_payload_hash(self.payload_hash.as_deref());
                self.store.complete(&completion).await
            }
        }
    }
}

impl<St: IdempotencyStore> Drop for Hold<St> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        if matches!(ticket.left, Left::Nothing) {
            return;
        }
        // Without a runtime nothing can be awaited: the lease covers that.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        // The task belongs to no invocation: it may outlive this one.
        drop(runtime.spawn(async move {
            if let Err(error) = ticket.finish().await {
                tracing::warn!(
                    target: "powertools::idempotency",
                    error = &error as &(dyn Error + 'static),
                    "the record of a dropped call is left to its lease"
                );
            }
        }));
    }
}

impl<St: IdempotencyStore> fmt::Debug for Hold<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("armed", &self.ticket.is_some())
            .finish()
    }
}
