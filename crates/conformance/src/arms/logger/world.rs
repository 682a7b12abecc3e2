//! All that a case acts on: environment, clock, chance, output and loggers.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use powertools_core::{Host, Invocation, NoExtract, Random, SharedRandom};
use powertools_logger::{LoggerLayer, WholeEvent};
use tracing::{Dispatch, level_filters::LevelFilter};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use super::{
    create::{self, Create},
    output::{Line, Output},
};
use crate::{
    arm::Refusal,
    arms::common::{fault::Fault, host::Variables, members::unknown},
    json::Json,
};

/// What a draw gives unless the case says.
const HALF: f64 = 0.5;

pub(super) struct World {
    pub(super) host: Host,
    pub(super) output: Output,
    variables: Variables,
    /// As bits.
    draw: Arc<AtomicU64>,
    loggers: BTreeMap<String, Logger>,
    errors: Vec<Json>,
    values: Vec<Json>,
}

/// A logger of the case.
#[derive(Clone)]
pub(super) struct Logger {
    pub(super) create: Create,
    pub(super) layer: LoggerLayer<NoExtract, WholeEvent>,
    pub(super) dispatch: Dispatch,
    /// That of operations outside of `invoke`.
    pub(super) nobody: Invocation,
    /// As `set_level` has set it.
    pub(super) level: Option<LevelFilter>,
}

impl World {
    pub(super) fn new() -> Self {
        let variables = Variables::default();
        let draw = Arc::new(AtomicU64::new(HALF.to_bits()));
        let host = variables
            .host()
            .with_random(SharedRandom::new(Draws(Arc::clone(&draw))));
        Self {
            host,
            output: Output::default(),
            variables,
            draw,
            loggers: BTreeMap::new(),
            errors: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Sets what is given; null removes.
    pub(super) fn set_env(&self, given: Option<&Json>) -> Result<(), Refusal> {
        self.variables.set(given)
    }

    /// What every draw gives from now on.
    pub(super) fn set_random(&self, given: Option<&Json>) -> Result<(), Refusal> {
        let Some(given) = given else {
            return Ok(());
        };
        let number = given.as_number().map(crate::json::Number::as_f64);
        let unit = number.filter(|number| (0.0..=1.0).contains(number));
        let unit = unit.ok_or_else(|| unknown("a draw that is not from 0 to 1"))?;
        self.draw.store(unit.to_bits(), Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn add_logger(&mut self, id: &str, create: Create) -> Result<(), Fault> {
        let builder = create.builder(&self.host, self.output.writer(), false)?;
        let layer = builder.build().map_err(|error| create::kind(&error))?;
        let subscriber = Registry::default().with(layer.subscriber_layer());
        let logger = Logger {
            create,
            layer,
            dispatch: Dispatch::new(subscriber),
            nobody: Invocation::detached(),
            level: None,
        };
        self.loggers.insert(id.to_owned(), logger);
        Ok(())
    }

    /// A logger whose `create` has failed is not there.
    pub(super) fn logger(&self, id: &str) -> Result<Logger, Fault> {
        let logger = self.loggers.get(id).cloned();
        logger.ok_or_else(|| Fault::Failed("no logger".to_owned()))
    }

    pub(super) fn set_level(&mut self, id: &str, level: Option<LevelFilter>) {
        if let Some(logger) = self.loggers.get_mut(id) {
            logger.level = level;
            logger.layer.set_level(level);
        }
    }

    pub(super) fn add_value(&mut self, at: &str, value: Json) {
        self.values
            .push(Json::object([("at", Json::text(at)), ("value", value)]));
    }

    pub(super) fn add_error(&mut self, at: &str, kind: &str) {
        self.errors.push(Json::object([
            ("at", Json::text(at)),
            ("kind", Json::text(kind)),
        ]));
    }

    /// What came out, in the vocabulary of `expected`.
    pub(super) fn into_json(self, raw: bool) -> Json {
        let (lines, warned_at) = self.output.take();
        let warning = |at: String| Json::object([("at", Json::text(at))]);
        let mut members = vec![
            (
                "lines",
                lines.iter().map(|line| line.json.clone()).collect(),
            ),
            ("key_order", lines.iter().map(names).collect()),
            ("values", self.values),
            ("errors", self.errors),
            ("warnings", warned_at.into_iter().map(warning).collect()),
        ];
        members.retain(|(name, list)| !list.is_empty() || ["lines", "key_order"].contains(name));
        if raw {
            let raw = lines.iter().map(|line| Json::text(line.raw.as_str()));
            members.push(("raw", raw.collect()));
        }
        Json::object(
            members
                .into_iter()
                .map(|(name, list)| (name, Json::Array(list))),
        )
    }
}

fn names(line: &Line) -> Json {
    let object = line.json.as_object();
    let names = object.into_iter().flat_map(|object| object.names());
    Json::Array(names.map(Json::text).collect())
}

/// Draws what the case says.
struct Draws(Arc<AtomicU64>);

impl Random for Draws {
    fn fill(&self, bytes: &mut [u8]) {
        let unit = f64::from_bits(self.0.load(Ordering::Relaxed));
        // As many bits as a draw looks at, at the upper end.
        let bits = bits(unit) << 11;
        for (byte, own) in bytes.iter_mut().zip(bits.to_le_bytes().iter().cycle()) {
            *byte = *own;
        }
    }
}

/// 53 bits, of which 1 is the highest number.
fn bits(unit: f64) -> u64 {
    const ALL: u64 = (1 << 53) - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 2^53"
    )]
    let bits = (unit * (1_u64 << 53) as f64) as u64;
    bits.min(ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draw_is_the_number_of_the_case_and_never_above_it() {
        let world = World::new();
        for unit in ["0", "0.3", "0.31", "0.9"] {
            let number = Json::parse(unit).unwrap();
            world.set_random(Some(&number)).unwrap();
            let (drawn, unit) = (world.host.random().unit(), unit.parse::<f64>().unwrap());
            assert!(drawn <= unit && unit - drawn < 1e-15, "{drawn} for {unit}");
        }
        assert!(world.set_random(Some(&Json::parse("2").unwrap())).is_err());
    }
}
