//! The level: which words there are, and who decides.

use std::sync::atomic::{AtomicU8, Ordering};

use powertools_core::{Env, EnvError};
use tracing::{Level, level_filters::LevelFilter};

const PLATFORM: &str = "AWS_LAMBDA_LOG_LEVEL";
const POWERTOOLS: &str = "POWERTOOLS_LOG_LEVEL";
const LEGACY: &str = "LOG_LEVEL";

/// The level of a logger.
#[derive(Debug)]
pub(crate) struct Threshold {
    /// Lambda's own setting, which nothing overrules.
    platform: Option<LevelFilter>,
    initial: LevelFilter,
    /// Whether code or environment asked for `initial`.
    is_asked: bool,
    /// As it was asked for last. Process-wide, as the logger is: `set_level` is for all
    /// invocations. So are the two that follow from it.
    wanted: AtomicU8,
    base: AtomicU8,
    sampled: AtomicU8,
}

impl Threshold {
    /// The platform's level first, then the one given in code, then the environment's,
    /// then INFO.
    pub(crate) fn resolve(env: &Env, given: Option<LevelFilter>) -> Result<Self, EnvError> {
        // Lambda writes the words in upper case; any other spelling is not its own.
        let platform = env
            .get_non_empty(PLATFORM)
            .filter(|word| *word == word.to_ascii_uppercase())
            .and_then(|word| parse(&word));
        let asked = match given {
            Some(level) => Some(level),
            None => of_env(env)?,
        };
        let initial = asked.unwrap_or(LevelFilter::INFO);
        let this = Self {
            platform,
            initial,
            is_asked: asked.is_some(),
            wanted: AtomicU8::default(),
            base: AtomicU8::default(),
            sampled: AtomicU8::default(),
        };
        this.set(None);
        Ok(this)
    }

    /// Whether a level is shown, unless an invocation was drawn for sampling.
    pub(crate) fn shows(&self, rank: Rank) -> bool {
        rank.0 <= self.base.load(Ordering::Relaxed)
    }

    /// Whether a level is shown in an invocation that was drawn.
    pub(crate) fn shows_sampled(&self, rank: Rank) -> bool {
        rank.0 <= self.sampled.load(Ordering::Relaxed)
    }

    /// The level that holds, unless an invocation was drawn for sampling.
    pub(crate) fn base(&self) -> LevelFilter {
        of_byte(self.base.load(Ordering::Relaxed))
    }

    /// The level of an invocation that was drawn: DEBUG, if nobody forbids it.
    pub(crate) fn sampled(&self) -> LevelFilter {
        of_byte(self.sampled.load(Ordering::Relaxed))
    }

    /// A level that was given to a single target, as far as the platform allows it.
    pub(crate) fn bounded(&self, level: LevelFilter) -> LevelFilter {
        self.platform.map_or(level, |platform| platform.min(level))
    }

    /// Sets the level; without one, it is again what it was first.
    pub(crate) fn set(&self, level: Option<LevelFilter>) {
        let wanted = level.unwrap_or(self.initial);
        let base = self.platform.unwrap_or(wanted);
        let sampled = self.platform.unwrap_or(wanted.max(LevelFilter::DEBUG));
        for (place, level) in [
            (&self.wanted, wanted),
            (&self.base, base),
            (&self.sampled, sampled),
        ] {
            place.store(to_byte(level), Ordering::Relaxed);
        }
    }

    /// Lambda's level, where it hides lines that `wanted` would write.
    pub(crate) fn platform_hides(&self, wanted: LevelFilter) -> Option<LevelFilter> {
        self.platform.filter(|platform| *platform < wanted)
    }

    /// Whether somebody wished for the level that `set` sets back to.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// The level that was asked for, whatever the platform says.
    pub(crate) fn wanted(&self) -> LevelFilter {
        of_byte(self.wanted.load(Ordering::Relaxed))
    }
}

/// A level as a number: the more verbose, the higher.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rank(u8);

impl Rank {
    pub(crate) fn of(level: Level) -> Self {
        Self(match level {
            Level::ERROR => 1,
            Level::WARN => 2,
            Level::INFO => 3,
            Level::DEBUG => 4,
            Level::TRACE => 5,
        })
    }
}

/// A set of levels.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ranks(u8);

impl Ranks {
    /// The levels for which this holds.
    pub(crate) fn which(holds: impl Fn(Level) -> bool) -> Self {
        let levels = [
            Level::ERROR,
            Level::WARN,
            Level::INFO,
            Level::DEBUG,
            Level::TRACE,
        ];
        let bits = levels.into_iter().filter(|level| holds(*level));
        Self(bits.fold(0, |bits, level| bits | 1 << Rank::of(level).0))
    }

    pub(crate) fn contains(self, rank: Rank) -> bool {
        self.0 & (1 << rank.0) != 0
    }
}

fn of_env(env: &Env) -> Result<Option<LevelFilter>, EnvError> {
    for name in [POWERTOOLS, LEGACY] {
        if let Some(word) = env.get_non_empty(name) {
            const WORDS: &str = "one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL";
            return match parse(word.trim()) {
                Some(level) => Ok(Some(level)),
                None => Err(EnvError::new(name, WORDS)),
            };
        }
    }
    Ok(None)
}

