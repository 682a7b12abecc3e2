//! The operations of a case, one by one.

use super::{
    create::{self, Create},
    given, invoke, record, single,
    world::World,
};
use crate::{
    arm::Refusal,
    arms::common::{
        fault::Fault,
        members::{self, must_fields, must_text, unknown},
    },
    json::Json,
};

/// What a list of operations is part of.
#[derive(Debug, Clone, Copy, Default)]
struct Within<'a> {
    /// The operation whose body it is, such as `2`.
    at: &'a str,
    is_invoked: bool,
    is_single: bool,
}

impl World {
    /// Runs the operations of the case.
    pub(super) fn run_all(&mut self) -> Result<(), Refusal> {
        let operations = self.operations.clone();
        self.run(Some(&operations), Within::default())
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
        let on = members::text(operation, "on")?;
        let default = match within.is_single {
            true => single::ID,
            false => create::DEFAULT,
        };
        let on = on.unwrap_or(default);
        match word {
            "create" => {
                let id = members::text(operation, "id")?.unwrap_or(create::DEFAULT);
                self.add_instance(id, Create::new(operation)?)
            }
            "set_env" => {
                let env = must_fields(operation, "env")?;
                Ok(self.set_env(Some(env))?)
            }
            "single_metric" => {
                let inner = Within {
                    at,
                    is_single: true,
                    ..within
                };
                single::single(self, operation, |world| {
                    world.run(operation.get("body"), inner)
                })
            }
            _ if within.is_single && on == single::ID => {
                let World { single, output, .. } = self;
                let gathered = single.get_or_insert_default();
                // The compiler has told it.
                gathered.gather(operation, word, || output.warn())
            }
            "invoke" => {
                if within.is_invoked {
                    return Err(unknown("an invocation within another").into());
                }
                let inner = Within {
                    at,
                    is_invoked: true,
                    ..within
                };
                invoke::invoke(self, on, operation, |world| {
                    world.run(operation.get("body"), inner)
                })
            }
            _ => self.act(on, operation, word),
        }
    }

    /// An operation on an instance.
    fn act(&mut self, on: &str, operation: &Json, word: &str) -> Result<(), Fault> {
        let instance = self.instance(on)?;
        let metrics = &instance.handle;
        let is_datadog = instance.create.is_datadog();
        match word {
            "add_metric" => record::metric(metrics, operation, is_datadog)?,
            "add_metric_range" => record::each(operation, |operation| {
                record::metric(metrics, operation, is_datadog)
            })?,
            "add_dimension" => record::dimension(metrics, operation)?,
            "add_dimension_range" => {
                record::each(operation, |operation| record::dimension(metrics, operation))?;
            }
            "add_dimensions" => record::dimensions(metrics, operation)?,
            "set_default_dimensions" | "set_default_tags" => {
                let name = match word {
                    "set_default_tags" => "tags",
                    _ => "dimensions",
                };
                let pairs = given::pairs(operation, name)?.unwrap_or_default();
                metrics.set_default_dimensions(given::borrowed(&pairs));
            }
            "clear_default_dimensions" | "clear_default_tags" => {
                metrics.clear_default_dimensions();
            }
            "add_metadata" => record::metadata(metrics, operation)?,
            "set_timestamp" => match given::time(operation)? {
                Some(time) => metrics.set_timestamp(time),
                // The compiler has told it.
                None => self.output.warn(),
            },
            "serialize" if is_datadog => {
                let what = "the lines of Datadog without writing them";
                return Err(Refusal::NoCounterpart(what.to_owned()).into());
            }
            "serialize" => {
                let lines = metrics.serialize().map_err(|error| given::failed(&error))?;
                self.output.add_lines(&lines);
            }
            "flush" => metrics.flush().map_err(|error| given::failed(&error))?,
            "clear_metrics" => metrics.clear(),
            "set_property" => {
                let name = must_text(operation, "name")?;
                let what = format!("another {name} for a layer that is built");
                return Err(Refusal::NoCounterpart(what).into());
            }
            other => return Err(unknown(format!("the operation `{other}`")).into()),
        }
        Ok(())
    }
}

fn check_members(operation: &Json, word: &str) -> Result<(), Refusal> {
    let own: &[&str] = match word {
        "create" => create::MEMBERS,
        "invoke" => invoke::MEMBERS,
        "single_metric" => single::MEMBERS,
        "add_metric" => record::METRIC,
        "add_metric_range" => &[
            "name",
            "unit",
            "value",
            "resolution",
            "timestamp",
            "tags",
            "from",
            "to",
        ],
        "add_dimension" => &["name", "value"],
        "add_dimension_range" => &["name", "value", "from", "to"],
        "add_dimensions" | "set_default_dimensions" => &["dimensions"],
        "set_default_tags" => &["tags"],
        "add_metadata" => &["key", "value"],
        "set_timestamp" => &["ms", "offset_ms", "datetime", "raw"],
        "flush" => &["raise_on_empty"],
        "set_property" => &["name", "value"],
        "set_env" => &["env"],
        "serialize" | "clear_metrics" | "clear_default_dimensions" | "clear_default_tags" => &[],
        other => return Err(unknown(format!("the operation `{other}`"))),
    };
    members::known(
        members::object(operation, "an operation")?,
        &[own, &["op", "on"]].concat(),
    )
}
