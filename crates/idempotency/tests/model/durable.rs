//! A durable function and its replay, which goes on under the record that it finds.

use crate::{
    check::{Expected, USUAL, check},
    coverage::Seen,
    system::{NOT_STORED, OVERWRITTEN, REPEATED, TWO_ANSWERS, TWO_OWNERS, UNRECORDED},
    world::{Config, Fault, Replay},
};

/// The first run has crashed, or its time is over. What it has sent may still arrive.
#[test]
fn replay_that_comes_when_the_first_run_is_over() {
    let expected = Expected {
        violated: &[],
        seen: &[
            Seen::Adopted,
            Seen::LeaseLost,
            Seen::NotReleased,
            Seen::Replay,
            Seen::Shared,
        ],
    };
    let config = Config {
        replay: Replay::After,
        ..USUAL
    };
    check("durable replay", config, 26_392, &expected);
}

/// Two runs at a time, which Lambda promises not to start: whoever fails deletes the record under
/// the other. Nobody deletes or changes it once one of them has completed it.
#[test]
fn replay_beside_the_first_run() {
    let expected = Expected {
        violated: &[UNRECORDED],
        seen: &[
            Seen::Adopted,
            Seen::LeaseLost,
            Seen::NotReleased,
            Seen::Shared,
        ],
    };
    let config = Config {
        replay: Replay::Beside,
        ..USUAL
    };
    check("durable replay beside", config.clone(), 93_476, &expected);
    let expected = Expected {
        violated: &[TWO_OWNERS, REPEATED, UNRECORDED],
        seen: &[Seen::Adopted, Seen::Shared],
    };
    let config = Config {
        calls: 3,
        last_tick: 2,
        resends: 0,
        ..config
    };
    check(
        "durable replay beside and a third",
        config,
        111_145,
        &expected,
    );
}

#[test]
fn replay_of_a_run_in_another_language() {
    let expected = Expected {
        violated: &[OVERWRITTEN, NOT_STORED, UNRECORDED],
        seen: &[Seen::Adopted],
    };
    let config = Config {
        replay: Replay::After,
        fault: Fault::ForeignWriter,
        resends: 0,
        ..USUAL
    };
    check(
        "durable replay of another language",
        config,
        7_368,
        &expected,
    );
}

#[test]
fn completed_record_must_not_be_finished_again_under_its_mark() {
    let config = Config {
        replay: Replay::Beside,
        resends: 0,
        fault: Fault::CompletedTwice,
        ..USUAL
    };
    let expected = Expected {
        violated: &[OVERWRITTEN, TWO_ANSWERS, NOT_STORED, UNRECORDED],
        seen: &[Seen::Adopted],
    };
    check("completed twice", config.clone(), 15_016, &expected);
    let config = Config {
        fault: Fault::ReleasedAfterCompletion,
        ..config
    };
    let expected = Expected {
        violated: &[OVERWRITTEN, NOT_STORED, UNRECORDED],
        seen: &[Seen::Adopted],
    };
    check("released after completion", config, 14_620, &expected);
}
