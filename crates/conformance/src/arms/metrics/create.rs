//! What `create` and the options of Python's decorator say, given to the builder of a layer.

use powertools_core::Host;
use powertools_metrics::{DatadogSink, MetricsBuilder, MetricsLayer};

use super::{given, output::Output};
use crate::{
    arm::Refusal,
    arms::common::{
        fault::Fault,
        members::{self, unknown},
    },
    json::Json,
};

/// The instance that operations work on unless they say.
pub(super) const DEFAULT: &str = "m";

pub(super) const MEMBERS: &[&str] = &[
    "default_dimensions",
    "default_tags",
    "flush_to_log",
    "function_name",
    "id",
    "kind",
    "namespace",
    "service",
];

/// The options of one instance.
#[derive(Debug, Clone)]
pub(super) struct Create {
    operation: Json,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Metrics,
    Ephemeral,
    Datadog,
    DatadogShared,
}

/// What the builder has and Python reads later: at its decorator, or at a flush.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) cold_start: bool,
    pub(super) raise_on_empty: bool,
    pub(super) default_dimensions: Vec<(String, String)>,
}

impl Options {
    /// What this instance is asked for in these operations, so that its layer need not be
    /// built again. Default dimensions are there only from their invocation on.
    pub(super) fn foreseen(operations: &Json, id: &str) -> Self {
        let mut options = Self::default();
        options.foresee(operations, id);
        options
    }

    fn foresee(&mut self, operations: &Json, id: &str) {
        for operation in operations.as_array().into_iter().flatten() {
            let on = operation.get("on").and_then(Json::as_text);
            let is = |name| operation.get(name).and_then(Json::as_bool) == Some(true);
            if on.unwrap_or(DEFAULT) == id {
                self.raise_on_empty |= is("raise_on_empty");
                self.cold_start |= is("capture_cold_start");
            }
            if let Some(body) = operation.get("body") {
                self.foresee(body, id);
            }
        }
    }

    /// Whether there is an invocation of this instance among these operations.
    pub(super) fn invokes(operations: &Json, id: &str) -> bool {
        let mut operations = operations.as_array().into_iter().flatten();
        operations.any(|operation| {
            let on = operation.get("on").and_then(Json::as_text);
            let is_invoke = operation.get("op").and_then(Json::as_text) == Some("invoke");
            is_invoke && on.unwrap_or(DEFAULT) == id
        })
    }

    /// With what an invocation asks for; it stays.
    pub(super) fn with(&self, invoke: &Json) -> Result<Self, Refusal> {
        let mut options = self.clone();
        options.cold_start |= members::bool(invoke, "capture_cold_start")?.unwrap_or_default();
        options.raise_on_empty |= members::bool(invoke, "raise_on_empty")?.unwrap_or_default();
        for (name, value) in given::pairs(invoke, "default_dimensions")?.unwrap_or_default() {
            let known = options.default_dimensions.iter_mut();
            match known.into_iter().find(|(own, _)| *own == name) {
                Some((_, own)) => *own = value,
                None => options.default_dimensions.push((name, value)),
            }
        }
        Ok(options)
    }
}

impl Create {
    pub(super) fn new(operation: &Json) -> Result<Self, Refusal> {
        let kind = match members::text(operation, "kind")?.unwrap_or("metrics") {
            "metrics" => Kind::Metrics,
            "ephemeral" => Kind::Ephemeral,
            "datadog" => Kind::Datadog,
            "datadog_shared" => Kind::DatadogShared,
            other => return Err(unknown(format!("metrics of the kind `{other}`"))),
        };
        // There is no library of Datadog's to hand values to, so lines are all there is.
        members::bool(operation, "flush_to_log")?;
        Ok(Self {
            operation: operation.clone(),
            kind,
        })
    }

    pub(super) fn is_datadog(&self) -> bool {
        matches!(self.kind, Kind::Datadog | Kind::DatadogShared)
    }

    /// Whether no other instance is meant to see its values.
    pub(super) fn is_isolated(&self) -> bool {
        matches!(self.kind, Kind::Ephemeral | Kind::Datadog)
    }

    pub(super) fn layer(
        &self,
        host: &Host,
        output: &Output,
        options: &Options,
    ) -> Result<MetricsLayer, Fault> {
        let create = &self.operation;
        let mut builder = MetricsLayer::builder()
            .host(host.clone())
            .capture_cold_start_metric(options.cold_start)
            .raise_on_empty_metrics(options.raise_on_empty);
        builder = match self.is_datadog() {
            true => builder.sink(DatadogSink::new(output.writer())),
            false => builder.output(output.writer()),
        };
        if let Some(namespace) = members::text(create, "namespace")? {
            builder = builder.namespace(namespace);
        }
        if let Some(service) = members::text(create, "service")? {
            builder = builder.service(service);
        }
        if let Some(name) = members::text(create, "function_name")? {
            builder = builder.function_name(name);
        }
        for name in ["default_dimensions", "default_tags"] {
            builder = with_defaults(builder, given::pairs(create, name)?.unwrap_or_default());
        }
        builder = with_defaults(builder, options.default_dimensions.clone());
        builder.build().map_err(|_| Fault::config())
    }
}

pub(super) fn with_defaults(
    builder: MetricsBuilder,
    dimensions: Vec<(String, String)>,
) -> MetricsBuilder {
    let add = |builder: MetricsBuilder, (name, value)| builder.default_dimension(name, value);
    dimensions.into_iter().fold(builder, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn options_of_an_instance_are_seen_wherever_they_stand() {
        let operations = json(
            r#"[{"op":"flush","on":"o","raise_on_empty":true},
                {"op":"invoke","capture_cold_start":true,"body":[{"op":"flush","on":"p","raise_on_empty":true}]}]"#,
        );
        let of = |id| {
            let options = Options::foreseen(&operations, id);
            (options.cold_start, options.raise_on_empty)
        };
        assert_eq!(of("m"), (true, false));
        assert_eq!(of("o"), (false, true));
        assert_eq!(of("p"), (false, true));
    }

    #[test]
    fn default_dimensions_of_an_invocation_stay() {
        let first = json(r#"{"default_dimensions":{"a":"1","b":"2"}}"#);
        let second = json(r#"{"default_dimensions":{"a":"3"}}"#);
        let options = Options::default().with(&first).unwrap();
        let options = options.with(&second).unwrap().with(&json("{}")).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(options.default_dimensions, [pair("a", "3"), pair("b", "2")]);
    }

    #[test]
    fn setting_that_cannot_be_used_fails_and_a_word_that_nobody_knows_is_refused() {
        let layer = |operation| {
            let create = Create::new(&json(operation))?;
            let layer = create.layer(&Host::default(), &Output::default(), &Options::default());
            layer.map(drop)
        };
        assert_eq!(layer(r#"{"namespace":""}"#), Err(Fault::config()));
        assert_eq!(
            layer(r#"{"default_dimensions":{"a":""}}"#),
            Err(Fault::config())
        );
        assert!(layer(r#"{"kind":"datadog","default_tags":{"a":1}}"#).is_ok());
        for operation in [r#"{"kind":"shared"}"#, r#"{"namespace":1}"#] {
            let refused = layer(operation);
            assert!(matches!(refused, Err(Fault::Refused(Refusal::Unknown(_)))));
        }
    }
}
