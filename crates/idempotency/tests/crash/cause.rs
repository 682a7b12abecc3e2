//! Why an effect was repeated.

use std::fmt;

use crate::{
    event::{End, Step},
    faults::{Class, Fired, PATIENCE},
    history::{Call, Run},
    life::Life,
    order::Point,
};

/// What became of an owner between its effect and its completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Killed, when this call was at this point.
    KilledAt(Point),
    /// Killed, wherever it was.
    Killed,
    /// Paused beyond its lease.
    Paused,
    /// Its completion did not come through, or too late.
    CutOff(Class),
    /// It was too slow for its lease, or the store for its patience, by its own times.
    Slow,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KilledAt(point) => write!(f, "killed {}", point.name()),
            Self::Killed => f.write_str("killed at random"),
            Self::Paused => f.write_str("paused beyond its lease"),
            Self::CutOff(class) => write!(f, "completion {class:?}"),
            Self::Slow => f.write_str("slow"),
        }
    }
}

/// Why the effect of this run is not the last one of its key; none if it ought to be.
pub(crate) fn of(call: &Call, run: &Run, life: &Life, fired: &Fired) -> Option<Cause> {
    match run.completed {
        Some((End::Done, _)) => None,
        None if !life.is_killed() => None,
        None => Some(match life.killed_at() {
            Some(point) if call.stopped => Cause::KilledAt(point),
            _ => Cause::Killed,
        }),
        Some((end, at)) => {
            // Who lost its lease has outlived it. A completion that failed may have been cut off
            // within it.
            let (beyond, slow) = match end {
                End::NotOwner => (run.lease_end, at > run.lease_end),
                End::Done | End::Failed => (i64::MIN, waited(run.completing?, at)),
            };
            if let Some(class) = fired.on(&run.claim.owner, Step::Completion) {
                (at > beyond).then_some(Cause::CutOff(class))
            } else if life.is_paused(run.claim.decided, at, beyond) {
                Some(Cause::Paused)
            } else {
                slow.then_some(Cause::Slow)
            }
        }
    }
}

/// Whether a client has waited in vain for as long as it does.
fn waited(from: i64, to: i64) -> bool {
    u128::try_from(to - from).is_ok_and(|millis| millis >= PATIENCE.as_millis())
}
