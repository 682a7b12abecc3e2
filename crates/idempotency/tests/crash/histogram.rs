//! How often everything has happened that the storm is about. None of it may be missing.

use std::{collections::BTreeMap, fmt};

use crate::{
    cause::Cause,
    event::{Said, Step},
    fate::Fate,
    faults::{CLASSES, Fired},
    history::Call,
    life::Life,
    storm::Size,
    verdict::Repeated,
};

/// Counts by what they are of, in their order, each with the least that there must be.
#[derive(Default)]
pub(crate) struct Histogram(BTreeMap<String, (usize, usize)>);

impl Histogram {
    pub(crate) fn new(
        size: &Size,
        calls: &[Call],
        lives: &[Life],
        fired: &Fired,
        repeated: &[Repeated],
    ) -> Self {
        let mut histogram = Self::default();
        histogram.fates(size, lives);
        histogram.cut_short(calls, lives);
        for step in [Step::Claim, Step::Completion, Step::Release] {
            for class in CLASSES {
                let count = fired.counts.get(&(step, class)).copied();
                histogram.add(format!("network: {step:?} {class:?}"), count, 1);
            }
        }
        histogram.answers(size, calls);
        histogram.first_after_the_storm(calls, lives);
        histogram.add(
            "repeated effects".into(),
            Some(repeated.len()),
            size.repeated,
        );
        for repeated in repeated {
            let cause = match repeated.cause {
                Cause::CutOff(_) => "its completion was cut off".to_owned(),
                cause => cause.to_string(),
            };
            histogram.add(format!("repeated effects: {cause}"), Some(1), 0);
        }
        histogram
    }

    fn fates(&mut self, size: &Size, lives: &[Life]) {
        for life in lives {
            let (name, least) = match life.fate {
                Fate::KilledAt(point, _) => (
                    format!("killed {}", point.name()),
                    size.kills_at_a_point / 2,
                ),
                Fate::KilledAtRandom => ("killed at random".to_owned(), size.kills_at_random / 2),
                Fate::PausedAt(point, _) => (
                    format!("paused {}, beyond the lease", point.name()),
                    size.pauses_at_a_point / 2,
                ),
                Fate::Paused => {
                    let pauses = Some(life.pauses.len());
                    self.add("paused at random".into(), pauses, size.paused);
                    continue;
                }
                Fate::Spared => ("spared".to_owned(), 0),
            };
            let struck = life.struck || life.fate == Fate::Spared;
            self.add(name, Some(usize::from(struck)), least);
        }
    }

    /// How far the calls had come whose processes were killed.
    fn cut_short(&mut self, calls: &[Call], lives: &[Life]) {
        const NAMES: [&str; 5] = [
            "before its put was answered",
            "between put and effect",
            "between effect and completion",
            "while the completion was under way",
            "after the completion",
        ];
        let mut counts = [0; NAMES.len()];
        let killed = calls
            .iter()
            .filter(|call| call.said.is_none() && lives[call.life].is_killed());
        for call in killed {
            let how_far = match &call.run {
                None => 0,
                Some(run) if run.completed.is_some() => 4,
                Some(run) if run.completing.is_some() => 3,
                Some(run) if run.effect.is_some() => 2,
                Some(_) => 1,
            };
            counts[how_far] += 1;
        }
        for (name, count) in NAMES.into_iter().zip(counts) {
            self.add(format!("calls killed: {name}"), Some(count), 1);
        }
    }

    /// What the first caller after the storm has met.
    fn first_after_the_storm(&mut self, calls: &[Call], lives: &[Life]) {
        for call in calls.iter().filter(|call| call.life + 2 == lives.len()) {
            let met = match call.run {
                Some(_) => "runnable",
                None => "completed",
            };
            self.add(format!("keys after the storm: {met}"), Some(1), 1);
        }
        self.add("keys after the storm: runnable".into(), None, 8);
    }

    fn answers(&mut self, size: &Size, calls: &[Call]) {
        for call in calls {
            let Some(said) = &call.said else { continue };
            let said = match said {
                Said::Answer(run) => {
                    let own = call.run.as_ref();
                    match own.is_some_and(|own| own.claim.owner == *run) {
                        true => "its own answer".to_owned(),
                        false => "the stored answer".to_owned(),
                    }
                }
                Said::InProgress { .. } => "in progress".to_owned(),
                other => format!("{other:?}"),
            };
            self.add(format!("told: {said}"), Some(1), 0);
        }
        for (said, least) in [
            ("LeaseLost", 1),
            ("GaveUp", 1),
            ("Failed", 1),
            ("in progress", 1),
            ("the stored answer", 1),
        ] {
            self.add(format!("told: {said}"), None, least);
        }
        let recognised = calls
            .iter()
            .filter_map(|call| call.run.as_ref())
            .filter(|run| run.claim.recognised);
        self.add(
            "own claims recognised".into(),
            Some(recognised.count()),
            size.recognised,
        );
    }

    fn add(&mut self, what: String, count: Option<usize>, least: usize) {
        let entry = self.0.entry(what).or_insert((0, least));
        entry.0 += count.unwrap_or_default();
        entry.1 = entry.1.max(least);
    }

    /// What has happened less often than it must.
    pub(crate) fn missing(&self) -> Vec<&str> {
        let missing = self.0.iter().filter(|(_, (count, least))| count < least);
        missing.map(|(what, _)| what.as_str()).collect()
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, (count, least)) in &self.0 {
            writeln!(f, "  {count:>6}  {what} (at least {least})")?;
        }
        Ok(())
    }
}
