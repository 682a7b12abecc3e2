//! One invocation of a handler, through the layer of an instance.

use tokio::runtime;
use tower::{Layer, ServiceExt, service_fn};

use super::world::World;
use crate::{
    arm::Refusal,
    arms::common::{
        event::{Event, event},
        fault::Fault,
        members::unknown,
        raised::Raised,
    },
    json::Json,
};

pub(super) const MEMBERS: &[&str] = &[
    "body",
    "capture_cold_start",
    "context",
    "default_dimensions",
    "raise",
    "raise_on_empty",
];

/// Calls the layer around a handler that runs the body.
pub(super) fn invoke(
    world: &mut World,
    on: &str,
    operation: &Json,
    body: impl FnOnce(&mut World) -> Result<(), Refusal>,
) -> Result<(), Fault> {
    let event = event(operation)?;
    let raised = Raised::of(operation)?;
    let options = world.instance(on)?.options.with(operation)?;
    let layer = world.layer_with(on, options)?;
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| unknown(format!("a way to wait: {error}")))?;
    let mut refused = Ok(());
    let mut once = Some((body, world, &mut refused));
    let service = layer.layer(service_fn(|_: Event| {
        let once = once.take();
        let raised = raised.clone();
        async move {
            if let Some((body, world, refused)) = once {
                *refused = body(world);
            }
            raised.map_or(Ok(()), Err)
        }
    }));
    let answer = runtime.block_on(service.oneshot(event));
    refused?;
    answer.map_err(|raised: Raised| Fault::Failed(raised.name().to_owned()))
}