/// `WARNING`, `CRITICAL` and `FATAL` are words of the other languages.
fn parse(word: &str) -> Option<LevelFilter> {
    Some(match word.to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "INFO" => LevelFilter::INFO,
        "WARN" | "WARNING" => LevelFilter::WARN,
        "ERROR" | "CRITICAL" | "FATAL" => LevelFilter::ERROR,
        _ => return None,
    })
}

/// The word in the line, with its quotes, as Lambda's own log filter reads it.
pub(crate) fn json(level: Level) -> &'static str {
    match level {
        Level::TRACE => "\"TRACE\"",
        Level::DEBUG => "\"DEBUG\"",
        Level::INFO => "\"INFO\"",
        Level::WARN => "\"WARN\"",
        Level::ERROR => "\"ERROR\"",
    }
}

/// The word of a threshold.
pub(crate) fn filter_word(level: LevelFilter) -> &'static str {
    level
        .into_level()
        .map_or("OFF", |level| json(level).trim_matches('"'))
}

const ORDERED: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

fn to_byte(level: LevelFilter) -> u8 {
    level.into_level().map_or(0, |level| Rank::of(level).0)
}

fn of_byte(byte: u8) -> LevelFilter {
    ORDERED[usize::from(byte.min(5))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold(
        pairs: &[(&str, &str)],
        given: Option<LevelFilter>,
    ) -> Result<Threshold, EnvError> {
        Threshold::resolve(&Env::from_iter(pairs.iter().copied()), given)
    }

    fn level(pairs: &[(&str, &str)], given: Option<LevelFilter>) -> LevelFilter {
        threshold(pairs, given).unwrap().base()
    }

    #[test]
    fn info_is_the_default() {
        assert_eq!(level(&[], None), LevelFilter::INFO);
        assert_eq!(
            level(&[(POWERTOOLS, ""), (LEGACY, "")], None),
            LevelFilter::INFO
        );
    }

    #[test]
    fn the_platform_comes_first_then_the_code_then_the_environment() {
        let all = [
            (PLATFORM, "ERROR"),
            (POWERTOOLS, "DEBUG"),
            (LEGACY, "TRACE"),
        ];
        assert_eq!(level(&all, Some(LevelFilter::WARN)), LevelFilter::ERROR);
        assert_eq!(level(&all[1..], Some(LevelFilter::WARN)), LevelFilter::WARN);
        assert_eq!(level(&all[1..], None), LevelFilter::DEBUG);
        assert_eq!(level(&all[2..], None), LevelFilter::TRACE);
    }

    #[test]
    fn words_of_the_other_languages_count_in_any_case() {
        for (word, expected) in [
            ("warning", LevelFilter::WARN),
            ("Critical", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("trace", LevelFilter::TRACE),
        ] {
            assert_eq!(level(&[(POWERTOOLS, word)], None), expected, "{word}");
        }
    }

    #[test]
    fn a_platform_level_in_another_spelling_is_ignored() {
        assert_eq!(level(&[(PLATFORM, "debug")], None), LevelFilter::INFO);
        assert_eq!(level(&[(PLATFORM, "LOUD")], None), LevelFilter::INFO);
    }

    #[test]
    fn a_level_that_does_not_exist_is_an_error_that_names_the_variable() {
        for (pairs, name) in [
            ([(POWERTOOLS, "LOUD")], POWERTOOLS),
            ([(LEGACY, "1")], LEGACY),
        ] {
            assert_eq!(threshold(&pairs, None).unwrap_err().name(), name);
        }
    }

    #[test]
    fn a_level_that_is_set_holds_until_it_is_set_back() {
        let threshold = threshold(&[(POWERTOOLS, "WARN")], None).unwrap();
        for level in ORDERED {
            threshold.set(Some(level));
            assert_eq!(threshold.base(), level);
        }
        threshold.set(None);
        assert_eq!(threshold.base(), LevelFilter::WARN);
    }

    #[test]
    fn a_drawn_invocation_is_at_debug_and_never_less_than_the_logger() {
        assert_eq!(threshold(&[], None).unwrap().sampled(), LevelFilter::DEBUG);
        let trace = threshold(&[], Some(LevelFilter::TRACE)).unwrap();
        assert_eq!(trace.sampled(), LevelFilter::TRACE);
    }

    #[test]
    fn nothing_gets_round_the_level_of_the_platform() {
        let threshold = threshold(&[(PLATFORM, "WARN")], Some(LevelFilter::DEBUG)).unwrap();
        assert_eq!(threshold.base(), LevelFilter::WARN);
        assert_eq!(threshold.sampled(), LevelFilter::WARN);
        assert_eq!(
            threshold.platform_hides(threshold.wanted()),
            Some(LevelFilter::WARN)
        );
        threshold.set(Some(LevelFilter::ERROR));
        assert_eq!(threshold.base(), LevelFilter::WARN);
        assert_eq!(threshold.platform_hides(threshold.wanted()), None);
    }
}
