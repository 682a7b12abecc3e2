//! The store, one step at a time, and the requests that it gets. It decides by what stores
//! decide by: the conditions and records of `Claim`, `Completion` and `Release`.

use crate::{
    coverage::{Coverage, Seen},
    decision::{Fence, Times, is_expired, is_lease_over},
    now::Now,
    record::{Status, StoredRecord},
    store::{Claim, Completion, Release},
    world::{Config, Fault, World, answer, mark},
};

const KEY: &str = "key";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) from: usize,
    /// Whether somebody still listens for the reply to this copy.
    pub(crate) awaited: bool,
    pub(crate) ask: Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ask {
    Claim {
        now: i64,
        expiration: i64,
        in_progress_expiration: i64,
    },
    Read,
    Complete {
        held: Held,
        now: i64,
        expiration: i64,
    },
    Release {
        held: Held,
    },
}

/// Under which record a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Held {
    /// That with the mark of this invocation: its own, or one that it has adopted.
    Mark(usize),
    /// That of another language, with this end.
    Lease(Option<i64>),
}

impl Held {
    fn fence(self) -> Fence<'static> {
        match self {
            Self::Mark(call) => Fence::Owner(mark(call)),
            Self::Lease(end) => Fence::Lease(end),
        }
    }

    pub(crate) fn is_of(self, record: &StoredRecord) -> bool {
        match self {
            Self::Mark(call) => record.owner() == Some(mark(call)),
            Self::Lease(end) => record.owner().is_none() && record.in_progress_expiration() == end,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reply {
    Claimed,
    Refused(Option<StoredRecord>),
    Record(Option<StoredRecord>),
    Done,
    NotOwner,
}

impl Request {
    /// A read that nobody listens to is nothing.
    pub(crate) fn matters(&self) -> bool {
        self.awaited || self.ask != Ask::Read
    }
}

impl Ask {
    pub(crate) fn claim(now: Now, times: Times) -> Self {
        Self::Claim {
            now: now.millis(),
            expiration: times.expiration,
            in_progress_expiration: times.in_progress_expiration,
        }
    }
}

impl World {
    pub(crate) fn send(&mut self, from: usize, awaited: bool, ask: Ask) {
        self.flight.push(Request { from, awaited, ask });
    }

    /// Nobody listens any more to what this call has sent.
    pub(crate) fn stop_listening(&mut self, call: usize) {
        for request in &mut self.flight {
            request.awaited &= request.from != call;
        }
    }

    /// The store gets a request and does its step.
    pub(crate) fn deliver(&mut self, config: &Config, seen: &Coverage, request: Request) {
        let at = self.flight.iter().position(|there| *there == request);
        self.flight.remove(at.expect("only what is on its way"));
        let before = self.record.clone();
        let reply = self.step(config, request);
        self.observe(config, seen, request, before.as_ref(), &reply);
        if request.awaited {
            self.calls[request.from].reply(reply);
        }
    }

    fn step(&mut self, config: &Config, request: Request) -> Reply {
        let there = self.record.as_ref();
        let foreign = config.is_foreign(request.from);
        let owner = mark(request.from);
        match request.ask {
            Ask::Claim {
                now,
                expiration,
                in_progress_expiration,
            } => {
                let now = Now::from_millis(now);
                let times = Times {
                    expiration,
                    in_progress_expiration,
                    // The owner's own affair: no store gets to see it.
                    lease_end: i64::MIN,
                };
                let claim = Claim::new(KEY, owner, now, times);
                let may_replace = claim.may_replace(there)
                    || (config.takes_last && there.is_some_and(|there| ends_by(there, now)));
                if !may_replace {
                    return Reply::Refused(there.filter(|_| config.refusals_tell).cloned());
                }
                self.record = Some(if foreign {
                    StoredRecord::new(Status::InProgress, expiration)
                        .with_in_progress_expiration(in_progress_expiration)
                } else {
                    claim.record()
                });
                Reply::Claimed
            }
            Ask::Read => Reply::Record(there.cloned()),
            Ask::Complete {
                held,
                now,
                expiration,
            } => {
                let answer = answer(request.from);
                let now = Now::from_millis(now);
                let completion = Completion::new(KEY, held.fence(), &answer, now, expiration);
                let unfenced = match config.fault {
                    Fault::UnfencedCompletion => true,
                    Fault::CompletedTwice => there.is_none_or(|there| held.is_of(there)),
                    _ => foreign,
                };
                if !unfenced && !completion.may_replace(there) {
                    return Reply::NotOwner;
                }
                let record = completion.record(there);
                // Another language's update leaves what it does not name.
                let kept = there.filter(|_| foreign).and_then(StoredRecord::owner);
                self.record = Some(match kept {
                    Some(owner) => record.with_owner(owner),
                    None => record,
                });
                Reply::Done
            }
            Ask::Release { held } => {
                let release = Release::new(KEY, held.fence());
                let unfenced = match config.fault {
                    Fault::UnfencedRelease => true,
                    Fault::ReleasedAfterCompletion => there.is_none_or(|there| held.is_of(there)),
                    _ => foreign,
                };
                if !unfenced && !release.may_delete(there) {
                    return Reply::NotOwner;
                }
                self.record = None;
                Reply::Done
            }
        }
    }

    /// What the step meant for those who look on.
    fn observe(
        &mut self,
        config: &Config,
        seen: &Coverage,
        request: Request,
        before: Option<&StoredRecord>,
        reply: &Reply,
    ) {
        let after = self.record.as_ref();
        if let Some(record) = before
            && record.status() == Status::Completed
            && self.counts(config, record.expiration())
            && after.is_none_or(|after| {
                after.status() != Status::Completed || after.answer() != record.answer()
            })
        {
            self.broken.overwritten = true;
        }
        match (request.ask, reply) {
            (Ask::Complete { .. }, Reply::Done) => {
                if before.is_none() {
                    seen.mark(Seen::Restored);
                }
                self.calls[request.from].lease = None;
            }
            (Ask::Release { held }, Reply::NotOwner)
                if before.is_some_and(|before| held.is_of(before)) =>
            {
                seen.mark(Seen::NotReleased);
            }
            (Ask::Claim { .. }, Reply::Claimed) => {
                if !request.awaited {
                    seen.mark(Seen::LateClaim);
                }
                match before.map(StoredRecord::status) {
                    Some(Status::InProgress) => seen.mark(Seen::Takeover),
                    Some(Status::Completed) => seen.mark(Seen::Expiry),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The table removes rows that have expired, some time later. Its clock is right.
    pub(crate) fn may_remove(&self) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| is_expired(record, self.clock(0)))
    }
}

/// Whether a lease has come to its last millisecond, in which a store may say either.
fn ends_by(record: &StoredRecord, now: Now) -> bool {
    record.status() == Status::InProgress
        && (is_lease_over(record, now) || record.in_progress_expiration() == Some(now.millis()))
}
