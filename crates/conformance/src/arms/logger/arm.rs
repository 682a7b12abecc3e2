use super::{compare, world::World};
use crate::{
    arm::{Arm, Refusal},
    arms::common::{members, special},
    compare::Difference,
    json::Json,
};

/// `powertools-logger`: operations on loggers, and the lines they write.
///
/// Each `create` makes a logger with a subscriber of its own. An operation on it outside of
/// `invoke` runs in an invocation of nobody that lasts as long as the case; `invoke` calls the
/// logger's layer around a handler. What Python reads at its decorator, `invoke` gives to a
/// second layer, built like the first.
#[derive(Debug, Clone, Copy)]
pub struct Logger;

impl Arm for Logger {
    fn utility(&self) -> &'static str {
        "logger"
    }

    fn run(&self, input: &Json, _note: &str) -> Result<Json, Refusal> {
        let input = members::object(input, "the input")?;
        members::known(input, &["env", "freeze_clock", "ops", "random", "raw"])?;
        if let Some(word) = input.get("ops").and_then(special::unknown) {
            return Err(Refusal::Unknown(format!("the special value `{word}`")));
        }
        let mut world = World::new();
        world.set_random(input.get("random"))?;
        world.set_env(input.get("env"))?;
        world.run_all(input.get("ops"))?;
        let raw = input.get("raw").is_some_and(|raw| *raw == Json::Bool(true));
        Ok(world.into_json(raw))
    }

    fn compare(&self, expected: &Json, got: &Json) -> Vec<Difference> {
        compare::differences(expected, got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &str) -> Result<Json, Refusal> {
        Logger.run(&Json::parse(input).unwrap(), "")
    }

    /// The answer to these operations after a logger of the service `pay` was made.
    fn answer(operations: &str) -> Json {
        let create = r#"{"op":"create","service":"pay"}"#;
        run(&format!(r#"{{"ops":[{create},{operations}]}}"#)).unwrap()
    }

    fn line(answer: &Json, line: usize) -> &Json {
        &answer.get("lines").and_then(Json::as_array).unwrap()[line]
    }

    fn text<'a>(value: &'a Json, name: &str) -> Option<&'a str> {
        value.get(name).and_then(Json::as_text)
    }

    #[test]
    fn log_call_becomes_a_line_with_its_keys_in_order() {
        let got = answer(
            r#"{"op":"append_keys","keys":{"b":1,"a":2}},
               {"op":"log","level":"critical","message":"m","extra":{"d":1},"keys":{"c":2}}"#,
        );
        let order = r#"[["level","location","message","timestamp","service","b","a","d","c"]]"#;
        let order = Json::parse(order).unwrap();
        assert_eq!(got.get("key_order"), Some(&order));
        assert_eq!(text(line(&got, 0), "level"), Some("ERROR"));
    }

    #[test]
    fn what_is_not_in_the_vocabulary_is_refused() {
        for operation in [
            r#"{"op":"rotate"}"#,
            r#"{"level":"info"}"#,
            r#"{"op":"log","level":"info","message":"m","stack_info":true}"#,
            r#"{"op":"log","level":"trace","message":"m"}"#,
            r#"{"op":"log","level":"info","message":{"$":"enum"}}"#,
            r#"{"op":"create","colour":true}"#,
            r#"{"op":"set_env","env":{"A":1}}"#,
            r#"{"op":"get_level","random":2}"#,
            r#"{"op":"invoke","context":{"identity":1}}"#,
            r#"{"op":"invoke","correlation_id_path":"@NO_SUCH"}"#,
            r#"{"op":"invoke","body":[{"op":"invoke"}]}"#,
            r#"{"op":"invoke","body":[{"op":"rotate"}]}"#,
        ] {
            let input = format!(r#"{{"ops":[{{"op":"create"}},{operation}]}}"#);
            let refused = matches!(run(&input), Err(Refusal::Unknown(_)));
            assert!(refused, "{operation}");
        }
        let other = run(r#"{"ops":[],"clock":1}"#);
        assert!(matches!(other, Err(Refusal::Unknown(_))));
        for word in ["copy_config", "get_task_keys"] {
            let input = format!(r#"{{"ops":[{{"op":"create"}},{{"op":"{word}"}}]}}"#);
            assert!(
                matches!(run(&input), Err(Refusal::NoCounterpart(_))),
                "{word}"
            );
        }
    }

    #[test]
    fn operation_that_fails_is_recorded_and_the_run_goes_on() {
        let input = r#"{"ops":[{"op":"create","level":"loud"},{"op":"get_level"},
            {"op":"create"},{"op":"append_context_keys","keys":{},"raise":{"type":"E"},
             "body":[{"op":"set_level","level":"loud"}]},{"op":"get_level"}]}"#;
        let errors = r#"[{"at":"0","kind":"config"},{"at":"1","kind":"no logger"},
            {"at":"3.0","kind":"config"},{"at":"3","kind":"E"}]"#;
        let got = run(input).unwrap();
        assert_eq!(got.get("errors"), Some(&Json::parse(errors).unwrap()));
        let values = r#"[{"at":"4","value":"INFO"}]"#;
        assert_eq!(got.get("values"), Some(&Json::parse(values).unwrap()));
    }

    #[test]
    fn body_acts_on_the_logger_of_its_invocation_and_another_one_stays_outside_of_it() {
        let got = answer(
            r#"{"op":"create","id":"o","service":"other"},
               {"op":"invoke","on":"o","body":[
                 {"op":"log","level":"info","message":"in"},
                 {"op":"log","on":"l","level":"info","message":"out"}]}"#,
        );
        let (inside, outside) = (line(&got, 0), line(&got, 1));
        assert_eq!(text(inside, "service"), Some("other"));
        assert_eq!(text(inside, "function_name"), Some("test_fn"));
        assert_eq!(text(outside, "service"), Some("pay"));
        assert_eq!(outside.get("function_name"), None);
    }

    #[test]
    fn level_that_was_set_holds_for_the_line_about_the_event() {
        let invoke = r#"{"op":"invoke","log_event":true}"#;
        let shown = answer(invoke);
        assert_eq!(
            line(&shown, 0).get("message"),
            Some(&Json::parse("{}").unwrap())
        );
        let set = format!(r#"{{"op":"set_level","level":"ERROR"}},{invoke}"#);
        assert_eq!(answer(&set).get("lines"), Some(&Json::Array(Vec::new())));
    }
}
