//! The operations of a case, one by one.

use powertools_logger as logger;
use tracing::dispatcher;

use super::{
    create::{self, Create},
    invoke, log,
    world::{Logger, World},
};
use crate::{
    arm::Refusal,
    arms::common::{
        fault::Fault,
        members::{self, given, must_fields, must_names, must_text, unknown},
        raised::Raised,
        special::Value,
    },
    json::Json,
    mapping,
};

/// The logger that operations work on unless they say; in a body it is the one that is current.
const DEFAULT: &str = "l";

/// What a list of operations is part of.
#[derive(Debug, Clone, Copy, Default)]
struct Within<'a> {
    /// The operation whose body it is, such as `2`.
    at: &'a str,
    /// The logger whose subscriber and invocation are current.
    logger: Option<&'a str>,
    is_invoked: bool,
}

impl World {
    /// Runs the operations of the case.
    pub(super) fn run_all(&mut self, operations: Option<&Json>) -> Result<(), Refusal> {
        self.run(operations, Within::default())
    }

    /// Runs operations. One that fails is recorded, and the next one follows.
    fn run(&mut self, list: Option<&Json>, within: Within<'_>) -> Result<(), Refusal> {
        let list = match list {
            None => &[],
            Some(list) => {
                let list = list.as_array();
                list.ok_or_else(|| unknown("operations that are no list"))?
            }
        };
        for (position, operation) in list.iter().enumerate() {
            let at = match within.at {
                "" => position.to_string(),
                outer => format!("{outer}.{position}"),
            };
            self.output.set_at(&at);
            self.set_random(operation.get("random"))?;
            match self.step(operation, &at, within) {
                Ok(()) => {}
                Err(Fault::Failed(kind)) => self.add_error(&at, &kind),
                Err(Fault::Refused(refusal)) => return Err(refusal),
            }
        }
        // The rest of the outer operation.
        self.output.set_at(within.at);
        Ok(())
    }

    fn step(&mut self, operation: &Json, at: &str, within: Within<'_>) -> Result<(), Fault> {
        let word = must_text(operation, "op")?;
        check_members(operation, word)?;
        match word {
            "create" => {
                let id = members::text(operation, "id")?.unwrap_or(DEFAULT);
                return self.add_logger(id, Create::new(operation)?);
            }
            "set_env" => {
                let env = must_fields(operation, "env")?;
                return Ok(self.set_env(Some(env))?);
            }
            _ => {}
        }
        let on = members::text(operation, "on")?;
        let on = on.or(within.logger).unwrap_or(DEFAULT);
        let logger = self.logger(on)?;
        if word == "invoke" {
            if within.is_invoked {
                return Err(unknown("an invocation within another").into());
            }
            let inner = Within {
                at,
                logger: Some(on),
                is_invoked: true,
            };
            return invoke::invoke(self, on, operation, |world| {
                world.run(operation.get("body"), inner)
            });
        }
        let call = Call {
            word,
            operation,
            at,
            on,
        };
        let inner = Within {
            at,
            logger: Some(on),
            ..within
        };
        if within.logger == Some(on) {
            return self.act(&logger, call, inner);
        }
        // Another logger is another program: nothing of what is current here concerns it.
        dispatcher::with_default(&logger.dispatch, || {
            logger.nobody.enter(|| self.act(&logger, call, inner))
        })
    }

    /// An operation on the logger that is current.
    fn act(&mut self, own: &Logger, call: Call<'_>, within: Within<'_>) -> Result<(), Fault> {
        let Call {
            word,
            operation,
            at,
            on,
        } = call;
        let coerces = own.create.coerces();
        match word {
            "log" => log::log(operation, coerces)?,
            "append_keys" => {
                let keys = must_fields(operation, "keys")?;
                logger::append_keys(&Value::new(keys, coerces));
            }
            "remove_keys" => logger::remove_keys(must_names(operation, "keys")?),
            "clear_state" => logger::clear_state(),
            "append_context_keys" => {
                let keys = must_fields(operation, "keys")?;
                let _keys = logger::append_context_keys(&Value::new(keys, coerces));
                self.run(operation.get("body"), within)?;
                if let Some(raised) = Raised::of(operation)? {
                    return Err(Fault::Failed(raised.name().to_owned()));
                }
            }
            "set_correlation_id" => match given(operation, "value") {
                Some(Json::Text(id)) => logger::set_correlation_id(id),
                other => {
                    let value = other.unwrap_or(&Json::Null);
                    logger::append_key("correlation_id", &Value::new(value, coerces));
                }
            },
            "set_level" => {
                let level = given(operation, "level");
                let level =
                    level.map(|level| mapping::level_filter(level).ok_or_else(Fault::config));
                self.set_level(on, level.transpose()?);
            }
            "flush_buffer" => logger::flush_buffer(),
            "clear_buffer" => logger::clear_buffer(),
            "refresh_sampling" => logger::refresh_sampling(),
            "get_correlation_id" => {
                let id = logger::correlation_id();
                self.add_value(at, id.map_or(Json::Null, Json::text));
            }
            "get_level" => {
                let level = own.layer.level().into_level();
                self.add_value(at, Json::text(level.map_or("OFF", |level| level.as_str())));
            }
            "get_service" => self.add_value(at, Json::text(own.layer.service())),
            other => return Err(no_counterpart(other).into()),
        }
        Ok(())
    }
}

/// An operation on a logger.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    word: &'a str,
    operation: &'a Json,
    at: &'a str,
    on: &'a str,
}

/// Words of the vocabulary without a counterpart, and what they are about.
const NO_COUNTERPART: &[(&str, &str)] = &[
    ("append_task_keys", "keys beside those of the invocation"),
    ("remove_task_keys", "keys beside those of the invocation"),
    ("clear_task_keys", "keys beside those of the invocation"),
    ("get_task_keys", "keys beside those of the invocation"),
    ("copy_config", "loggers of other libraries by name"),
    ("external_create", "loggers of other libraries by name"),
    ("external_log", "loggers of other libraries by name"),
];

fn no_counterpart(word: &str) -> Refusal {
    match NO_COUNTERPART.iter().find(|(known, _)| *known == word) {
        Some((_, what)) => Refusal::NoCounterpart((*what).to_owned()),
        None => unknown(format!("the operation `{word}`")),
    }
}

fn check_members(operation: &Json, word: &str) -> Result<(), Refusal> {
    let own: &[&str] = match word {
        "create" => create::MEMBERS,
        "log" => log::MEMBERS,
        "invoke" => invoke::MEMBERS,
        "append_keys" | "remove_keys" => &["keys"],
        "append_context_keys" => &["keys", "body", "raise"],
        "set_correlation_id" => &["value"],
        "set_level" => &["level"],
        "set_env" => &["env"],
        "clear_state" | "flush_buffer" | "clear_buffer" | "refresh_sampling" | "get_level"
        | "get_service" | "get_correlation_id" => &[],
        other => return Err(no_counterpart(other)),
    };
    let common = ["op", "on", "random"];
    members::known(
        members::object(operation, "an operation")?,
        &[own, &common].concat(),
    )
}
