//! A running call of one library is left alone by the other, until its lease is over.

use std::{convert::Infallible, time::Duration};

use powertools_core::{Host, LayerError, SharedClock, test_util::ManualClock};
use powertools_idempotency::{
    IdempotencyBuilder, IdempotencyError, IdempotencyErrorKind, idempotent, store::IdempotencyStore,
};
use serde_json::value::RawValue;
use testbed::process::Test;

use super::{
    function::{Function, raw},
    library::{Library, Outcome, Running},
    place::Place,
};

pub(crate) fn tests<P: Place>(place: &str) -> Vec<Test> {
    vec![
        Test::new(
            format!("running_call_of_python_holds_its_lease_in_{place}"),
            theirs::<P>,
        ),
        Test::new(
            format!("our_running_call_holds_its_lease_in_{place}"),
            ours::<P>,
        ),
        Test::new(
            format!("late_end_in_python_asks_for_no_owner_in_{place}"),
            late_theirs::<P>,
        ),
        Test::new(
            format!("our_late_completion_leaves_the_record_of_python_in_{place}"),
            late_ours::<P>,
        ),
    ]
}

const FUNCTION: Function = Function::HANDLER;
/// A lease that does not end while a test runs.
const LEASE: Duration = Duration::from_secs(600);
const LEASE_MILLIS: Option<i32> = Some(600_000);
/// Then it is over, although the record has not expired.
const AFTER: Duration = Duration::from_secs(601);
const EXPIRED: Duration = Duration::from_secs(3602);

/// Payloads of keys that have nothing to do with each other.
const ONE: &str = r#"{"order": 1}"#;
const TWO: &str = r#"{"order": 2}"#;
const THREE: &str = r#"{"order": 3}"#;

type Answer = Result<Box<RawValue>, LayerError<Infallible, IdempotencyError>>;

/// The clock of this machine, but for so much.
fn later(place: &impl Place, by: Duration) -> Host {
    let clock = ManualClock::at(SharedClock::default().now() + by);
    place.host().with_clock(clock.shared())
}

fn earlier(place: &impl Place, by: Duration) -> Host {
    let clock = ManualClock::at(SharedClock::default().now() - by);
    place.host().with_clock(clock.shared())
}

/// A call of ours with other things going on while its function runs.
async fn during<St: IdempotencyStore>(
    builder: IdempotencyBuilder<St>,
    payload: &str,
    meanwhile: impl Future<Output = ()>,
    result: &str,
) -> Answer {
    let config = builder.build_config().unwrap();
    idempotent(&config, &raw(payload), || async {
        meanwhile.await;
        Ok(raw(result))
    })
    .await
}

fn kind(answer: Answer) -> Option<IdempotencyErrorKind> {
    match answer {
        Err(LayerError::Layer(error)) => Some(error.kind()),
        _ => None,
    }
}

async fn theirs<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    let call = |host, payload| FUNCTION.call(FUNCTION.ours(&place, host), payload, "2");
    let in_progress = (false, Err(IdempotencyErrorKind::InProgress));
    let taken_over = (true, Ok("2".to_owned()));

    let running = python.start(FUNCTION, LEASE_MILLIS, ONE).await;
    assert_eq!(call(place.host(), ONE).await, in_progress);
    assert_eq!(python.finish(running, Some("1")).await, Outcome::ran("1"));
    let replayed = (false, Ok("1".to_owned()));
    assert_eq!(call(place.host(), ONE).await, replayed);
    // The record of a completed call keeps the end of its lease, which means nothing then.
    assert_eq!(call(later(&place, AFTER), ONE).await, replayed);

    let _abandoned = python.start(FUNCTION, LEASE_MILLIS, TWO).await;
    assert_eq!(call(later(&place, AFTER), TWO).await, taken_over);
    let replayed = python.call(FUNCTION, TWO, "3").await;
    assert_eq!(replayed, Outcome::replayed("2"));

    // Without a lease it locks until it expires.
    let _abandoned = python.start(FUNCTION, None, THREE).await;
    assert_eq!(call(later(&place, AFTER), THREE).await, in_progress);
    assert_eq!(call(later(&place, EXPIRED), THREE).await, taken_over);
}

