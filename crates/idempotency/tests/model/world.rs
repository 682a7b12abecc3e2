//! What there is: one key, its record, the invocations, and what is on its way between them.

use std::time::Duration;

use crate::{
    call::{Call, Phase},
    decision::AfterTimeout,
    network::{Held, Request},
    now::Now,
    record::{Answer, Status, StoredRecord},
};

/// Two to a second, so that the whole seconds of an expiry differ from a lease's milliseconds.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// The first tick, by a clock that is right.
const BEGIN: i64 = 20_000;

/// What is checked, and within which bounds. Times are ticks.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) calls: usize,
    pub(crate) last_tick: i64,
    /// How long an invocation has.
    pub(crate) time: u32,
    /// Whether it knows its deadline and is killed when that has passed. Else it writes its time
    /// as a configured lease, and nobody stops it.
    pub(crate) deadline: bool,
    pub(crate) expires_after: u32,
    pub(crate) after_timeout: AfterTimeout,
    /// By how much clocks are ahead: each invocation has one of these, in every combination.
    pub(crate) skews: &'static [i64],
    /// How often a clock changes from one of the skews to another.
    pub(crate) jumps: u8,
    /// How often a request is sent again, as an SDK does when no reply came.
    pub(crate) resends: u8,
    /// How often a store gives up and says that it does not know.
    pub(crate) failures: u8,
    /// How often a call's future is dropped.
    pub(crate) drops: u8,
    /// How often somebody waits for the running call instead of giving up.
    pub(crate) waits: u8,
    /// Whether a refused claim tells the record that stands in its way.
    pub(crate) refusals_tell: bool,
    /// Whether a claim takes over in the last millisecond of a lease. A store may.
    pub(crate) takes_last: bool,
    /// Whether the last of our invocations is the first one's replay, and when it comes.
    pub(crate) replay: Replay,
    pub(crate) fault: Fault,
}

/// The replay of a durable function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    None,
    /// When the first run is over, as Lambda promises, and has no release on its way.
    After,
    /// At any time.
    Beside,
}

/// What is wrong on purpose, to see that the properties tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// A completion is written whatever there is.
    UnfencedCompletion,
    /// A release deletes whatever there is.
    UnfencedRelease,
    /// Whoever has the mark completes a record again, with another answer.
    CompletedTwice,
    /// Whoever has the mark deletes a completed record.
    ReleasedAfterCompletion,
    /// Nobody recognises their own mark.
    ForgottenMark,
    /// The last invocation is another language's: without a mark, and neither its completion
    /// nor its release has a condition.
    ForeignWriter,
}

pub(crate) fn ticks(number: u32) -> Duration {
    TICK * number
}

impl Config {
    pub(crate) fn is_foreign(&self, call: usize) -> bool {
        self.fault == Fault::ForeignWriter && call + 1 == self.calls
    }

    pub(crate) fn is_replay(&self, call: usize) -> bool {
        let foreign = usize::from(self.fault == Fault::ForeignWriter);
        self.replay != Replay::None && call + 1 + foreign == self.calls
    }

    /// The run that is replayed.
    pub(crate) fn original(&self) -> usize {
        if self.fault == Fault::ForeignWriter {
            self.calls - 1
        } else {
            0
        }
    }

    fn first_skew(&self) -> i64 {
        self.skews.iter().copied().min().unwrap_or(0)
    }

    fn last_skew(&self) -> i64 {
        self.skews.iter().copied().max().unwrap_or(0)
    }

    /// After so many ticks nothing that was written before holds a key any more.
    pub(crate) fn longest_lease(&self) -> i64 {
        let hold = match self.after_timeout {
            AfterTimeout::Retry => Duration::ZERO,
            AfterTimeout::Hold(hold) => hold,
            // To the end of the second in which the record expires.
            AfterTimeout::NeverRetry => ticks(self.expires_after + 2),
        };
        let longest = (ticks(self.time) + hold).as_millis() / TICK.as_millis();
        let skew = self.last_skew() - self.first_skew();
        i64::try_from(longest).unwrap_or(i64::MAX) + skew + 1
    }
}

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) tick: i64,
    pub(crate) record: Option<StoredRecord>,
    pub(crate) calls: Vec<Call>,
    pub(crate) skews: Vec<i64>,
    /// Requests that the store may still get, in order, so that equal states are equal.
    pub(crate) flight: Vec<Request>,
    pub(crate) left: Left,
    /// The last answer that a caller got, and the second of its expiry, while it counts by every
    /// clock.
    pub(crate) told: Option<(usize, i64)>,
    pub(crate) broken: Broken,
}

/// What may still go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    pub(crate) jumps: u8,
    pub(crate) resends: u8,
    pub(crate) failures: u8,
    pub(crate) drops: u8,
    pub(crate) waits: u8,
}

/// What a step did that it must not do. What a state shows is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Broken {
    pub(crate) overwritten: bool,
    pub(crate) repeated: bool,
    pub(crate) two_answers: bool,
    pub(crate) refused_by_itself: bool,
    pub(crate) stale: bool,
    pub(crate) too_late: bool,
}

