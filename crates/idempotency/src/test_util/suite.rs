use std::{any::Any, panic::AssertUnwindSafe};

use futures_util::FutureExt;

use super::cases::{claims, fences, finishes, keys, races};
use crate::IdempotencyStore;

macro_rules! run {
    ($make:ident: $($room:ident::$case:ident,)+) => {$(
        let case = AssertUnwindSafe(async { $room::$case($make().await).await });
        if let Err(panic) = case.catch_unwind().await {
            fail(concat!(stringify!($room), "::", stringify!($case)), panic.as_ref());
        }
    )+};
}

/// Runs every case of the contract of [`IdempotencyStore`], each over a store of its own that
/// `make` gives. Call it in a Tokio runtime; the races are truer on several threads.
///
/// A store must be empty, but may share a server with others if it keeps its keys apart from
/// theirs. The times are those of the year 2096, so that a store which deletes by its own clock
/// does not interfere.
///
/// # Panics
///
/// With the name of the first case that does not hold.
pub async fn assert_store_conforms<St: IdempotencyStore>(make: impl AsyncFn() -> St) {
    run!(make:
        claims::absent_key_is_claimed,
        claims::claim_is_refused_with_the_record_of_the_running_call,
        claims::claim_is_refused_with_the_completed_record,
        claims::lease_holds_until_its_last_millisecond,
        claims::lease_of_no_time_is_a_lease,
        claims::running_record_counts_in_its_last_second,
        claims::completed_record_counts_in_its_last_second,
        claims::lease_of_a_completed_record_means_nothing,
        claims::takeover_wipes_answer_and_hash,
        claims::same_claim_twice_meets_itself,
        finishes::every_answer_comes_back,
        finishes::completion_keeps_hash_and_mark,
        finishes::completion_sets_hash_and_expiration,
        finishes::completion_twice_is_done,
        finishes::completion_of_an_absent_record_writes_it,
        finishes::completion_after_the_lease_is_done_if_nobody_took_over,
        finishes::answer_of_the_greatest_length_is_kept,
        finishes::release_deletes_and_frees_the_key,
        finishes::release_twice_is_done,
        fences::foreign_completion_leaves_the_record_alone,
        fences::foreign_release_leaves_the_record_alone,
        fences::owner_that_was_replaced_can_neither_complete_nor_release,
        fences::whoever_has_no_mark_cannot_finish_a_marked_record,
        fences::record_without_a_mark_is_finished_without_one,
        fences::completed_record_takes_no_other_answer_and_is_not_released,
        keys::keys_are_kept_apart,
        keys::reads_are_never_stale,
        races::one_of_many_claims_is_written,
        races::one_of_many_takes_over,
        races::completion_or_takeover,
    );
}

fn fail(case: &str, panic: &(dyn Any + Send)) -> ! {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    panic!(
        "the store does not conform in `{case}`: {}",
        text.unwrap_or("it panicked")
    );
}
