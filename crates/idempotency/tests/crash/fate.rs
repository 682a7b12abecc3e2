//! What is to become of a process.

use fastrand::Rng;

use crate::{order::Point, storm::Size};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// At this visit of the point.
    KilledAt(Point, u32),
    KilledAtRandom,
    /// For longer than its lease.
    PausedAt(Point, u32),
    /// For short times, at random.
    Paused,
    Spared,
}

impl Fate {
    /// How many calls a process with this fate makes, if it lives.
    pub(crate) fn calls(self) -> u32 {
        match self {
            Self::KilledAt(..) | Self::KilledAtRandom | Self::PausedAt(..) => 150,
            Self::Paused | Self::Spared => 200,
        }
    }

    /// Where its process stops.
    pub(crate) fn stop(self) -> Option<(Point, u32)> {
        match self {
            Self::KilledAt(point, visit) | Self::PausedAt(point, visit) => Some((point, visit)),
            Self::KilledAtRandom | Self::Paused | Self::Spared => None,
        }
    }
}

/// Those of a storm, in their order.
pub(crate) fn deck(size: &Size, random: &mut Rng) -> Vec<Fate> {
    let mut fates = Vec::new();
    for point in Point::ALL {
        for _ in 0..size.kills_at_a_point {
            // Every call puts, but only few run.
            let last = if point == Point::BeforePut { 60 } else { 3 };
            fates.push(Fate::KilledAt(point, random.u32(1..=last)));
        }
    }
    for point in [
        Point::AfterPut,
        Point::BeforeEffect,
        Point::AfterEffect,
        Point::BeforeCompletion,
    ] {
        for _ in 0..size.pauses_at_a_point {
            fates.push(Fate::PausedAt(point, random.u32(1..=2)));
        }
    }
    fates.extend(std::iter::repeat_n(
        Fate::KilledAtRandom,
        size.kills_at_random,
    ));
    fates.extend(std::iter::repeat_n(Fate::Paused, size.paused));
    fates.extend(std::iter::repeat_n(Fate::Spared, size.spared));
    random.shuffle(&mut fates);
    fates
}
