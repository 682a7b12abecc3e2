//! The level: which words there are, and who decides.

use powertools_core::{Env, EnvError};
use tracing::{Level, level_filters::LevelFilter};

const PLATFORM: &str = "AWS_LAMBDA_LOG_LEVEL";
const POWERTOOLS: &str = "POWERTOOLS_LOG_LEVEL";
const LEGACY: &str = "LOG_LEVEL";

/// The platform's level first, then the one given in code, then the environment's,
/// then INFO.
pub(crate) fn resolve(env: &Env, given: Option<LevelFilter>) -> Result<LevelFilter, EnvError> {
    // Lambda writes the words in upper case; any other spelling is not its own.
    let platform = env
        .get_non_empty(PLATFORM)
        .filter(|word| *word == word.to_ascii_uppercase());
    if let Some(level) = platform.and_then(|word| parse(&word)) {
        return Ok(level);
    }
    if let Some(level) = given {
        return Ok(level);
    }
    for name in [POWERTOOLS, LEGACY] {
        if let Some(word) = env.get_non_empty(name) {
            const WORDS: &str = "one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL";
            return parse(word.trim()).ok_or_else(|| EnvError::new(name, WORDS));
        }
    }
    Ok(LevelFilter::INFO)
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

/// The word in the line, as Lambda's own log filter reads it.
pub(crate) fn word(level: Level) -> &'static str {
    match level {
        Level::TRACE => "TRACE",
        Level::DEBUG => "DEBUG",
        Level::INFO => "INFO",
        Level::WARN => "WARN",
        Level::ERROR => "ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(pairs: &[(&str, &str)], given: Option<LevelFilter>) -> Result<LevelFilter, EnvError> {
        resolve(&Env::from_iter(pairs.iter().copied()), given)
    }

    #[test]
    fn info_is_the_default() {
        assert_eq!(level(&[], None), Ok(LevelFilter::INFO));
        assert_eq!(
            level(&[(POWERTOOLS, ""), (LEGACY, "")], None),
            Ok(LevelFilter::INFO)
        );
    }

    #[test]
    fn the_platform_comes_first_then_the_code_then_the_environment() {
        let all = [
            (PLATFORM, "ERROR"),
            (POWERTOOLS, "DEBUG"),
            (LEGACY, "TRACE"),
        ];
        assert_eq!(level(&all, Some(LevelFilter::WARN)), Ok(LevelFilter::ERROR));
        assert_eq!(
            level(&all[1..], Some(LevelFilter::WARN)),
            Ok(LevelFilter::WARN)
        );
        assert_eq!(level(&all[1..], None), Ok(LevelFilter::DEBUG));
        assert_eq!(level(&all[2..], None), Ok(LevelFilter::TRACE));
    }

    #[test]
    fn words_of_the_other_languages_count_in_any_case() {
        for (word, expected) in [
            ("warning", LevelFilter::WARN),
            ("Critical", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("trace", LevelFilter::TRACE),
        ] {
            assert_eq!(level(&[(POWERTOOLS, word)], None), Ok(expected), "{word}");
        }
    }

    #[test]
    fn a_platform_level_in_another_spelling_is_ignored() {
        assert_eq!(level(&[(PLATFORM, "debug")], None), Ok(LevelFilter::INFO));
        assert_eq!(level(&[(PLATFORM, "LOUD")], None), Ok(LevelFilter::INFO));
    }

    #[test]
    fn a_level_that_does_not_exist_is_an_error_that_names_the_variable() {
        let error = level(&[(POWERTOOLS, "LOUD")], None).unwrap_err();
        assert_eq!(error.name(), POWERTOOLS);
    }
}
