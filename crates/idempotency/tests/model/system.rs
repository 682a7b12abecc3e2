//! Everything that can happen next, and what must hold whatever happens.

use stateright::{Model, Property};

use crate::{
    call::{Phase, terms},
    coverage::{Coverage, Seen},
    network::{Ask, Request},
    protocol::{Protocol, Step},
    store::Claim,
    world::{Broken, Config, Replay, World},
};

pub(crate) const TWO_OWNERS: &str = "never two live leases";
pub(crate) const OVERWRITTEN: &str = "a completed record stays while it counts";
pub(crate) const WEDGED: &str = "a record that was left becomes runnable";
pub(crate) const REPEATED: &str = "no effect beside a live lease or after an answer";
pub(crate) const TWO_ANSWERS: &str = "no two answers while the first counts";
pub(crate) const NOT_STORED: &str = "an answer that was given is stored while it counts";
pub(crate) const REFUSED_BY_ITSELF: &str = "nobody is refused by their own claim";

pub(crate) const UNRECORDED: &str = "whoever runs has the record";
pub(crate) const TOO_LATE: &str = "nobody begins after their lease";
pub(crate) const STALE: &str = "no answer is given that has expired";

pub(crate) struct System {
    pub(crate) config: Config,
    pub(crate) seen: Coverage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Time passes. Whoever does nothing meanwhile is paused.
    Pass,
    /// A clock is set.
    Jump(usize, i64),
    /// The table removes an expired row.
    Remove,
    Begin(usize),
    /// A request arrives at last. One that never does is lost.
    Deliver(Request),
    /// A reply arrives at last.
    Receive(usize),
    Resend(usize),
    GiveUp(usize),
    Effect(usize),
    Succeed(usize),
    Fail(usize),
    Drop(usize),
    Crash(usize),
}

impl Model for System {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut all = vec![Vec::new()];
        for _ in 0..self.config.calls {
            let longer = all.iter().flat_map(|skews: &Vec<i64>| {
                let skews = skews.clone();
                let more = self.config.skews.iter();
                more.map(move |skew| [skews.as_slice(), &[*skew]].concat())
            });
            all = longer.collect();
        }
        let worlds = all.into_iter();
        worlds
            .map(|skews| World::new(&self.config, skews))
            .collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // A trace ends where something is wrong; but for a record that is lost, of which others
        // are yet to notice.
        let lost = Broken {
            overwritten: world.broken.overwritten,
            ..Broken::default()
        };
        if world.broken != lost || world.has_two_leases(&self.config) {
            return;
        }
        if world.tick < self.config.last_tick {
            actions.push(Action::Pass);
        }
        if world.may_remove() {
            actions.push(Action::Remove);
        }
        let mut last = None;
        for request in &world.flight {
            if last != Some(request) {
                actions.push(Action::Deliver(*request));
            }
            last = Some(request);
        }
        for call in 0..world.calls.len() {
            self.actions_of(world, call, actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let (config, seen) = (&self.config, &self.seen);
        let mut world = world.clone();
        match action {
            Action::Pass => world.pass(config),
            Action::Jump(call, skew) => {
                world.left.jumps -= 1;
                world.skews[call] = skew;
            }
            Action::Remove => {
                seen.mark(Seen::Removal);
                world.record = None;
            }
            Action::Begin(call) => world.begin(config, seen, call),
            Action::Deliver(request) => world.deliver(config, seen, request),
            Action::Receive(call) => world.receive(config, seen, call),
            Action::Resend(call) => {
                world.left.resends -= 1;
                world.resend(call);
            }
            Action::GiveUp(call) => {
                world.left.failures -= 1;
                world.give_up(call);
            }
            Action::Effect(call) => world.effect(config, seen, call),
            Action::Succeed(call) => world.succeed(config, call),
            Action::Fail(call) => world.fail(call),
            Action::Drop(call) => {
                world.left.drops -= 1;
                world.drop_call(config, call);
            }
            Action::Crash(call) => world.calls[call].end(),
        }
        world.forget(config);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(TWO_OWNERS, |system: &Self, world: &World| {
                !world.has_two_leases(&system.config)
            }),
            Property::always(OVERWRITTEN, |_, world: &World| !world.broken.overwritten),
            Property::always(WEDGED, |system: &Self, world| system.is_runnable(world)),
            Property::always(REPEATED, |_, world: &World| !world.broken.repeated),
            Property::always(TWO_ANSWERS, |_, world: &World| !world.broken.two_answers),
            Property::always(NOT_STORED, |_, world: &World| {
                let told = world.told.map(|(answer, _)| answer);
                told.is_none() || world.stored() == told
            }),
            Property::always(REFUSED_BY_ITSELF, |_, world: &World| {
                !world.broken.refused_by_itself
            }),
            Property::always(UNRECORDED, |system: &Self, world: &World| {
                let config = &system.config;
                let record = world.record.as_ref();
                let mut ours = world
                    .owners(config)
                    .filter(|call| !config.is_foreign(*call));
                ours.all(|call| record.is_some_and(|record| world.calls[call].held.is_of(record)))
            }),
            Property::always(TOO_LATE, |_, world: &World| !world.broken.too_late),
            Property::always(STALE, |_, world: &World| !world.broken.stale),
        ]
    }
}

