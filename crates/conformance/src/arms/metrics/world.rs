//! All that a case acts on: environment, clock, output and instances.

use std::collections::BTreeMap;

use powertools_core::Host;
use powertools_metrics::{Metrics, MetricsLayer};

use super::{
    create::{Create, Options},
    gathered::Gathered,
    output::Output,
};
use crate::{
    arm::Refusal,
    arms::common::{fault::Fault, host::Variables},
    json::Json,
};

pub(super) struct World {
    pub(super) host: Host,
    pub(super) output: Output,
    /// All operations of the case.
    pub(super) operations: Json,
    /// What the body of a single metric has said so far.
    pub(super) single: Option<Gathered>,
    variables: Variables,
    instances: BTreeMap<String, Instance>,
    errors: Vec<Json>,
}

/// An instance of the case.
pub(super) struct Instance {
    pub(super) create: Create,
    pub(super) options: Options,
    pub(super) layer: MetricsLayer,
    /// Outside of an invocation it has a set of its own.
    pub(super) handle: Metrics,
}

impl World {
    pub(super) fn new(operations: Json) -> Self {
        let variables = Variables::default();
        Self {
            host: variables.host(),
            output: Output::default(),
            operations,
            single: None,
            variables,
            instances: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    /// Sets what is given; null removes. Layers that are built have read theirs.
    pub(super) fn set_env(&self, given: Option<&Json>) -> Result<(), Refusal> {
        self.variables.set(given)
    }

    pub(super) fn add_instance(&mut self, id: &str, create: Create) -> Result<(), Fault> {
        let options = Options::foreseen(&self.operations, id);
        let layer = create.layer(&self.host, &self.output, &options)?;
        // An invocation takes part in the set of its layer only.
        let is_alone = create.is_isolated() && !Options::invokes(&self.operations, id);
        let handle = match is_alone {
            true => layer.ephemeral_metrics(),
            false => layer.metrics(),
        };
        let instance = Instance {
            create,
            options,
            layer,
            handle,
        };
        self.instances.insert(id.to_owned(), instance);
        Ok(())
    }

    /// An instance whose `create` has failed is not there.
    pub(super) fn instance(&self, id: &str) -> Result<&Instance, Fault> {
        let none = || Fault::Failed("no metrics".to_owned());
        self.instances.get(id).ok_or_else(none)
    }

    /// The layer of the instance, built again if it was built without these.
    pub(super) fn layer_with(&mut self, id: &str, options: Options) -> Result<MetricsLayer, Fault> {
        let instance = self.instance(id)?;
        if instance.options == options {
            return Ok(instance.layer.clone());
        }
        let create = instance.create.clone();
        let layer = create.layer(&self.host, &self.output, &options)?;
        let instance = Instance {
            create,
            options,
            handle: layer.metrics(),
            layer: layer.clone(),
        };
        // What was recorded outside of an invocation goes out here, as with the last handle.
        self.instances.insert(id.to_owned(), instance);
        Ok(layer)
    }

    pub(super) fn add_error(&mut self, at: &str, kind: &str) {
        self.errors.push(Json::object([
            ("at", Json::text(at)),
            ("kind", Json::text(kind)),
        ]));
    }

    /// What came out, in the vocabulary of `expected`. What is left goes out when the instances
    /// are dropped, which no operation asks for.
    pub(super) fn into_json(self) -> Json {
        let (blobs, warned_at) = self.output.take();
        let warning = |at: String| Json::object([("at", Json::text(at))]);
        let warnings: Vec<Json> = warned_at.into_iter().map(warning).collect();
        let mut members = vec![
            ("blobs", blobs),
            ("errors", self.errors),
            ("warnings", warnings),
        ];
        members.retain(|(name, list)| !list.is_empty() || *name == "blobs");
        let members = members.into_iter();
        Json::object(members.map(|(name, list)| (name, Json::Array(list))))
    }
}
