//! The decision table: what a record means for a call. Nothing here knows a clock, a store or a
//! future; stores, the protocol, property tests and the model check call these very functions.

use std::time::Duration;

use crate::{
    now::Now,
    record::{Answer, Status, StoredRecord},
};

/// How long an owner may run that is not known to have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AfterTimeout {
    /// A duplicate runs again as soon as the time of the first call is over.
    #[default]
    Retry,
    /// Duplicates are still told to be in progress for this long. It also makes up for clocks
    /// that differ by less.
    /// At most a hundred years: a record must become runnable.
    Hold(Duration),
    /// Duplicates are told to be in progress until the record expires.
    NeverRetry,
}

/// The times that a claim writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Times {
    /// The last second in which the record counts.
    pub(crate) expiration: i64,
    /// The last millisecond in which others keep away: the end of the lease, and of the hold.
    pub(crate) in_progress_expiration: i64,
    /// The last millisecond of the lease itself: the owner's own time.
    pub(crate) lease_end: i64,
}

/// The lease of a call that begins now and has this much time, and the expiry of its record.
///
/// A record never expires before its lease has ended: whoever ran it again would run beside it.
pub(crate) fn lease(
    now: Now,
    time: Duration,
    expires_after: Duration,
    after_timeout: AfterTimeout,
) -> Times {
    let lease = now.after(time);
    let held = match after_timeout {
        AfterTimeout::Hold(hold) => lease.after(hold),
        AfterTimeout::Retry | AfterTimeout::NeverRetry => lease,
    };
    // Rounded up: a store that deletes by the second must not do it within the lease.
    let expiration = now.after(expires_after).seconds().max(held.next_second());
    let held = match after_timeout {
        AfterTimeout::NeverRetry => Now::end_of_second(expiration),
        AfterTimeout::Retry | AfterTimeout::Hold(_) => held,
    };
    Times {
        expiration,
        in_progress_expiration: held.millis(),
        lease_end: lease.millis(),
    }
}

/// Whether a record no longer counts.
pub(crate) fn is_expired(record: &StoredRecord, now: Now) -> bool {
    record.expiration() < now.seconds()
}

/// Whether the time of the call that a record stands for is over.
///
/// A record of another language without a lease locks until it expires.
pub(crate) fn is_lease_over(record: &StoredRecord, now: Now) -> bool {
    let lease = record.in_progress_expiration();
    lease.is_some_and(|lease| lease < now.millis())
}

/// Whether a claim may take the place of a record: the condition under which a store writes.
/// There is no record, or it has expired, or its owner's time is over.
pub(crate) fn may_claim(record: Option<&StoredRecord>, now: Now) -> bool {
    record.is_none_or(|record| {
        is_expired(record, now)
            || (record.status() == Status::InProgress && is_lease_over(record, now))
    })
}

/// Whose record it must be that is completed or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fence<'a> {
    /// That of the run with this mark.
    Owner(&'a str),
    /// That of another language, which has no mark: known by the end of its lease.
    Lease(Option<i64>),
}

impl Fence<'_> {
    fn holds(&self, record: &StoredRecord) -> bool {
        match *self {
            Self::Owner(mark) => record.owner() == Some(mark),
            Self::Lease(end) => record.owner().is_none() && record.in_progress_expiration() == end,
        }
    }
}

/// Whether this answer may be kept: there is no record, or it is ours and has none yet, or has
/// this very answer, since a completion may be sent twice.
pub(crate) fn may_complete(
    record: Option<&StoredRecord>,
    fence: Fence<'_>,
    answer: &Answer,
) -> bool {
    record.is_none_or(|record| {
        fence.holds(record)
            && (record.status() == Status::InProgress || record.answer() == Some(answer))
    })
}

/// Whether the record may be deleted: it is ours, and nobody has completed it.
pub(crate) fn may_release(record: Option<&StoredRecord>, fence: Fence<'_>) -> bool {
    record.is_none_or(|record| fence.holds(record) && record.status() == Status::InProgress)
}

/// What is asked of a record that stood in the way of a claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// When it is asked.
    pub(crate) now: Now,
    /// The mark of the run that asks.
    pub(crate) owner: &'a str,
    /// The hash of its payload, if payloads are validated.
    pub(crate) payload_hash: Option<&'a str>,
    /// Whether a durable function runs once more over what it has done.
    pub(crate) durable_replay: bool,
}

/// What the record means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Decision {
    /// Run under the mark of the record: a durable function goes on.
    Run,
    /// Give the stored answer.
    Replay,
    /// Somebody else runs it, until its lease ends at the latest.
    InProgress,
    /// The same key with another payload.
    Mismatch,
    /// Our own claim, of which the reply was lost: run.
    Mine,
    /// The record no longer stands in the way: claim again.
    Retry,
}

