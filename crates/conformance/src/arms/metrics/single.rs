//! A metric that goes out alone. Python's is a free function: of the process it has the
//! environment, and nothing of any instance.

use powertools_metrics::{Metrics, MetricsLayer};

use super::{
    create,
    gathered::Gathered,
    given::{self, failed},
    world::World,
};
use crate::{
    arm::Refusal,
    arms::common::{
        fault::Fault,
        members::{self, unknown},
        raised::Raised,
    },
    json::Json,
};

/// What operations in its body work on unless they say.
pub(super) const ID: &str = "single";

pub(super) const MEMBERS: &[&str] = &[
    "body",
    "default_dimensions",
    "name",
    "namespace",
    "raise",
    "resolution",
    "unit",
    "value",
];

/// Builds it, runs the body, and flushes unless the body fails.
pub(super) fn single(
    world: &mut World,
    operation: &Json,
    body: impl FnOnce(&mut World) -> Result<(), Refusal>,
) -> Result<(), Fault> {
    let value = operation.get("value");
    let value = given::number(value.ok_or_else(|| unknown("a metric without `value`"))?)?;
    let unit = given::unit(operation, false)?;
    let resolution = given::resolution(operation)?;
    let name = given::name(operation)?;
    let namespace = members::text(operation, "namespace")?;
    let metrics = metrics(world, operation)?;
    let raised = Raised::of(operation)?;

    let outer = world.single.replace(Gathered::default());
    let run = body(world);
    let gathered = std::mem::replace(&mut world.single, outer).unwrap_or_default();
    run?;
    if let Some(raised) = raised {
        return Err(Fault::Failed(raised.name().to_owned()));
    }
    let mut single = metrics
        .single_metric(&name, unit, value)
        .resolution(resolution);
    if let Some(namespace) = namespace {
        single = single.namespace(namespace);
    }
    let flushed = gathered.give_to(single).flush();
    flushed.map_err(|error| failed(&error))
}

/// Of a set that neither an instance nor an invocation takes part in.
fn metrics(world: &World, operation: &Json) -> Result<Metrics, Fault> {
    let builder = MetricsLayer::builder()
        .host(world.host.clone())
        .output(world.output.writer());
    let defaults = given::pairs(operation, "default_dimensions")?.unwrap_or_default();
    let layer = create::with_defaults(builder, defaults).build();
    let layer = layer.map_err(|_| Fault::config())?;
    Ok(layer.ephemeral_metrics())
}
