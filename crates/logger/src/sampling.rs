//! Who is drawn for DEBUG.

use powertools_core::{Env, EnvError, SharedRandom};

const RATE: &str = "POWERTOOLS_LOGGER_SAMPLE_RATE";

/// How many invocations write everything.
#[derive(Debug, Clone)]
pub(crate) struct Sampling {
    rate: f64,
    /// The rate as the line shows it.
    json: Vec<u8>,
    by_trace_id: bool,
}

/// What was given in code.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) rate: Option<f64>,
    pub(crate) by_trace_id: bool,
}

/// A rate that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoNumber;

impl Sampling {
    /// The rate given in code, else the environment's.
    pub(crate) fn resolve(env: &Env, wanted: Wanted) -> Result<Option<Self>, Either> {
        let Wanted { rate, by_trace_id } = wanted;
        if let Some(rate) = rate {
            let rate = finite(rate).ok_or(Either::Code(NoNumber))?;
            return Ok(Some(Self {
                rate,
                json: rate.to_string().into_bytes(),
                by_trace_id,
            }));
        }
        let Some(text) = env.get_non_empty(RATE) else {
            return Ok(None);
        };
        let rate = text.trim().parse().ok().and_then(finite);
        let rate = rate.ok_or_else(|| EnvError::new(RATE, "a number from 0 to 1"));
        // As the other languages do, the line shows the text that the variable holds.
        let json = format!("\"{}\"", text.trim()).into_bytes();
        Ok(Some(Self {
            rate: rate.map_err(Either::Env)?,
            json,
            by_trace_id,
        }))
    }

    /// Whether an invocation is drawn.
    pub(crate) fn draw(&self, random: &SharedRandom, trace_id: Option<&str>) -> bool {
        let of_trace = || trace_id.filter(|_| self.by_trace_id).and_then(unit);
        of_trace().unwrap_or_else(|| random.unit()) <= self.rate
    }

    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }
}

/// Where the wrong rate stands.
#[derive(Debug)]
pub(crate) enum Either {
    Env(EnvError),
    Code(NoNumber),
}

/// As in the other languages, a rate above one is always, one below zero never.
fn finite(rate: f64) -> Option<f64> {
    rate.is_finite().then_some(rate)
}

/// The end of a trace id as a number from zero to one. It is random, and the same for
/// every function that the trace passes, in whatever language it is written.
fn unit(trace_id: &str) -> Option<f64> {
    const DIGITS: usize = 13;
    let start = trace_id.len().checked_sub(DIGITS)?;
    let bits = u64::from_str_radix(trace_id.get(start..)?, 16).ok()?;
    // 13 digits are 52 bits, which an f64 holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "52 bits fit")]
    let x = bits as f64;
    Some(x / (1_u64 << 52) as f64)
}

#[cfg(test)]
mod tests {
    use powertools_core::Random;

    use super::*;

    /// Draws the same number always.
    struct Fixed(f64);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "< 2^53"
            )]
            let bits = ((self.0 * (1_u64 << 53) as f64) as u64) << 11;
            bytes.copy_from_slice(&bits.to_le_bytes());
        }
    }

    fn draw(rate: f64, random: f64, trace_id: Option<&str>) -> bool {
        let wanted = Wanted {
            rate: Some(rate),
            by_trace_id: true,
        };
        let sampling = Sampling::resolve(&Env::from_iter([("", "")]), wanted);
        let sampling = sampling.unwrap().unwrap();
        sampling.draw(&SharedRandom::new(Fixed(random)), trace_id)
    }

    fn of_env(value: &str) -> Result<Option<Sampling>, Either> {
        Sampling::resolve(&Env::from_iter([(RATE, value)]), Wanted::default())
    }

    #[test]
    fn a_draw_up_to_the_rate_hits() {
        assert!(draw(0.25, 0.25, None));
        assert!(!draw(0.25, 0.251, None));
        assert!(draw(1.0, 0.999, None));
        assert!(!draw(0.0, 0.001, None));
    }

    #[test]
    fn a_trace_decides_for_all_functions_alike() {
        let low = "1-5759e988-bd862e3fe1b0000000000001";
        let high = "1-5759e988-bd862e3fe1bfffffffffffff";
        assert!(draw(0.1, 0.9, Some(low)));
        assert!(!draw(0.9, 0.1, Some(high)));
        // Not an id of X-Ray: chance decides.
        assert!(draw(0.5, 0.1, Some("short")));
        assert!(draw(0.5, 0.1, Some("not-hexadecimal-at-all")));
    }

    #[test]
    fn the_line_shows_a_number_from_code_and_the_text_of_the_variable() {
        let wanted = Wanted {
            rate: Some(0.0),
            ..Wanted::default()
        };
        let code = Sampling::resolve(&Env::from_iter([(RATE, "1")]), wanted);
        assert_eq!(code.unwrap().unwrap().json(), b"0");
        assert_eq!(of_env(" 0.5 ").unwrap().unwrap().json(), b"\"0.5\"");
        assert!(of_env("").unwrap().is_none());
    }

    #[test]
    fn a_rate_that_is_no_number_is_refused() {
        for value in ["often", "NaN", "inf", "\"0.5\""] {
            let Err(Either::Env(error)) = of_env(value) else {
                panic!("{value} was taken");
            };
            assert_eq!(error.name(), RATE);
        }
        for rate in [f64::NEG_INFINITY, f64::NAN] {
            let wanted = Wanted {
                rate: Some(rate),
                ..Wanted::default()
            };
            let refused = Sampling::resolve(&Env::from_iter([("", "")]), wanted);
            assert!(matches!(refused, Err(Either::Code(NoNumber))), "{rate}");
        }
    }

    #[test]
    fn a_rate_above_one_is_always_and_one_below_zero_never() {
        assert!(draw(3.0, 0.999, None));
        assert!(!draw(-2.0, 0.0, None));
    }
}
