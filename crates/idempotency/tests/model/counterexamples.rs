//! What must be found wrong: else the properties would tell nothing.

use crate::{
    check::{Expected, ONE_TICK, USUAL, check},
    decision::AfterTimeout,
    system::{
        NOT_STORED, OVERWRITTEN, REFUSED_BY_ITSELF, REPEATED, TWO_ANSWERS, TWO_OWNERS, UNRECORDED,
    },
    world::{Config, Fault},
};

#[test]
fn clocks_that_differ_by_more_than_the_hold_let_two_run() {
    let config = Config {
        skews: &[0, 1],
        last_tick: 4,
        resends: 0,
        ..USUAL
    };
    let expected = Expected {
        violated: &[TWO_OWNERS, REPEATED, UNRECORDED],
        seen: &[],
    };
    check("skew without a hold", config.clone(), 15_496, &expected);
    let config = Config {
        after_timeout: ONE_TICK,
        skews: &[0, 2],
        ..config
    };
    check("skew beyond the hold", config.clone(), 16_237, &expected);
    let config = Config {
        after_timeout: AfterTimeout::NeverRetry,
        skews: &[0, 2],
        deadline: false,
        ..config
    };
    check("skew at the expiry", config, 42_345, &expected);
}

/// What the page "What this does not guarantee" says of a table that is shared.
#[test]
fn writer_of_another_language_overwrites_and_deletes() {
    let config = Config {
        fault: Fault::ForeignWriter,
        resends: 0,
        ..USUAL
    };
    let expected = Expected {
        violated: &[OVERWRITTEN, NOT_STORED, UNRECORDED],
        seen: &[],
    };
    check("a foreign writer", config.clone(), 11_915, &expected);
    let config = Config {
        calls: 3,
        last_tick: 3,
        ..config
    };
    let expected = Expected {
        violated: &[
            OVERWRITTEN,
            TWO_ANSWERS,
            NOT_STORED,
            TWO_OWNERS,
            REPEATED,
            UNRECORDED,
        ],
        seen: &[],
    };
    check(
        "a foreign writer and two of ours",
        config,
        96_121,
        &expected,
    );
}

#[test]
fn conditions_on_completion_and_release_and_the_mark_are_needed() {
    let config = Config {
        deadline: false,
        last_tick: 4,
        resends: 0,
        fault: Fault::UnfencedCompletion,
        ..USUAL
    };
    let expected = Expected {
        violated: &[OVERWRITTEN, TWO_ANSWERS, NOT_STORED, REPEATED, UNRECORDED],
        seen: &[],
    };
    check("unfenced completion", config.clone(), 21_496, &expected);
    let config = Config {
        fault: Fault::UnfencedRelease,
        last_tick: 3,
        resends: 1,
        ..config
    };
    let expected = Expected {
        violated: &[OVERWRITTEN, NOT_STORED, UNRECORDED],
        seen: &[],
    };
    check("unfenced release", config.clone(), 56_238, &expected);
    let config = Config {
        fault: Fault::ForgottenMark,
        ..config
    };
    let expected = Expected {
        violated: &[REFUSED_BY_ITSELF],
        seen: &[],
    };
    check("forgotten mark", config, 56_352, &expected);
}
