//! The protocol, checked in every order of events that small bounds allow.
//!
//! The functions that decide are the crate's own files, taken in by path: `decision`, `protocol`,
//! and what a store does by `Claim`, `Completion` and `Release`. Around them stands a model: one
//! key, a store that does one step at a time, invocations that can be paused, killed, dropped or
//! crash between any two steps, and a network that loses, delays and repeats. `call` follows
//! `engine` and `guard` line by line: whoever changes those changes it.
//!
//! The search goes through all states, so their number is always the same. A smaller one means
//! that something can no longer happen, and that less is shown than before: it fails.
//!
//! What is assumed:
//! - A host and the platform that ends its invocation have one clock. The platform states the
//!   deadline as a time of that clock and ends the invocation when so much time has passed.
//!   Another host's clock may differ by what the configuration says.
//! - The table removes expired rows by a clock that is right, at once or never.
//! - A call that nobody ends (no known deadline) asks `Lease::is_live` right before its effect.
//!   One that does not is not protected; the model lets it run, and counts it apart.
#![allow(dead_code, unreachable_pub, reason = "the crate's own files, by path")]

#[path = "../../src/decision.rs"]
mod decision;
#[path = "../../src/now.rs"]
mod now;
#[path = "../../src/protocol.rs"]
mod protocol;
#[path = "../../src/record.rs"]
mod record;
#[expect(unused_imports, reason = "the model has a store of its own")]
#[path = "../../src/store/mod.rs"]
mod store;

mod call;
mod coverage;
mod network;
mod system;
mod world;

use std::{collections::BTreeSet, io::Write};

use decision::AfterTimeout;
use record::Status;
use stateright::{Checker, Model};

use crate::{
    coverage::{Coverage, Seen},
    system::{
        NOT_STORED, OVERWRITTEN, REFUSED_BY_ITSELF, REPEATED, System, TWO_ANSWERS, TWO_OWNERS,
        UNRECORDED,
    },
    world::{Config, Fault, TICK},
};

/// Two invocations that know their deadline, with clocks that agree.
const USUAL: Config = Config {
    calls: 2,
    last_tick: 5,
    time: 1,
    deadline: true,
    expires_after: 2,
    after_timeout: AfterTimeout::Retry,
    skews: &[0],
    jumps: 0,
    resends: 1,
    failures: 0,
    drops: 0,
    waits: 0,
    refusals_tell: true,
    fault: Fault::None,
};

const ONE_TICK: AfterTimeout = AfterTimeout::Hold(TICK);
const TWO_TICKS: AfterTimeout = AfterTimeout::Hold(TICK.saturating_mul(2));

/// What a search must find.
struct Expected {
    /// Exactly the properties that do not hold.
    violated: &'static [&'static str],
    /// What must have happened in some state, among other things.
    seen: &'static [Seen],
}

/// Goes through all states, of which there must be at least so many.
fn check(name: &str, config: Config, floor: usize, expected: &Expected) {
    let system = System {
        config,
        seen: Coverage::default(),
    };
    let checker = system.checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    // Past the test harness, which would keep it to itself.
    writeln!(std::io::stderr(), "{name}: {states} states").expect("stderr is open");
    let mut violated = BTreeSet::new();
    for (property, path) in checker.discoveries() {
        if !expected.violated.contains(&property) {
            println!("{name}: not \"{property}\", by these steps:");
            for action in path.into_actions() {
                println!("  {action:?}");
            }
        }
        violated.insert(property);
    }
    assert_eq!(
        violated,
        expected.violated.iter().copied().collect(),
        "{name}: what does not hold, and what was expected not to"
    );
    for seen in expected.seen {
        let has = checker.model().seen.has(*seen);
        assert!(has, "{name}: {seen:?} never happens");
    }
    assert!(
        states >= floor,
        "{name}: {states} states, and there were {floor}"
    );
}

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
    check("calls that nobody ends", config, 318_650, &expected);
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
    check("drops and failures", config, 93_411, &expected);
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
    check("expiry before the lease", config, 101_760, &expected);
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
    check("reads and waits", config, 75_524, &expected);
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
    check("never retry", config, 38_028, &expected);
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
        106_314,
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
    check("hold over skew, without", config, 55_565, &expected);
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
    check("hold over a jump", config, 154_654, &expected);
}

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
    check("skew beyond the hold", config.clone(), 16_494, &expected);
    let config = Config {
        after_timeout: AfterTimeout::NeverRetry,
        skews: &[0, 2],
        deadline: false,
        ..config
    };
    check("skew at the expiry", config, 26_528, &expected);
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
    check("a foreign writer", config.clone(), 9_477, &expected);
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
        82_275,
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
    check("unfenced completion", config.clone(), 19_683, &expected);
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
    check("unfenced release", config.clone(), 52_855, &expected);
    let config = Config {
        fault: Fault::ForgottenMark,
        ..config
    };
    let expected = Expected {
        violated: &[REFUSED_BY_ITSELF],
        seen: &[],
    };
    check("forgotten mark", config, 52_955, &expected);
}

/// As much as a machine goes through in minutes, in a release build.
#[test]
#[ignore = "takes minutes"]
fn larger_bounds() {
    let expected = Expected {
        violated: &[],
        seen: &[],
    };
    for deadline in [true, false] {
        for (time, expires_after) in [(1, 3), (2, 2), (3, 1)] {
            let config = Config {
                deadline,
                time,
                expires_after,
                resends: 2,
                failures: 1,
                drops: 1,
                ..USUAL
            };
            let name = format!("larger: {deadline}, {time}, {expires_after}");
            check(&name, config, 0, &expected);
        }
    }
}
