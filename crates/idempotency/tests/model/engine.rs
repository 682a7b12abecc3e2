//! What an invocation does, as `engine` and `guard` do it.

use crate::{
    call::{Call, Phase, Settling, terms},
    coverage::{Coverage, Seen},
    decision::AfterTimeout,
    network::{Ask, Held, Reply},
    protocol::{Protocol, Run, Step},
    record::StoredRecord,
    world::{Config, Fault, TICK, World, adopted, mark, replayed, ticks},
};

impl World {
    /// `execute`, up to its first request.
    pub(crate) fn begin(&mut self, config: &Config, seen: &Coverage, call: usize) {
        let now = self.now(call);
        let terms = terms(config, now);
        let mut protocol = Protocol::new(mark(call).into(), None, config.is_replay(call), terms);
        if config.deadline {
            let time = i64::from(config.time) - i64::from(config.takes_last);
            self.calls[call].killed_after = self.tick + time;
        }
        if config.jumps > 0 {
            self.calls[call].began = now.millis();
        }
        let step = protocol.begin(now);
        let settling = Settling {
            protocol,
            asked: Ask::Read,
            reply: None,
            armed: false,
            claimed: false,
            waiting: false,
        };
        self.go_on(config, seen, call, settling, step);
    }

    /// The reply has come: `Call::steps`, or what follows on the end of the function.
    pub(crate) fn receive(&mut self, config: &Config, seen: &Coverage, call: usize) {
        match self.calls[call].phase.clone() {
            Phase::Settling(settling) => self.settle(config, seen, call, settling),
            Phase::Finishing {
                asked,
                reply: Some(reply),
            } => {
                match (asked, reply) {
                    (Ask::Complete { expiration, .. }, Reply::Done) => {
                        self.tell(config, call, expiration);
                    }
                    (Ask::Complete { .. }, _) => seen.mark(Seen::LeaseLost),
                    _ => {}
                }
                self.calls[call].end();
            }
            phase => panic!("nothing has come in {phase:?}"),
        }
    }

    fn settle(&mut self, config: &Config, seen: &Coverage, call: usize, mut settling: Settling) {
        let now = self.time(call);
        let protocol = &mut settling.protocol;
        let mut own = false;
        let mut shown = |record: Option<StoredRecord>| {
            let record = record?;
            own = record.owner() == Some(mark(call));
            Some(if config.fault == Fault::ForgottenMark {
                record.with_owner("somebody")
            } else {
                record
            })
        };
        let step = match (settling.asked, settling.reply.take()) {
            (Ask::Claim { .. }, Some(Reply::Claimed)) => {
                settling.claimed = true;
                protocol.claimed(now)
            }
            (Ask::Claim { .. }, Some(Reply::Refused(record))) => {
                protocol.refused(shown(record), now)
            }
            (Ask::Read, Some(Reply::Record(record))) => protocol.read(shown(record), now),
            (asked, reply) => panic!("{reply:?} is no reply to {asked:?}"),
        };
        match step {
            Step::Run(Run::Own { .. }) if own => seen.mark(Seen::Mine),
            Step::InProgress(_) | Step::Mismatch(_) if own => {
                self.broken.refused_by_itself = true;
            }
            _ => {}
        }
        self.go_on(config, seen, call, settling, step);
    }

    fn go_on(
        &mut self,
        config: &Config,
        seen: &Coverage,
        call: usize,
        mut settling: Settling,
        step: Step,
    ) {
        settling.asked = match step {
            Step::Claim(times) => {
                settling.armed = true;
                Ask::claim(self.time(call), times)
            }
            Step::Read => Ask::Read,
            Step::InProgress(_) if self.left.waits > 0 => {
                self.left.waits -= 1;
                settling.armed = false;
                settling.waiting = true;
                assert_eq!(settling.protocol.waited(), Step::Read);
                Ask::Read
            }
            Step::Run(run) => return self.run(config, seen, call, run),
            Step::Replay(record) => {
                seen.mark(Seen::Replay);
                let (answer, expiration) = replayed(&record);
                self.broken.stale |= expiration < self.now(call).seconds();
                self.tell(config, answer, expiration);
                return self.calls[call].end();
            }
            Step::InProgress(_) => {
                seen.mark(Seen::InProgress);
                return self.calls[call].end();
            }
            Step::Mismatch(_) => return self.calls[call].end(),
            Step::Inconsistent => {
                seen.mark(Seen::Inconsistent);
                if settling.claimed {
                    return self.finish(call, release(Held::Mark(call)));
                }
                return self.calls[call].end();
            }
            Step::NoTimeLeft => {
                seen.mark(Seen::NoTimeLeft);
                return self.finish(call, release(Held::Mark(call)));
            }
        };
        self.send(call, true, settling.asked);
        self.calls[call].phase = Phase::Settling(settling);
    }

