use tracing::dispatcher;

use super::{compare, world::World};
use crate::{
    arm::{Arm, Refusal},
    arms::common::{members, special},
    compare::Difference,
    json::Json,
};

/// `powertools-metrics`: operations on metrics, and the lines they write.
///
/// Each `create` makes a layer. An operation on it outside of `invoke` goes to the handle that
/// the layer gives; `invoke` calls the layer around a handler, and inside of it the same handle
/// is that of the invocation.
#[derive(Debug, Clone, Copy)]
pub struct Metrics;

impl Arm for Metrics {
    fn utility(&self) -> &'static str {
        "metrics"
    }

    fn run(&self, input: &Json, _note: &str) -> Result<Json, Refusal> {
        let input = members::object(input, "the input")?;
        members::known(input, &["env", "ops"])?;
        let operations = input.get("ops").cloned();
        let operations = operations.ok_or_else(|| members::unknown("an input without `ops`"))?;
        if let Some(word) = special::unknown(&operations) {
            return Err(Refusal::Unknown(format!("the special value `{word}`")));
        }
        let mut world = World::new(operations);
        world.set_env(input.get("env"))?;
        let dispatch = world.output.dispatch();
        dispatcher::with_default(&dispatch, || {
            world.run_all()?;
            Ok(world.into_json())
        })
    }

    fn compare(&self, expected: &Json, got: &Json) -> Vec<Difference> {
        compare::differences(expected, got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &str) -> Result<Json, Refusal> {
        Metrics.run(&Json::parse(input).unwrap(), "")
    }

    /// The answer to these operations after metrics of the namespace `app` were made.
    fn answer(operations: &str) -> Json {
        let create = r#"{"op":"create","namespace":"app"}"#;
        run(&format!(r#"{{"ops":[{create},{operations}]}}"#)).unwrap()
    }

    fn part(answer: &Json, name: &str) -> String {
        answer.get(name).map_or_else(String::new, Json::to_string)
    }

    const ADD: &str = r#"{"op":"add_metric","name":"a","unit":"Count","value":1}"#;

    #[test]
    fn operations_become_a_line_when_they_are_flushed() {
        let got = answer(&format!(
            r#"{{"op":"add_dimension","name":"k","value":1}},{ADD},{{"op":"flush"}}"#
        ));
        let blobs = got.get("blobs").and_then(Json::as_array).unwrap();
        assert_eq!(blobs.len(), 1);
        assert_eq!(blobs[0].get("k"), Some(&Json::text("1")));
        assert_eq!(blobs[0].get("a"), Some(&Json::Number(1.into())));
        assert_eq!(
            (part(&got, "errors"), part(&got, "warnings")),
            Default::default()
        );
    }

    #[test]
    fn operation_that_fails_is_recorded_and_the_run_goes_on() {
        let got = answer(
            r#"{"op":"add_metric","name":"a","unit":"bad","value":1},
               {"op":"invoke","raise":{"type":"E"},"body":[
                 {"op":"add_metric","name":"","unit":"Count","value":1}]},
               {"op":"create","id":"n","namespace":""},{"op":"flush","on":"n"},
               {"op":"single_metric","name":"s","unit":"Count","value":1}"#,
        );
        assert_eq!(
            part(&got, "errors"),
            r#"[{"at": "1", "kind": "unit"}, {"at": "2.0", "kind": "name"}, {"at": "2", "kind": "E"}, "#
                .to_owned()
                + r#"{"at": "3", "kind": "config"}, {"at": "4", "kind": "no metrics"}, "#
                + r#"{"at": "5", "kind": "namespace"}]"#
        );
        assert_eq!(part(&got, "warnings"), r#"[{"at": "2"}]"#);
    }

    #[test]
    fn what_is_left_at_the_end_is_not_looked_at() {
        assert_eq!(part(&answer(ADD), "blobs"), "[]");
    }

    #[test]
    fn body_of_a_single_metric_is_about_it_and_another_instance_stays_outside() {
        let got = answer(
            r#"{"op":"single_metric","name":"s","unit":"Count","value":1,"namespace":"n","body":[
                 {"op":"add_dimension","name":"k","value":"v"},
                 {"op":"add_metadata","key":"x","value":[1]},
                 {"op":"add_metric","on":"m","name":"b","unit":"Count","value":1}]},
               {"op":"flush"}"#,
        );
        let blobs = got.get("blobs").and_then(Json::as_array).unwrap();
        assert_eq!(blobs[0].get("k"), Some(&Json::text("v")));
        assert_eq!(part(&blobs[0], "x"), "[1]");
        assert_eq!(blobs[0].get("b"), None);
        assert_eq!(part(&blobs[1], "b"), "1");
        assert_eq!(blobs[1].get("k"), None);
    }

    #[test]
    fn what_is_not_in_the_vocabulary_is_refused() {
        for operation in [
            r#"{"op":"rotate"}"#,
            r#"{"name":"a"}"#,
            r#"{"op":"add_metric","name":"a","unit":"Count","value":1,"colour":1}"#,
            r#"{"op":"add_metric","name":"a","value":1}"#,
            r#"{"op":"add_metric","name":"a","unit":"Count","value":{"$":"enum"}}"#,
            r#"{"op":"create","kind":"other"}"#,
            r#"{"op":"set_env","env":{"A":1}}"#,
            r#"{"op":"set_timestamp"}"#,
            r#"{"op":"invoke","body":[{"op":"invoke"}]}"#,
            r#"{"op":"invoke","context":{"identity":1}}"#,
            r#"{"op":"single_metric","name":"a","unit":"Count","value":1,"body":[{"op":"rotate"}]}"#,
            r#"{"op":"add_metric_range","name":"a","unit":"Count","value":1,"from":1}"#,
        ] {
            let input = format!(r#"{{"ops":[{{"op":"create"}},{operation}]}}"#);
            let refused = matches!(run(&input), Err(Refusal::Unknown(_)));
            assert!(refused, "{operation}");
        }
        for input in [r#"{"ops":[],"clock":1}"#, "{}"] {
            assert!(matches!(run(input), Err(Refusal::Unknown(_))), "{input}");
        }
        for operation in [
            r#"{"op":"set_property","name":"namespace","value":"n"}"#,
            r#"{"op":"single_metric","name":"a","unit":"Count","value":1,"body":[{"op":"flush"}]}"#,
        ] {
            let input = format!(r#"{{"ops":[{{"op":"create"}},{operation}]}}"#);
            let refused = matches!(run(&input), Err(Refusal::NoCounterpart(_)));
            assert!(refused, "{operation}");
        }
    }

    #[test]
    fn layer_of_an_instance_stays_unless_default_dimensions_come() {
        let got = answer(&format!(
            r#"{ADD},{{"op":"invoke","body":[{ADD}]}},
               {ADD},{{"op":"invoke","default_dimensions":{{"k":"v"}},"body":[{ADD}]}},
               {{"op":"invoke","body":[{ADD}]}}"#
        ));
        let blobs = got.get("blobs").and_then(Json::as_array).unwrap();
        let with: Vec<bool> = blobs.iter().map(|blob| blob.get("k").is_some()).collect();
        assert_eq!(with, [false, false, false, true, true]);
    }
}
