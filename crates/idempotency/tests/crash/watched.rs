use std::sync::Arc;

use powertools_idempotency::{
    Answer, IdempotencyStore, StoreError, StoredRecord,
    store::{Claim, Claimed, Completion, Fence, Finished, Release},
};

use crate::{
    child::{CALL, Child},
    event::{self, End, Event, Step},
    order::Point,
};

/// A store with the points before and after its steps, which reports what becomes of a record.
pub(crate) struct Watched<St> {
    store: St,
    child: Arc<Child>,
}

impl<St> Watched<St> {
    pub(crate) fn new(store: St, child: Arc<Child>) -> Self {
        Self { store, child }
    }

    fn finishing(&self, fence: Fence<'_>, step: Step) {
        let (owner, at) = (owner(fence), self.child.now());
        self.child.report(&Event::Finishing { owner, step, at });
    }

    fn finished(&self, fence: Fence<'_>, step: Step, finished: &Result<Finished, StoreError>) {
        let end = match finished {
            Ok(Finished::Done) => End::Done,
            Ok(_) => End::NotOwner,
            Err(_) => End::Failed,
        };
        self.child.report(&Event::Finished {
            owner: owner(fence),
            step,
            end,
            at: self.child.now(),
        });
    }
}

impl<St: IdempotencyStore> IdempotencyStore for Watched<St> {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        self.child.visit(Point::BeforePut).await;
        let claimed = self.store.claim(claim).await;
        let recognised = match &claimed {
            Ok(Claimed::Refused(Some(record))) => record.owner() == Some(claim.owner()),
            _ => false,
        };
        let mine = event::Claim {
            owner: claim.owner().to_owned(),
            decided: claim.now().millis(),
            recognised,
        };
        CALL.with(|call| *call.claim.lock().unwrap() = mine);
        if recognised || matches!(claimed, Ok(Claimed::Written)) {
            self.child.visit(Point::AfterPut).await;
        }
        claimed
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.store.get(key).await
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        assert!(matches!(completion.answer(), Answer::Response(_)));
        self.child.visit(Point::BeforeCompletion).await;
        self.finishing(completion.fence(), Step::Completion);
        let finished = self.store.complete(completion).await;
        self.finished(completion.fence(), Step::Completion, &finished);
        if matches!(finished, Ok(Finished::Done)) {
            self.child.visit(Point::AfterCompletion).await;
        }
        finished
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        self.finishing(release.fence(), Step::Release);
        let finished = self.store.release(release).await;
        self.finished(release.fence(), Step::Release, &finished);
        finished
    }

    fn max_answer_len(&self, key: &str) -> Option<usize> {
        self.store.max_answer_len(key)
    }
}

fn owner(fence: Fence<'_>) -> String {
    match fence {
        Fence::Owner(mark) => mark.to_owned(),
        Fence::Lease(_) => unreachable!("nothing is adopted"),
    }
}
