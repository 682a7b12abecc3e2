//! One search, and what is expected of it.

use std::{collections::BTreeSet, io::Write};

use stateright::{Checker, Model};

use crate::{
    coverage::{Coverage, Seen},
    decision::AfterTimeout,
    system::System,
    world::{Config, Fault, Replay, TICK},
};

/// Two invocations that know their deadline, with clocks that agree.
pub(crate) const USUAL: Config = Config {
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
    takes_last: false,
    replay: Replay::None,
    fault: Fault::None,
};

pub(crate) const ONE_TICK: AfterTimeout = AfterTimeout::Hold(TICK);
pub(crate) const TWO_TICKS: AfterTimeout = AfterTimeout::Hold(TICK.saturating_mul(2));

/// What a search must find.
pub(crate) struct Expected {
    /// Exactly the properties that do not hold.
    pub(crate) violated: &'static [&'static str],
    /// What must have happened in some state, among other things.
    pub(crate) seen: &'static [Seen],
}

/// Goes through all states, of which there must be at least so many.
pub(crate) fn check(name: &str, config: Config, floor: usize, expected: &Expected) {
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
