//! The suite for stores, over the one in memory, and over ones with a fault that it must find.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use powertools_idempotency::{
    Answer, InMemoryStore, Status, StoreError, StoredRecord,
    store::{Claim, Claimed, Completion, Fence, Finished, IdempotencyStore, Release},
    test_util::assert_store_conforms,
};

#[tokio::test]
async fn memory_store_conforms() {
    assert_store_conforms(async || InMemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_store_conforms_on_several_threads() {
    assert_store_conforms(async || InMemoryStore::new()).await;
}

/// What a store may do wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    ReadsThenWrites,
    TakesOverTooEarly,
    TakesOverInTheLastSecond,
    KeepsTheAnswerOnTakeover,
    RefusesWithAnotherOwner,
    CompletesUnfenced,
    ReleasesUnfenced,
    IgnoresTheMissingMark,
    LosesTheHash,
    CompletesAgain,
    ReleasesTheCompleted,
    SpoilsText,
    RefusesTheSecondCompletion,
    CompletesOnlyWhatIsThere,
    ForgetsToDelete,
    FoldsTheCaseOfKeys,
    CutsKeys,
}

/// The store in memory, spoilt.
struct Faulty(InMemoryStore, Fault);

impl Faulty {
    fn key(&self, key: &str) -> String {
        match self.1 {
            Fault::FoldsTheCaseOfKeys => key.to_lowercase(),
            Fault::CutsKeys => key.chars().take(255).collect(),
            _ => key.to_owned(),
        }
    }

    /// As the store has it, read under another key.
    async fn there(&self, key: &str) -> Option<StoredRecord> {
        self.0.get(&self.key(key)).await.unwrap()
    }

    fn put(&self, key: &str, record: StoredRecord) {
        self.0.insert(self.key(key), record);
    }

    fn spoilt(&self, before: Option<&StoredRecord>, completion: &Completion<'_>) -> StoredRecord {
        let whole = completion.record(before);
        let mut record = StoredRecord::new(Status::Completed, whole.expiration())
            .with_in_progress_expiration(whole.in_progress_expiration());
        if let Some(hash) = whole.payload_hash()
            && self.1 != Fault::LosesTheHash
        {
            record = record.with_payload_hash(hash);
        }
        if let Some(owner) = whole.owner() {
            record = record.with_owner(owner);
        }
        record.with_answer(match (self.1, completion.answer()) {
            (Fault::SpoilsText, Answer::Response(json)) => {
                Answer::Response(json.replace('\0', "").into())
            }
            (_, answer) => answer.clone(),
        })
    }
}

impl IdempotencyStore for Faulty {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        let there = self.there(claim.key()).await;
        let early = there.as_ref().is_some_and(|there| match self.1 {
            Fault::TakesOverTooEarly => {
                there.status() == Status::InProgress
                    && there.in_progress_expiration() <= Some(claim.now().millis() + 1)
            }
            Fault::TakesOverInTheLastSecond => there.expiration() <= claim.now().seconds(),
            _ => false,
        });
        if self.1 == Fault::ReadsThenWrites {
            tokio::task::yield_now().await;
        }
        if !early && !claim.may_replace(there.as_ref()) {
            return Ok(Claimed::Refused(match self.1 {
                Fault::RefusesWithAnotherOwner => there.map(|there| there.with_owner("?")),
                _ => there,
            }));
        }
        let mut record = claim.record();
        if self.1 == Fault::KeepsTheAnswerOnTakeover
            && let Some(answer) = there.as_ref().and_then(StoredRecord::answer)
        {
            record = record.with_answer(answer.clone());
        }
        self.put(claim.key(), record);
        Ok(Claimed::Written)
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.there(key).await)
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let there = self.there(completion.key()).await;
        let may = match self.1 {
            Fault::CompletesUnfenced => true,
            Fault::IgnoresTheMissingMark if matches!(completion.fence(), Fence::Lease(_)) => true,
            Fault::CompletesAgain => {
                let whole = completion.record(None);
                there
                    .as_ref()
                    .is_none_or(|there| there.owner() == whole.owner())
            }
            Fault::CompletesOnlyWhatIsThere if there.is_none() => false,
            Fault::RefusesTheSecondCompletion
                if there.as_ref().map(StoredRecord::status) == Some(Status::Completed) =>
            {
                false
            }
            _ => completion.may_replace(there.as_ref()),
        };
        if !may {
            return Ok(Finished::NotOwner);
        }
        self.put(completion.key(), self.spoilt(there.as_ref(), completion));
        Ok(Finished::Done)
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        let there = self.there(release.key()).await;
        let may = match self.1 {
            Fault::ReleasesUnfenced => true,
            Fault::ReleasesTheCompleted => there.as_ref().is_none_or(|there| {
                Fence::Owner(there.owner().unwrap_or_default()) == release.fence()
            }),
            _ => release.may_delete(there.as_ref()),
        };
        if !may {
            return Ok(Finished::NotOwner);
        }
        if self.1 != Fault::ForgetsToDelete {
            self.0.remove(&self.key(release.key()));
        }
        Ok(Finished::Done)
    }
}