impl World {
    pub(crate) fn new(config: &Config, skews: Vec<i64>) -> Self {
        Self {
            tick: 0,
            record: None,
            calls: (0..config.calls).map(Call::ahead).collect(),
            skews,
            flight: Vec::new(),
            left: Left {
                jumps: config.jumps,
                resends: config.resends,
                failures: config.failures,
                drops: config.drops,
                waits: config.waits,
            },
            told: None,
            broken: Broken::default(),
        }
    }

    /// A clock that is this much ahead.
    pub(crate) fn clock(&self, skew: i64) -> Now {
        let ticks = i64::try_from(TICK.as_millis()).unwrap_or(i64::MAX);
        Now::from_millis(BEGIN + (self.tick + skew) * ticks)
    }

    /// The clock of an invocation's host.
    pub(crate) fn now(&self, call: usize) -> Now {
        self.clock(self.skews[call])
    }

    /// `Call::now`: never earlier than when the call came.
    pub(crate) fn time(&self, call: usize) -> Now {
        self.now(call).max(Now::from_millis(self.calls[call].began))
    }

    /// Whether this second is not over by any clock.
    pub(crate) fn counts(&self, config: &Config, expiration: i64) -> bool {
        self.clock(config.last_skew()).seconds() <= expiration
    }

    /// Whether a call has the key, and may count on it by its own clock.
    pub(crate) fn is_live(&self, config: &Config, call: usize) -> bool {
        let now = self.now(call).millis();
        let lease = self.calls[call].lease;
        lease.is_some_and(|lease| now < lease || (now == lease && !config.takes_last))
    }

    /// What `Lease::is_live` says.
    pub(crate) fn says_live(&self, call: usize) -> bool {
        let Call {
            lease, ends_before, ..
        } = self.calls[call];
        lease.is_some_and(|lease| self.now(call).millis() < lease) && self.tick < ends_before
    }

    /// Those that have the key and go on.
    pub(crate) fn owners(&self, config: &Config) -> impl Iterator<Item = usize> {
        (0..self.calls.len()).filter(|call| {
            let phase = &self.calls[*call].phase;
            matches!(phase, Phase::Running | Phase::Finishing { .. }) && self.is_live(config, *call)
        })
    }

    /// Whether two leases live. A durable function and its replay have one.
    pub(crate) fn has_two_leases(&self, config: &Config) -> bool {
        let mut held = self.owners(config).map(|call| self.calls[call].held);
        let first = held.next();
        first.is_some_and(|first| held.any(|held| held != first))
    }

    /// Somebody's caller gets an answer that is kept until this second.
    pub(crate) fn tell(&mut self, config: &Config, answer: usize, expiration: i64) {
        if !self.counts(config, expiration) {
            return;
        }
        if self.told.is_some_and(|(told, _)| told != answer) {
            self.broken.two_answers = true;
        }
        self.told = Some((answer, expiration));
    }

    /// Whose answer a completed record has.
    pub(crate) fn stored(&self) -> Option<usize> {
        let record = self.record.as_ref()?;
        (record.status() == Status::Completed).then(|| answer_of(record))
    }

    /// A moment passes.
    pub(crate) fn pass(&mut self, config: &Config) {
        self.tick += 1;
        for call in &mut self.calls {
            if call.killed_after < self.tick {
                call.end();
            }
        }
        self.forget(config);
    }

    /// Drops what no longer makes a difference, so that equal states are equal.
    pub(crate) fn forget(&mut self, config: &Config) {
        if let Some((_, expiration)) = self.told
            && !self.counts(config, expiration)
        {
            self.told = None;
        }
        let slowest = self.clock(config.first_skew()).millis();
        for (call, skew) in self.calls.iter_mut().zip(&mut self.skews) {
            if matches!(call.phase, Phase::Over) {
                call.lease = call.lease.filter(|lease| slowest <= *lease);
                if call.lease.is_none() {
                    call.effect = false;
                    *skew = config.first_skew();
                }
            }
        }
        for request in &mut self.flight {
            request.awaited &= !matches!(self.calls[request.from].phase, Phase::Over);
        }
        self.flight.retain(Request::matters);
        self.flight.sort_unstable();
    }
}

/// The answer of an invocation: that of the second is too large, that of the third is an error.
pub(crate) fn answer(call: usize) -> Answer {
    match call {
        0 => Answer::Response("0".into()),
        1 => Answer::Omitted,
        _ => Answer::Error("2".into()),
    }
}

fn answer_of(record: &StoredRecord) -> usize {
    match record.answer() {
        Some(Answer::Response(_)) => 0,
        Some(Answer::Omitted) => 1,
        Some(Answer::Error(_)) => 2,
        answer => panic!("nobody answers {answer:?}"),
    }
}

pub(crate) fn replayed(record: &StoredRecord) -> (usize, i64) {
    (answer_of(record), record.expiration())
}

const MARKS: [&str; 3] = ["a", "b", "c"];

/// The mark of an invocation.
pub(crate) fn mark(call: usize) -> &'static str {
    MARKS[call]
}

/// The record that a durable function goes on under.
pub(crate) fn adopted(owner: Option<&str>, in_progress_expiration: Option<i64>) -> Held {
    match owner {
        Some(owner) => {
            let call = MARKS.iter().position(|mark| *mark == owner);
            Held::Mark(call.expect("marks are ours"))
        }
        None => Held::Lease(in_progress_expiration),
    }
}
