//! One invocation, which carries the protocol out as `engine` and `guard` do, and may stop
//! anywhere.

use crate::{
    coverage::{Coverage, Seen},
    decision::AfterTimeout,
    network::{Ask, Reply, times},
    now::Now,
    protocol::{Lease, Protocol, Step},
    record::StoredRecord,
    world::{Config, Fault, World, mark, replayed, ticks},
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) phase: Phase,
    /// The last tick in which it lives. The platform measures that, whatever its clock says.
    pub(crate) killed_after: i64,
    /// Until when it counts on having the key: from when it runs until it has released, or its
    /// answer is stored.
    pub(crate) lease: Option<i64>,
    pub(crate) effect: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// It has not come yet.
    Ahead,
    /// It finds out whether to run.
    Settling {
        protocol: Protocol,
        asked: Ask,
        reply: Option<Reply>,
    },
    Running,
    Finishing {
        asked: Ask,
        reply: Option<Reply>,
    },
    Over,
}

impl Call {
    pub(crate) fn ahead() -> Self {
        Self {
            phase: Phase::Ahead,
            killed_after: i64::MAX,
            lease: None,
            effect: false,
        }
    }

    /// Nothing comes of it any more. Its lease still says that nobody else may run.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Over;
        self.killed_after = i64::MAX;
        if !self.effect {
            self.lease = None;
        }
    }

    pub(crate) fn reply(&mut self, came: Reply) {
        if let Phase::Settling { reply, .. } | Phase::Finishing { reply, .. } = &mut self.phase {
            *reply = Some(came);
        }
    }

    pub(crate) fn has_reply(&self) -> bool {
        matches!(
            self.phase,
            Phase::Settling { reply: Some(_), .. } | Phase::Finishing { reply: Some(_), .. }
        )
    }

    pub(crate) fn asked(&self) -> Option<Ask> {
        match self.phase {
            Phase::Settling { asked, .. } | Phase::Finishing { asked, .. } => Some(asked),
            Phase::Ahead | Phase::Running | Phase::Over => None,
        }
    }
}

/// What decides the lease of an invocation that begins now. The platform states the deadline in
/// absolute time, by the clock of the host; a claim adds no reading of its own to it.
pub(crate) fn lease(config: &Config, begun: Now) -> Lease {
    let time = ticks(config.time);
    Lease {
        deadline: config.deadline.then(|| begun.after(time)),
        // Not looked at where there is a deadline: it would lock for too long.
        otherwise: if config.deadline { time * 4 } else { time },
        expires_after: ticks(config.expires_after),
        after_timeout: config.after_timeout,
    }
}

impl World {
    /// `engine::execute`, up to its first request.
    pub(crate) fn begin(&mut self, config: &Config, seen: &Coverage, call: usize) {
        let now = self.now(call);
        let mut protocol = Protocol::new(mark(call).into(), None, false, lease(config, now));
        if config.deadline {
            self.calls[call].killed_after = self.tick + i64::from(config.time);
        }
        let step = protocol.begin(now);
        self.go_on(config, seen, call, protocol, step);
    }