/// Decides what a record means.
pub(crate) fn decide(record: &StoredRecord, question: &Question<'_>) -> Decision {
    let in_progress = record.status() == Status::InProgress;
    let over =
        is_expired(record, question.now) || (in_progress && is_lease_over(record, question.now));
    if in_progress && record.owner() == Some(question.owner) {
        return if over {
            Decision::Retry
        } else {
            Decision::Mine
        };
    }
    // Before anything else is made of the record: a changed payload is an error even while the
    // first call runs.
    if question.payload_hash.is_some() && record.payload_hash() != question.payload_hash {
        return Decision::Mismatch;
    }
    if over {
        return Decision::Retry;
    }
    match record.status() {
        Status::Completed => Decision::Replay,
        Status::InProgress if question.durable_replay => Decision::Run,
        Status::InProgress => Decision::InProgress,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now::from_millis(10_500);
    const MINE: &str = "mine";

    fn record(status: Status) -> StoredRecord {
        StoredRecord::new(status, 100).with_owner("theirs")
    }

    fn running() -> StoredRecord {
        record(Status::InProgress).with_in_progress_expiration(20_000)
    }

    fn asked(record: &StoredRecord) -> Decision {
        let question = Question {
            now: NOW,
            owner: MINE,
            payload_hash: None,
            durable_replay: false,
        };
        decide(record, &question)
    }

    fn with_hash(record: &StoredRecord, payload_hash: &str) -> Decision {
        let question = Question {
            now: NOW,
            owner: MINE,
            payload_hash: Some(payload_hash),
            durable_replay: false,
        };
        decide(record, &question)
    }

    fn in_replay(record: &StoredRecord) -> Decision {
        let question = Question {
            now: NOW,
            owner: MINE,
            payload_hash: None,
            durable_replay: true,
        };
        decide(record, &question)
    }

    #[test]
    fn completed_record_is_replayed_up_to_and_in_the_second_of_its_expiry() {
        assert_eq!(asked(&record(Status::Completed)), Decision::Replay);
        assert_eq!(
            asked(&StoredRecord::new(Status::Completed, 10)),
            Decision::Replay
        );
        assert_eq!(
            asked(&StoredRecord::new(Status::Completed, 9)),
            Decision::Retry
        );
    }

    #[test]
    fn lease_of_a_completed_record_means_nothing() {
        let record = record(Status::Completed).with_in_progress_expiration(1);
        assert_eq!(asked(&record), Decision::Replay);
        assert!(!may_claim(Some(&record), NOW));
    }

    #[test]
    fn running_call_is_in_progress_up_to_and_in_the_last_millisecond_of_its_lease() {
        assert_eq!(asked(&running()), Decision::InProgress);
        let last = record(Status::InProgress).with_in_progress_expiration(10_500);
        assert_eq!(asked(&last), Decision::InProgress);
        assert!(!may_claim(Some(&last), NOW));
        let over = record(Status::InProgress).with_in_progress_expiration(10_499);
        assert_eq!(asked(&over), Decision::Retry);
        assert!(may_claim(Some(&over), NOW));
    }

    #[test]
    fn record_without_a_lease_locks_until_it_expires() {
        let locked = record(Status::InProgress);
        assert_eq!(asked(&locked), Decision::InProgress);
        assert!(!may_claim(Some(&locked), NOW));
        let expired = StoredRecord::new(Status::InProgress, 9);
        assert_eq!(asked(&expired), Decision::Retry);
        assert!(may_claim(Some(&expired), NOW));
    }

    #[test]
    fn lease_of_zero_is_a_lease() {
        let record = record(Status::InProgress).with_in_progress_expiration(0);
        assert_eq!(asked(&record), Decision::Retry);
        assert!(may_claim(Some(&record), NOW));
    }

    #[test]
    fn own_claim_is_recognised_while_its_lease_lives() {
        let mine = running().with_owner(MINE);
        assert_eq!(asked(&mine), Decision::Mine);
        let over = mine.with_in_progress_expiration(10_499);
        assert_eq!(asked(&over), Decision::Retry);
    }

    #[test]
    fn own_claim_is_recognised_before_hashes_are_compared() {
        let mine = running().with_owner(MINE).with_payload_hash("other");
        assert_eq!(with_hash(&mine, "hash"), Decision::Mine);
    }

    #[test]
    fn another_payload_is_a_mismatch_whatever_else_the_record_says() {
        for record in [
            running(),
            record(Status::Completed),
            StoredRecord::new(Status::Completed, 9),
        ] {
            let other = record.clone().with_payload_hash("other");
            assert_eq!(with_hash(&other, "hash"), Decision::Mismatch, "{other:?}");
            assert_eq!(
                with_hash(&record, "hash"),
                Decision::Mismatch,
                "no hash at all"
            );
            let same = record.with_payload_hash("hash");
            assert_ne!(with_hash(&same, "hash"), Decision::Mismatch, "{same:?}");
        }
    }

    #[test]
    fn hash_of_a_record_is_ignored_when_payloads_are_not_validated() {
        let record = record(Status::Completed).with_payload_hash("other");
        assert_eq!(asked(&record), Decision::Replay);
    }

    #[test]
    fn durable_replay_goes_on_where_the_call_stands_and_replays_what_is_done() {
        assert_eq!(in_replay(&running()), Decision::Run);
        assert_eq!(in_replay(&record(Status::InProgress)), Decision::Run);
        assert_eq!(in_replay(&record(Status::Completed)), Decision::Replay);
        let over = record(Status::InProgress).with_in_progress_expiration(1);
        assert_eq!(in_replay(&over), Decision::Retry, "a claim takes its place");
    }

    fn answer(json: &str) -> Answer {
        Answer::Response(json.into())
    }

    fn completes(record: &StoredRecord, fence: Fence<'_>) -> bool {
        may_complete(Some(record), fence, &answer("1"))
    }

    #[test]
    fn only_the_owner_finishes_and_anybody_where_there_is_no_record() {
        assert!(may_complete(None, Fence::Owner(MINE), &answer("1")));
        assert!(may_release(None, Fence::Owner(MINE)));
        let mine = running().with_owner(MINE);
        assert!(completes(&mine, Fence::Owner(MINE)));
        assert!(may_release(Some(&mine), Fence::Owner(MINE)));
        let foreign = StoredRecord::new(Status::InProgress, 100);
        for record in [running(), foreign] {
            assert!(!completes(&record, Fence::Owner(MINE)));
            assert!(!may_release(Some(&record), Fence::Owner(MINE)));
        }
    }

    #[test]
    fn completed_record_is_neither_released_nor_completed_otherwise() {
        let done = record(Status::Completed).with_owner(MINE);
        let same = done.clone().with_answer(answer("1"));
        let other = done.with_answer(answer("2"));
        assert!(completes(&same, Fence::Owner(MINE)), "sent twice");
        assert!(!completes(&other, Fence::Owner(MINE)));
        for record in [same, other] {
            assert!(!may_release(Some(&record), Fence::Owner(MINE)));
        }
    }

    #[test]
    fn record_of_another_language_is_known_by_its_lease() {
        let foreign = StoredRecord::new(Status::InProgress, 100);
        assert!(completes(&foreign, Fence::Lease(None)));
        assert!(!completes(&foreign, Fence::Lease(Some(20_000))));
        let leased = foreign.with_in_progress_expiration(20_000);
        assert!(completes(&leased, Fence::Lease(Some(20_000))));
        assert!(may_release(Some(&leased), Fence::Lease(Some(20_000))));
        assert!(
            !completes(&leased, Fence::Lease(Some(20_001))),
            "its successor"
        );
        assert!(
            !completes(&running(), Fence::Lease(Some(20_000))),
            "has a mark"
        );
    }

    #[test]
    fn record_outlives_its_lease() {
        let second = Duration::from_secs(1);
        let times = lease(NOW, 30 * second, second, AfterTimeout::Retry);
        assert_eq!(times.in_progress_expiration, 40_500);
        assert_eq!(times.expiration, 41);
        let usual = lease(NOW, 30 * second, 3600 * second, AfterTimeout::Retry);
        assert_eq!(usual.expiration, 3610);
    }

    #[test]
    fn hold_adds_to_the_lease() {
        let second = Duration::from_secs(1);
        let held = lease(NOW, second, 3600 * second, AfterTimeout::Hold(60 * second));
        assert_eq!(held.in_progress_expiration, 71_500);
        assert_eq!(held.lease_end, 11_500, "the hold is not the owner's");
        let beyond = lease(NOW, second, second, AfterTimeout::Hold(Duration::MAX));
        assert_eq!(beyond.in_progress_expiration, i64::MAX);
        assert_eq!(beyond.expiration, i64::MAX / 1000 + 1);
    }

    #[test]
    fn never_holds_the_lease_until_the_record_expires() {
        let second = Duration::from_secs(1);
        let never = lease(NOW, second, 3600 * second, AfterTimeout::NeverRetry);
        assert_eq!(never.expiration, 3610);
        let record = StoredRecord::new(Status::InProgress, never.expiration)
            .with_in_progress_expiration(never.in_progress_expiration);
        let last = Now::from_millis(3_610_999);
        assert!(!may_claim(Some(&record), last));
        assert!(may_claim(
            Some(&record),
            last.after(Duration::from_millis(1))
        ));
    }

    #[test]
    fn no_time_left_is_a_lease_that_ends_now() {
        let times = lease(
            NOW,
            Duration::ZERO,
            Duration::from_secs(1),
            AfterTimeout::Retry,
        );
        assert_eq!(times.in_progress_expiration, NOW.millis());
    }
}