    /// `Call::run`, with the `Lease` that it makes.
    fn run(&mut self, config: &Config, seen: &Coverage, call: usize, run: Run) {
        let now = self.time(call).millis();
        let (held, end) = match run {
            Run::Own { lease_end, .. } if config.is_foreign(call) => {
                (Held::Lease(Some(lease_end)), Some(lease_end))
            }
            Run::Own { owner, lease_end } => {
                assert_eq!(&*owner, mark(call));
                (Held::Mark(call), Some(lease_end))
            }
            Run::Adopted {
                owner,
                in_progress_expiration: end,
            } => {
                seen.mark(Seen::Adopted);
                (adopted(owner.as_deref(), end), end)
            }
        };
        self.broken.too_late |= end.is_some_and(|end| end < now);
        let runs = &mut self.calls[call];
        runs.phase = Phase::Running;
        runs.held = held;
        runs.lease = end;
        if config.jumps > 0 {
            let length = end.map_or(i64::MAX, |end| (end - now) / millis());
            runs.ends_before = self.tick.saturating_add(length);
        }
    }

    /// What the function does to the world.
    pub(crate) fn effect(&mut self, config: &Config, seen: &Coverage, call: usize) {
        // Whom nobody ends in time asks `Lease::is_live` first, or is not protected.
        let adopted = self.calls[call].held != Held::Mark(call) && !config.is_foreign(call);
        let protected = (config.deadline && !adopted) || self.says_live(call);
        let mut others = (0..self.calls.len()).filter(|other| *other != call);
        let repeated = others.clone().any(|other| self.calls[other].effect);
        let beside = others.any(|other| {
            let shared = self.share(call, other);
            let effect = self.calls[other].effect && self.is_live(config, other);
            if effect && shared {
                seen.mark(Seen::Shared);
            }
            effect && !shared
        });
        let after = self.told.is_some_and(|(told, _)| !self.share(call, told));
        if beside || after {
            if protected {
                self.broken.repeated = true;
            } else {
                seen.mark(Seen::LateEffect);
            }
        }
        if repeated {
            seen.mark(Seen::Repeat);
        }
        // It has asked; nobody asks again.
        self.calls[call].ends_before = i64::MAX;
        self.calls[call].effect = true;
    }

    /// Whether they are runs of one durable function, under one record.
    fn share(&self, call: usize, other: usize) -> bool {
        self.calls[call].held == self.calls[other].held
    }

    /// The function answers. Until its answer is ready to be kept nothing is left to do for its
    /// record: whoever is dropped there might as well have crashed.
    pub(crate) fn succeed(&mut self, config: &Config, call: usize) {
        let Call { held, .. } = self.calls[call];
        let now = self.time(call);
        let expiration = now.after(ticks(config.expires_after)).seconds();
        let asked = Ask::Complete {
            held,
            now: now.millis(),
            expiration,
        };
        self.finish(call, asked);
    }

    /// The function fails, or panics, or answers with a failure.
    pub(crate) fn fail(&mut self, call: usize) {
        self.calls[call].lease = None;
        self.finish(call, release(self.calls[call].held));
    }

    fn finish(&mut self, call: usize, asked: Ask) {
        self.stop_listening(call);
        self.calls[call].ends_before = i64::MAX;
        self.calls[call].began = 0;
        self.calls[call].phase = Phase::Finishing { asked, reply: None };
        self.send(call, true, asked);
    }

    /// The reply did not come: the SDK sends the same request again. The first copy may still
    /// arrive, at any time.
    pub(crate) fn resend(&mut self, call: usize) {
        self.stop_listening(call);
        let asked = self.calls[call].ask_again();
        self.send(call, true, asked);
    }

    /// The store says that it does not know.
    pub(crate) fn give_up(&mut self, call: usize) {
        match &self.calls[call].phase {
            // Who waits looks again.
            Phase::Settling(settling)
                if settling.asked == Ask::Read && settling.waiting && self.left.waits > 0 =>
            {
                self.left.waits -= 1;
                self.resend(call);
            }
            // `may_have_claimed`
            Phase::Settling(_) => self.finish(call, release(Held::Mark(call))),
            _ => self.calls[call].end(),
        }
    }

    /// The future of the call is dropped, and its `Hold` with it.
    pub(crate) fn drop_call(&mut self, config: &Config, call: usize) {
        let Call { held, phase, .. } = &self.calls[call];
        let left = match phase {
            Phase::Ahead | Phase::Over => None,
            Phase::Settling(settling) => settling.armed.then(|| release(Held::Mark(call))),
            Phase::Running => match config.after_timeout {
                AfterTimeout::Retry => Some(release(*held)),
                AfterTimeout::Hold(_) | AfterTimeout::NeverRetry => None,
            },
            Phase::Finishing { asked, .. } => Some(*asked),
        };
        if let Some(ask) = left {
            if matches!(ask, Ask::Release { .. }) {
                self.calls[call].lease = None;
            }
            self.send(call, false, ask);
        }
        self.calls[call].end();
    }
}

fn release(held: Held) -> Ask {
    Ask::Release { held }
}

fn millis() -> i64 {
    i64::try_from(TICK.as_millis()).unwrap_or(i64::MAX)
}