async fn ours<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    let function = Function::FUNCTION;
    let builder = || function.ours(&place, place.host()).lease(LEASE);
    let meanwhile = async {
        let refused = python.call(function, ONE, "2").await;
        let in_progress = "IdempotencyAlreadyInProgressError";
        assert_eq!(refused, Outcome::refused(in_progress));
    };
    let answer = during(builder(), ONE, meanwhile, "1").await.unwrap();
    assert_eq!(answer.get(), "1");
    let replayed = python.call(function, ONE, "2").await;
    assert_eq!(replayed, Outcome::replayed("1"));
}

/// A call of Python's whose lease is over, and whose key we have taken over and completed.
async fn taken_over<P: Place>(place: &P, python: &mut Library, payload: &str) -> Running {
    let late = python.start(FUNCTION, LEASE_MILLIS, payload).await;
    let ours = FUNCTION.ours(place, later(place, AFTER));
    let answer = FUNCTION.call(ours, payload, r#""ours""#).await;
    assert_eq!(answer, (true, Ok(r#""ours""#.to_owned())));
    late
}

/// What GUARANTEES.md says of other languages.
async fn late_theirs<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    let ours = || FUNCTION.ours(&place, later(&place, AFTER));

    let late = taken_over(&place, &mut python, ONE).await;
    let overwritten = python.finish(late, Some(r#""late""#)).await;
    assert_eq!(overwritten, Outcome::ran(r#""late""#));
    let replayed = FUNCTION.call(ours(), ONE, "2").await;
    assert_eq!(replayed, (false, Ok(r#""late""#.to_owned())));

    let late = taken_over(&place, &mut python, TWO).await;
    let failed = python.finish(late, None).await;
    assert_eq!(failed.end, Err("Failure".to_owned()));
    let deleted = FUNCTION.call(ours(), TWO, "2").await;
    assert_eq!(deleted, (true, Ok("2".to_owned())));

    // While ours runs: the answer that is stored stays, and the call of ours is told so.
    let late = python.start(FUNCTION, LEASE_MILLIS, THREE).await;
    let meanwhile = async {
        let overwritten = python.finish(late, Some(r#""late""#)).await;
        assert_eq!(overwritten, Outcome::ran(r#""late""#));
    };
    let answer = during(ours(), THREE, meanwhile, r#""ours""#).await;
    assert_eq!(kind(answer), Some(IdempotencyErrorKind::LeaseLost));
    let replayed = FUNCTION.call(ours(), THREE, "2").await;
    assert_eq!(replayed, (false, Ok(r#""late""#.to_owned())));
}

async fn late_ours<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    let ours = || FUNCTION.ours(&place, earlier(&place, AFTER)).lease(LEASE);
    let meanwhile = async {
        let taken_over = python.call(FUNCTION, ONE, r#""python""#).await;
        assert_eq!(taken_over, Outcome::ran(r#""python""#));
    };
    let answer = during(ours(), ONE, meanwhile, r#""ours""#).await;
    assert_eq!(kind(answer), Some(IdempotencyErrorKind::LeaseLost));
    let replayed = python.call(FUNCTION, ONE, "2").await;
    assert_eq!(replayed, Outcome::replayed(r#""python""#));

    // Nor is the record of its running call deleted.
    let config = ours().build_config().unwrap();
    let mut running = None;
    let failed: Result<(), _> = idempotent(&config, &raw(TWO), || async {
        running = Some(python.start(FUNCTION, LEASE_MILLIS, TWO).await);
        Err("declined")
    })
    .await;
    assert!(failed.is_err());
    let refused = FUNCTION
        .call(FUNCTION.ours(&place, place.host()), TWO, "2")
        .await;
    assert_eq!(refused, (false, Err(IdempotencyErrorKind::InProgress)));
    let ran = python.finish(running.unwrap(), Some("3")).await;
    assert_eq!(ran, Outcome::ran("3"));
}
