use super::{
    dynamodb::{Canned, Row},
    outcome::Outcome,
};
use crate::{
    arm::Refusal,
    arms::common::members::{self, given, unknown},
    json::Json,
    mapping,
};

/// One step of a scenario, or of what happens while a handler runs.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) at_ms: Option<i64>,
    pub(super) operation: Operation,
}

#[derive(Debug)]
pub(super) enum Operation {
    Invoke(Box<Invoke>),
    PutItem(Row),
    DeleteAll,
}

/// An invocation, in one execution environment.
#[derive(Debug)]
pub(super) struct Invoke {
    pub(super) event: serde_json::Value,
    pub(super) outcome: Outcome,
    pub(super) remaining_ms: i64,
    pub(super) env: String,
    pub(super) during: Vec<std::sync::Arc<Step>>,
    pub(super) fakes: Vec<Canned>,
    pub(super) mutates_event: bool,
    pub(super) registers_context: bool,
    pub(super) is_positional: bool,
    /// How many operations of a durable function were recorded; `None` for any other function.
    pub(super) durable_operations: Option<u64>,
}

const INVOKE: [&str; 12] = [
    "at_ms",
    "durable_operations",
    "during",
    "env",
    "event",
    "fake",
    "mutate_event",
    "op",
    "outcome",
    "positional",
    "register_context",
    "remaining_ms",
];

const REMAINING_MS: i64 = 30_000;

pub(super) fn read_all(steps: &Json) -> Result<Vec<std::sync::Arc<Step>>, Refusal> {
    let steps = steps
        .as_array()
        .ok_or_else(|| unknown("steps in no list"))?;
    let steps = steps.iter().map(|step| Step::read(step).map(Into::into));
    steps.collect()
}

impl Step {
    fn read(step: &Json) -> Result<Self, Refusal> {
        let object = members::object(step, "a step")?;
        let operation = match members::text(step, "op")?.unwrap_or("invoke") {
            "invoke" => {
                members::known(object, &INVOKE)?;
                Operation::Invoke(Box::new(Invoke::read(step)?))
            }
            "put_item" => {
                members::known(object, &["at_ms", "item", "op"])?;
                Operation::PutItem(row(members::must_fields(step, "item")?)?)
            }
            "delete_all" => {
                members::known(object, &["at_ms", "op"])?;
                Operation::DeleteAll
            }
            other => return Err(unknown(format!("the operation `{other}`"))),
        };
        let at_ms = integer(step, "at_ms")?;
        Ok(Self { at_ms, operation })
    }
}

impl Invoke {
    fn read(step: &Json) -> Result<Self, Refusal> {
        let flag = |name| Ok::<_, Refusal>(members::bool(step, name)?.unwrap_or(false));
        let event = step.get("event");
        let event = event.ok_or_else(|| unknown("an invocation without `event`"))?;
        let too_large = || Refusal::NoCounterpart("an event that no value holds".to_owned());
        let outcome = members::must_fields(step, "outcome")?;
        let during = given(step, "during").map(read_all).transpose()?;
        let durable = integer(step, "durable_operations")?.map(u64::try_from);
        let durable = durable.transpose();
        Ok(Self {
            event: event.to_value().ok_or_else(too_large)?,
            outcome: Outcome::read(outcome)?,
            remaining_ms: integer(step, "remaining_ms")?.unwrap_or(REMAINING_MS),
            env: members::text(step, "env")?.unwrap_or("A").to_owned(),
            during: during.unwrap_or_default(),
            fakes: fakes(step)?,
            mutates_event: flag("mutate_event")?,
            registers_context: flag("register_context")?,
            is_positional: flag("positional")?,
            durable_operations: durable.map_err(|_| unknown("less than no operations"))?,
        })
    }
}

fn integer(step: &Json, name: &str) -> Result<Option<i64>, Refusal> {
    let number = given(step, name).map(|number| number.as_number().and_then(|n| n.as_i64()));
    let other = || unknown(format!("`{name}` of this form"));
    number.map(|number| number.ok_or_else(other)).transpose()
}

/// A row as a case writes it, with its times.
pub(super) fn row(item: &Json) -> Result<Row, Refusal> {
    match mapping::clock_times(item).to_value() {
        Some(serde_json::Value::Object(row)) => Ok(row),
        _ => Err(unknown("a row that is no object")),
    }
}

fn fakes(step: &Json) -> Result<Vec<Canned>, Refusal> {
    let Some(fakes) = given(step, "fake") else {
        return Ok(Vec::new());
    };
    let fakes = fakes.as_array();
    let fakes = fakes.ok_or_else(|| unknown("`fake` that is no list"))?;
    let one = |fake: &Json| {
        members::known(members::object(fake, "a reply")?, &["api", "error", "item"])?;
        let api = members::must_text(fake, "api")?;
        if !["DeleteItem", "GetItem", "PutItem", "UpdateItem"].contains(&api) {
            return Err(unknown(format!("the operation `{api}` of DynamoDB")));
        }
        let item = members::fields(fake, "item")?.map(row).transpose()?;
        Ok(Canned::new(api, members::text(fake, "error")?, item))
    };
    fakes.iter().map(one).collect()
}
