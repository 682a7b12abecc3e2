//! What must hold.

use crate::{
    check::{Expected, ONE_TICK, TWO_TICKS, USUAL, check},
    coverage::Seen,
    decision::AfterTimeout,
    world::Config,
};

#[test]
fn two_calls_with_a_deadline() {
    let expected = Expected {
        violated: &[],
        seen: &[
            Seen::Replay,
            Seen::Mine,
            Seen::Takeover,
            Seen::Expiry,
            Seen::Removal,
            Seen::LateClaim,
            Seen::InProgress,
            Seen::Repeat,
        ],
    };
    check("two calls with a deadline", USUAL, 35_035, &expected);
}

#[test]
fn three_calls_with_a_deadline() {
    let config = Config {
        calls: 3,
        last_tick: 3,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Replay, Seen::Takeover, Seen::Repeat],
    };
    check("three calls with a deadline", config, 345_226, &expected);
}

#[test]
fn calls_that_nobody_ends() {
    let config = Config {
        deadline: false,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[
            Seen::LeaseLost,
            Seen::LateEffect,
            Seen::Inconsistent,
            Seen::Restored,
        ],
    };
    check("calls that nobody ends", config, 366_990, &expected);
}

#[test]
fn calls_that_are_dropped_and_stores_that_do_not_know() {
    let config = Config {
        last_tick: 4,
        failures: 1,
        drops: 1,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::LateClaim, Seen::Mine],
    };
    check("drops and failures", config, 145_148, &expected);
}

#[test]
fn records_that_expire_before_a_lease_would() {
    let config = Config {
        time: 4,
        expires_after: 1,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Expiry, Seen::Removal, Seen::LateClaim],
    };
    check("expiry before the lease", config, 101_217, &expected);
}

#[test]
fn stores_that_do_not_tell_and_calls_that_wait() {
    let config = Config {
        waits: 1,
        refusals_tell: false,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Mine, Seen::Replay, Seen::InProgress],
    };
    check("reads and waits", config, 75_568, &expected);
}

#[test]
fn calls_that_are_dropped_while_they_wait_and_reads_that_fail() {
    let config = Config {
        last_tick: 3,
        waits: 2,
        failures: 1,
        drops: 1,
        resends: 0,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Replay, Seen::InProgress, Seen::LateClaim],
    };
    check("waits, drops and failures", config, 36_259, &expected);
}

#[test]
fn policy_of_never_running_again() {
    let config = Config {
        after_timeout: AfterTimeout::NeverRetry,
        last_tick: 6,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Takeover, Seen::InProgress],
    };
    check("never retry", config, 38_552, &expected);
}

#[test]
fn hold_makes_up_for_clocks_that_differ_by_as_much() {
    let config = Config {
        after_timeout: TWO_TICKS,
        skews: &[-1, 1],
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Takeover, Seen::Mine],
    };
    check(
        "hold over skew, with a deadline",
        config.clone(),
        105_481,
        &expected,
    );
    let config = Config {
        deadline: false,
        after_timeout: ONE_TICK,
        skews: &[0, 1],
        last_tick: 4,
        resends: 0,
        ..config
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Takeover, Seen::LeaseLost, Seen::LateEffect],
    };
    check("hold over skew, without", config, 52_402, &expected);
}

#[test]
fn hold_makes_up_for_a_clock_that_jumps() {
    let config = Config {
        after_timeout: ONE_TICK,
        skews: &[0, 1],
        jumps: 1,
        last_tick: 4,
        resends: 0,
        deadline: false,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Takeover, Seen::LeaseLost, Seen::LateEffect],
    };
    check("hold over a jump", config, 191_604, &expected);
}

/// The deadline stays what it was, and the clock is set.
#[test]
fn deadline_over_a_clock_that_jumps() {
    let config = Config {
        after_timeout: ONE_TICK,
        skews: &[0, 1],
        jumps: 1,
        last_tick: 4,
        resends: 0,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::NoTimeLeft, Seen::Takeover],
    };
    check("deadline over a jump", config, 34_811, &expected);
}

#[test]
fn stores_that_take_over_in_the_last_millisecond() {
    let config = Config {
        takes_last: true,
        time: 2,
        ..USUAL
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Takeover, Seen::Mine, Seen::Repeat],
    };
    check("the last millisecond", config.clone(), 32_861, &expected);
    let config = Config {
        deadline: false,
        resends: 0,
        ..config
    };
    let expected = Expected {
        violated: &[],
        seen: &[Seen::Takeover, Seen::LeaseLost, Seen::LateEffect],
    };
    check(
        "the last millisecond, nobody ends",
        config,
        31_302,
        &expected,
    );
}