    /// The reply has come: `Call::steps`, or what follows on the end of the function.
    pub(crate) fn receive(&mut self, config: &Config, seen: &Coverage, call: usize) {
        let now = self.now(call);
        match self.calls[call].phase.clone() {
            Phase::Settling {
                mut protocol,
                asked,
                reply: Some(reply),
            } => {
                let own = match &reply {
                    Reply::Refused(Some(record)) | Reply::Record(Some(record)) => {
                        record.owner() == Some(mark(call))
                    }
                    _ => false,
                };
                let forgotten = config.fault == Fault::ForgottenMark;
                let shown = |record: Option<StoredRecord>| {
                    record.map(|record| {
                        if forgotten {
                            record.with_owner("somebody")
                        } else {
                            record
                        }
                    })
                };
                let step = match (asked, reply) {
                    (
                        Ask::Claim {
                            expiration,
                            lease_end,
                            ..
                        },
                        Reply::Claimed,
                    ) => protocol.claimed(times(expiration, lease_end), now),
                    (Ask::Claim { .. }, Reply::Refused(record)) => {
                        protocol.refused(shown(record), now)
                    }
                    (Ask::Read, Reply::Record(record)) => protocol.read(shown(record), now),
                    (asked, reply) => panic!("{reply:?} is no reply to {asked:?}"),
                };
                match step {
                    Step::Run(_) if own => seen.mark(Seen::Mine),
                    Step::InProgress(_) | Step::Mismatch(_) if own => {
                        self.broken.refused_by_itself = true;
                    }
                    _ => {}
                }
                self.go_on(config, seen, call, protocol, step);
            }
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

    fn go_on(
        &mut self,
        config: &Config,
        seen: &Coverage,
        call: usize,
        protocol: Protocol,
        step: Step,
    ) {
        let asked = match step {
            Step::Claim(times) => Ask::claim(self.now(call), times),
            Step::Read => Ask::Read,
            Step::InProgress(_) if self.left.waits > 0 => {
                self.left.waits -= 1;
                Ask::Read
            }
            Step::Run(run) => {
                let now = self.now(call).millis();
                self.broken.too_late |= run.lease_end.is_some_and(|end| end < now);
                self.calls[call].phase = Phase::Running;
                self.calls[call].lease = run.lease_end;
                return;
            }
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
                return self.calls[call].end();
            }
        };
        self.calls[call].phase = Phase::Settling {
            protocol,
            asked,
            reply: None,
        };
        self.send(call, true, asked);
    }

    /// What the function does to the world.
    pub(crate) fn effect(&mut self, config: &Config, seen: &Coverage, call: usize) {
        // Somebody whom nobody kills asks `Lease::is_live` first, or is not protected.
        let protected = config.deadline || self.is_live(call);
        let mut others = (0..self.calls.len()).filter(|other| *other != call);
        let beside = others.any(|other| self.calls[other].effect && self.is_live(other));
        if beside || self.told.is_some() {
            if protected {
                self.broken.repeated = true;
            } else {
                seen.mark(Seen::LateEffect);
            }
        }
        if (0..self.calls.len()).any(|other| other != call && self.calls[other].effect) {
            seen.mark(Seen::Repeat);
        }
        self.calls[call].effect = true;
    }

    /// The function answers.
    pub(crate) fn succeed(&mut self, config: &Config, call: usize) {
        let now = self.now(call);
        let expiration = now.after(ticks(config.expires_after)).seconds();
        let now = now.millis();
        self.finish(call, Ask::Complete { now, expiration });
    }

    /// The function fails.
    pub(crate) fn fail(&mut self, call: usize) {
        self.calls[call].lease = None;
        self.finish(call, Ask::Release);
    }

    fn finish(&mut self, call: usize, asked: Ask) {
        self.calls[call].phase = Phase::Finishing { asked, reply: None };
        self.send(call, true, asked);
    }

    /// The reply did not come: the SDK sends the same request again. The first copy may still
    /// arrive, at any time.
    pub(crate) fn resend(&mut self, call: usize) {
        self.stop_listening(call);
        let asked = self.calls[call].asked().expect("it waits for a reply");
        if let Phase::Settling { reply, .. } | Phase::Finishing { reply, .. } =
            &mut self.calls[call].phase
        {
            *reply = None;
        }
        self.send(call, true, asked);
    }

    /// The store says that it does not know.
    pub(crate) fn give_up(&mut self, call: usize) {
        if let Some(Ask::Claim { .. }) = self.calls[call].asked() {
            self.send(call, false, Ask::Release);
        }
        self.calls[call].end();
    }

    /// The future of the call is dropped, and its `Hold` with it.
    pub(crate) fn drop_call(&mut self, config: &Config, call: usize) {
        let left = match &self.calls[call].phase {
            Phase::Ahead | Phase::Over => None,
            Phase::Settling { .. } => Some(Ask::Release),
            Phase::Running => match config.after_timeout {
                AfterTimeout::Retry => Some(Ask::Release),
                AfterTimeout::Hold(_) | AfterTimeout::NeverRetry => None,
            },
            Phase::Finishing { asked, .. } => Some(*asked),
        };
        if let Some(ask) = left {
            if ask == Ask::Release {
                self.calls[call].lease = None;
            }
            self.send(call, false, ask);
        }
        self.calls[call].end();
    }
}