impl System {
    fn actions_of(&self, world: &World, call: usize, actions: &mut Vec<Action>) {
        let phase = &world.calls[call].phase;
        match phase {
            Phase::Over => return,
            Phase::Ahead => {
                if self.may_begin(world, call) {
                    actions.push(Action::Begin(call));
                }
                return;
            }
            Phase::Running => {
                if world.calls[call].effect {
                    actions.push(Action::Succeed(call));
                } else {
                    actions.push(Action::Effect(call));
                }
                actions.push(Action::Fail(call));
            }
            Phase::Settling(_) | Phase::Finishing { .. } => {
                if world.calls[call].has_reply() {
                    actions.push(Action::Receive(call));
                }
                if world.left.resends > 0 {
                    actions.push(Action::Resend(call));
                }
                if world.left.failures > 0 {
                    actions.push(Action::GiveUp(call));
                }
            }
        }
        actions.push(Action::Crash(call));
        if world.left.drops > 0 {
            actions.push(Action::Drop(call));
        }
        if world.left.jumps > 0 {
            for skew in self.config.skews {
                if *skew != world.skews[call] {
                    actions.push(Action::Jump(call, *skew));
                }
            }
        }
    }

    fn may_begin(&self, world: &World, call: usize) -> bool {
        let config = &self.config;
        if config.is_replay(call) && config.replay == Replay::After {
            let original = config.original();
            let releases = |request: &Request| {
                request.from == original && matches!(request.ask, Ask::Release { .. })
            };
            return matches!(world.calls[original].phase, Phase::Over)
                && !world.flight.iter().any(releases);
        }
        // Those that are alike come one after the other: which is which says nothing.
        let alone = call == 0 || config.is_foreign(call) || config.is_replay(call);
        alone || !matches!(world.calls[call - 1].phase, Phase::Ahead)
    }

    /// Everybody else has stopped and the longest lease is over: whoever comes now runs or
    /// replays.
    fn is_runnable(&self, world: &World) -> bool {
        let Some(record) = &world.record else {
            return true;
        };
        let now = world.clock(self.config.longest_lease());
        let mut protocol = Protocol::new("fresh".into(), None, false, terms(&self.config, now));
        let mut step = protocol.begin(now);
        loop {
            step = match step {
                Step::Claim(times) => {
                    let claim = Claim::new("key", protocol.owner(), now, times);
                    if claim.may_replace(Some(record)) {
                        protocol.claimed(now)
                    } else {
                        protocol.refused(Some(record.clone()), now)
                    }
                }
                Step::Read => protocol.read(Some(record.clone()), now),
                Step::Run(_) | Step::Replay(_) => return true,
                Step::InProgress(_) | Step::Mismatch(_) | Step::Inconsistent | Step::NoTimeLeft => {
                    return false;
                }
            };
        }
    }
}
