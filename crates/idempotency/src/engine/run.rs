use std::{
    error::Error,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
};

use futures_util::FutureExt;

use super::{call::Call, execute::Failure};
use crate::{
    Exchange, IdempotencyError, IdempotencyErrorKind, IdempotencyStore, KeepErrors, Kept, TooLarge,
    guard::Hold,
    lease::Lease,
    protocol::Run,
    record::{Answer, Status, StoredRecord},
    store::{Finished, StoreErrorKind},
};

impl<St: IdempotencyStore, H, F> Call<'_, St, H, F> {
    /// Runs the function under its lease, and brings its record to an end.
    pub(super) async fn run<X, Res, Err, Fut>(
        &self,
        run_under: Run,
        mut hold: Hold<St>,
        run: impl FnOnce() -> Fut,
    ) -> Result<Res, Failure<Err>>
    where
        X: Exchange<Res, Err>,
        F: KeepErrors<Err>,
        Fut: Future<Output = Result<Res, Err>>,
    {
        let settings = self.settings();
        hold.running(&run_under, settings.after_timeout);
        let clock = settings.host.clock().clone();
        let lease = Lease::new(&self.key, &run_under, self.now(), clock);
        let mut has_answered = false;
        // `run` itself may panic as well, before there is a future.
        let kept = async {
            let response = run().await?;
            // What was done is done: from here on only the lease may let it run again.
            has_answered = true;
            hold.nothing_left();
            Ok(X::keep(response, &self.identity, &settings.exchange).await)
        };
        let kept = AssertUnwindSafe(lease.scope(kept)).catch_unwind().await;
        match kept {
            Ok(Ok(kept)) => self.keep(kept, &mut hold).await.map_err(Failure::Own),
            Ok(Err(error)) => {
                let json = self.shared.errors.keep(&error);
                let unfinished = self.fail(json, &mut hold).await.err();
                Err(Failure::Inner(error, unfinished))
            }
            Err(panic) => {
                if !has_answered {
                    self.release_or_warn(&mut hold).await;
                }
                resume_unwind(panic)
            }
        }
    }

    /// Brings the record of a call to an end that has failed, with this error if it is final.
    async fn fail(
        &self,
        json: Option<String>,
        hold: &mut Hold<St>,
    ) -> Result<(), IdempotencyError> {
        let finished = match json {
            None => self.release(hold).await,
            Some(json) => {
                let answer = Answer::Error(json.into());
                self.complete_fitting(hold, answer).await.map(drop)
            }
        };
        match finished {
            // The error itself says more than that somebody else has the key by now.
            Err(error) if error.is_lease_lost() => Ok(()),
            finished => finished,
        }
    }

    /// Brings the record of a call to an end that has answered.
    async fn keep<Res>(
        &self,
        kept: Kept<Res>,
        hold: &mut Hold<St>,
    ) -> Result<Res, IdempotencyError> {
        match kept {
            Kept::Answer(response, json) => {
                let answer = Answer::Response(json.into());
                if self.complete_fitting(hold, answer).await? {
                    return Ok(response);
                }
                match self.settings().too_large {
                    TooLarge::OmitResponse => Ok(response),
                    TooLarge::Error => Err(self.error(IdempotencyErrorKind::TooLarge)),
                }
            }
            Kept::Failure(response) => {
                self.release_or_warn(hold).await;
                Ok(response)
            }
            Kept::Unstorable(error) => Err(error.with_key(&self.key)),
        }
    }

    /// Completes with the answer, or without it if it is too large: it would be so each time that
    /// it ran again. True if it was kept.
    async fn complete_fitting(
        &self,
        hold: &mut Hold<St>,
        answer: Answer,
    ) -> Result<bool, IdempotencyError> {
        let max = self.shared.store.max_answer_len(&self.key);
        let fits = match &answer {
            Answer::Response(json) | Answer::Error(json) => max.is_none_or(|max| json.len() <= max),
            Answer::Omitted | Answer::Overflow(_) => true,
        };
        if fits {
            match self.complete(hold, answer).await {
                // Only the store knew.
                Err(error) if error.store() == Some(StoreErrorKind::TooLarge) => {}
                completed => return completed.map(|()| true),
            }
        }
        self.complete(hold, Answer::Omitted).await.map(|()| false)
    }

    async fn complete(&self, hold: &mut Hold<St>, answer: Answer) -> Result<(), IdempotencyError> {
        let now = self.now();
        let expiration = now.after(self.settings().expires_after).seconds();
        match hold.complete(answer.clone(), now, expiration).await {
            Ok(Finished::Done) => {
                self.cache(|| {
                    let record = StoredRecord::new(Status::Completed, expiration);
                    let record = record.with_answer(answer);
                    match self.identity.payload_hash() {
                        Some(hash) => record.with_payload_hash(hash),
                        None => record,
                    }
                });
                Ok(())
            }
            Ok(Finished::NotOwner) => Err(self.error(IdempotencyErrorKind::LeaseLost)),
            Err(error) => Err(self.store_error(IdempotencyErrorKind::Complete, error)),
        }
    }

    /// Deletes the record. One that belongs to somebody else by now is theirs to finish.
    async fn release(&self, hold: &mut Hold<St>) -> Result<(), IdempotencyError> {
        self.settings().cache.remove(&self.key);
        match hold.release().await {
            Ok(Finished::Done | Finished::NotOwner) => Ok(()),
            Err(error) => Err(self.store_error(IdempotencyErrorKind::Release, error)),
        }
    }

    async fn release_or_warn(&self, hold: &mut Hold<St>) {
        if let Err(error) = self.release(hold).await {
            tracing::warn!(
                target: "powertools::idempotency",
                error = &error as &(dyn Error + 'static),
                "the record of a failed call is left to its lease"
            );
        }
    }
}