#[tokio::test]
async fn every_fault_is_found_by_the_case_that_is_about_it() {
    let mut others = Vec::new();
    for (fault, case) in [
        (
            Fault::ReadsThenWrites,
            "races::one_of_many_claims_is_written",
        ),
        (
            Fault::TakesOverTooEarly,
            "claims::lease_holds_until_its_last_millisecond",
        ),
        (
            Fault::TakesOverInTheLastSecond,
            "claims::running_record_counts_in_its_last_second",
        ),
        (
            Fault::KeepsTheAnswerOnTakeover,
            "claims::completed_record_counts_in_its_last_second",
        ),
        (
            Fault::RefusesWithAnotherOwner,
            "claims::claim_is_refused_with_the_record_of_the_running_call",
        ),
        (
            Fault::CompletesUnfenced,
            "fences::foreign_completion_leaves_the_record_alone",
        ),
        (
            Fault::ReleasesUnfenced,
            "fences::foreign_completion_leaves_the_record_alone",
        ),
        (
            Fault::IgnoresTheMissingMark,
            "fences::whoever_has_no_mark_cannot_finish_a_marked_record",
        ),
        (
            Fault::LosesTheHash,
            "claims::claim_is_refused_with_the_completed_record",
        ),
        (
            Fault::CompletesAgain,
            "fences::record_without_a_mark_is_finished_without_one",
        ),
        (
            Fault::ReleasesTheCompleted,
            "fences::completed_record_takes_no_other_answer_and_is_not_released",
        ),
        (Fault::SpoilsText, "finishes::every_answer_comes_back"),
        (
            Fault::RefusesTheSecondCompletion,
            "finishes::completion_twice_is_done",
        ),
        (
            Fault::CompletesOnlyWhatIsThere,
            "finishes::completion_of_an_absent_record_writes_it",
        ),
        (
            Fault::ForgetsToDelete,
            "claims::takeover_wipes_answer_and_hash",
        ),
        (Fault::FoldsTheCaseOfKeys, "keys::keys_are_kept_apart"),
        (Fault::CutsKeys, "keys::keys_are_kept_apart"),
    ] {
        let suite = assert_store_conforms(async || Faulty(InMemoryStore::new(), fault));
        let found = AssertUnwindSafe(suite).catch_unwind().await;
        let text = *found
            .expect_err("it was found")
            .downcast::<String>()
            .unwrap();
        let expected = format!("the store does not conform in `{case}`");
        if !text.starts_with(&expected) {
            others.push(format!("{fault:?}: {text}"));
        }
    }
    assert!(others.is_empty(), "found elsewhere: {others:#?}");
}
