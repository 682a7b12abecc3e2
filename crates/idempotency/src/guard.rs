use std::{error::Error, fmt, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    decision::AfterTimeout,
    now::Now,
    record::Answer,
    store::{Completion, Finished, IdempotencyStore, Release, StoreError},
};

/// What is left to do for a key that we may hold, also if the call is dropped.
pub(crate) struct Hold<St: IdempotencyStore> {
    ticket: Option<Ticket<St>>,
}

/// One key, held under one mark.
struct Ticket<St> {
    store: Arc<St>,
    key: Arc<str>,
    owner: Option<Box<str>>,
    payload_hash: Option<Box<str>>,
    left: Left,
}

/// What a drop leaves to be done.
enum Left {
    /// Nothing: the lease covers it.
    Lease,
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
    /// From before the claim: nothing has run yet, so it can be released however it ends.
    pub(crate) fn new(
        store: &Arc<St>,
        key: &Arc<str>,
        owner: &str,
        payload_hash: Option<&str>,
    ) -> Self {
        Self {
            ticket: Some(Ticket {
                store: Arc::clone(store),
                key: Arc::clone(key),
                owner: Some(owner.into()),
                payload_hash: payload_hash.map(Into::into),
                left: Left::Release,
            }),
        }
    }

    /// There is nothing to release.
    pub(crate) fn nothing(&mut self) {
        self.ticket = None;
    }

    /// The function is about to run under this mark.
    pub(crate) fn running(&mut self, owner: Option<Box<str>>, after_timeout: AfterTimeout) {
        if let Some(ticket) = &mut self.ticket {
            ticket.owner = owner;
            // A dropped call may have had its effect. It is like a time-out, and not to be
            // repeated where that is not.
            ticket.left = match after_timeout {
                AfterTimeout::Retry => Left::Release,
                AfterTimeout::Hold(_) | AfterTimeout::NeverRetry => Left::Lease,
            };
        }
    }

    /// Deletes the record. A drop while it does goes on with it.
    pub(crate) async fn release(&mut self) -> Result<Finished, StoreError> {
        let Some(ticket) = &mut self.ticket else {
            return Ok(Finished::NotOwner);
        };
        ticket.left = Left::Release;
        let finished = ticket.finish().await;
        self.ticket = None;
        finished
    }

    /// Keeps the answer. A drop while it does goes on with it.
    pub(crate) async fn complete(
        &mut self,
        answer: Answer,
        now: Now,
        expiration: i64,
    ) -> Result<Finished, StoreError> {
        let Some(ticket) = &mut self.ticket else {
            return Ok(Finished::NotOwner);
        };
        ticket.left = Left::Complete {
            answer,
            now,
            expiration,
        };
        let finished = ticket.finish().await;
        self.ticket = None;
        finished
    }
}

impl<St: IdempotencyStore> Ticket<St> {
    async fn finish(&self) -> Result<Finished, StoreError> {
        let owner = self.owner.as_deref();
        match &self.left {
            Left::Lease => Ok(Finished::Done),
            Left::Release => self.store.release(&Release::new(&self.key, owner)).await,
            Left::Complete {
                answer,
                now,
                expiration,
            } => {
                let completion = Completion::new(&self.key, owner, answer, *now, *expiration)
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
        if matches!(ticket.left, Left::Lease) {
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
