use powertools_idempotency::KeyFormat;

use super::{compare, hash, nested, scenario};
use crate::{
    arm::{Arm, Refusal},
    arms::common::members,
    compare::Difference,
    json::Json,
};

/// `powertools-idempotency`: keys of payloads, and calls of a handler or of a function.
///
/// A scenario has one store, behind the client of its service: of DynamoDB a table in this
/// process, to which the SDK speaks as to the service's, of Redis a connection to a server in this
/// process. Each execution environment is a layer of its own over it. A handler is called through
/// the layer, a function through `idempotent`.
#[derive(Debug, Clone, Copy)]
pub struct Idempotency;

impl Arm for Idempotency {
    fn utility(&self) -> &'static str {
        "idempotency"
    }

    fn run(&self, input: &Json, _note: &str) -> Result<Json, Refusal> {
        match members::must_text(input, "kind")? {
            "hash" => hash::run(input, KeyFormat::Python),
            "hash_typescript" => hash::run(input, KeyFormat::TypeScript),
            "scenario" => scenario::run(input),
            "nested" => nested::run(input),
            other => Err(members::unknown(format!("the kind `{other}`"))),
        }
    }

    fn compare(&self, expected: &Json, got: &Json) -> Vec<Difference> {
        compare::differences(expected, got)
    }

    fn remark(&self, input: &Json) -> Option<&'static str> {
        hash::needs_text(input).then_some("only as JSON text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn run(input: &str) -> Result<Json, Refusal> {
        Idempotency.run(&json(input), "")
    }

    /// A scenario of these steps and other members.
    fn scenario(more: &str, steps: &str) -> Result<Json, Refusal> {
        run(&format!(
            r#"{{"kind":"scenario","target":"handler","qualified_name":"app.f","config":{{}},
            "store":{{"type":"dynamodb"}},"lambda_function_name":"fn","steps":[{steps}]{more}}}"#
        ))
    }

    fn part(answer: &Json, path: &str) -> String {
        let path = crate::path::Path::parse(path).unwrap();
        let selected: Vec<_> = path
            .select(answer)
            .iter()
            .map(ToString::to_string)
            .collect();
        selected.join(" ")
    }

    const CALL: &str = r#"{"event":{"k":1},"outcome":{"return":"one"}}"#;
    const AGAIN: &str = r#"{"at_ms":1,"event":{"k":1},"outcome":{"return":"two"},"env":"B"}"#;

    #[test]
    fn answer_is_replayed_in_another_environment() {
        let answer = scenario("", &format!("{CALL},{AGAIN}")).unwrap();
        assert_eq!(part(&answer, "steps[*].result"), r#""one" "one""#);
        assert_eq!(part(&answer, "steps[*].executed"), "true false");
        let calls = part(&answer, "steps[*].calls[*].op");
        assert_eq!(calls, r#""PutItem" "UpdateItem" "PutItem""#);
        assert_eq!(part(&answer, "steps[1].items[0].data.S"), r#""\"one\"""#);
    }

    #[test]
    fn steps_during_a_call_see_it_in_progress() {
        let outer = format!(
            r#"{{"event":{{"k":1}},"outcome":{{"raise":"boom"}},"remaining_ms":5,"during":[{AGAIN}]}}"#
        );
        let answer = scenario("", &outer).unwrap();
        assert_eq!(
            part(&answer, "steps[0].during[0].error.type"),
            r#""in_progress""#
        );
        assert_eq!(
            part(&answer, "steps[0].during[0].calls[*].op"),
            r#""PutItem""#
        );
        assert_eq!(part(&answer, "steps[0].error.message"), r#""boom""#);
        let lease = r#"{"N": "1700000000005"}"#;
        let row = "steps[0].during[0].items[0].in_progress_expiration";
        assert_eq!(part(&answer, row), lease);
        assert_eq!(part(&answer, "steps[0].items"), "[]");
    }

    #[test]
    fn aborted_call_leaves_its_record_also_with_no_time_left() {
        let aborted = r#"{"event":1,"outcome":{"raise":"BaseException"},"remaining_ms":0}"#;
        let answer = scenario("", aborted).unwrap();
        assert_eq!(part(&answer, "steps[0].error.type"), r#""BaseBoom""#);
        assert_eq!(part(&answer, "steps[0].calls[*].op"), r#""PutItem""#);
        let lease = part(&answer, "steps[0].items[0].in_progress_expiration.N");
        assert_eq!(lease, r#""1700000000000""#);
    }

    #[test]
    fn function_has_the_time_of_a_context_that_was_registered() {
        let function = |steps: &str| {
            run(&format!(
                r#"{{"kind":"scenario","target":"function","qualified_name":"app.f","config":{{}},
                "store":{{"type":"cache"}},"steps":[{steps}]}}"#
            ))
        };
        let call = |more| {
            format!(r#"{{"event":1,"outcome":{{"raise":"BaseException"}},"remaining_ms":7{more}}}"#)
        };
        let lease = "steps[0].entries[0].value.in_progress_expiration";
        let registered = function(&call(r#","register_context":true"#)).unwrap();
        assert_eq!(part(&registered, lease), "1700000000007");
        let unknown = function(&call("")).unwrap();
        assert_eq!(part(&unknown, lease), "1700000900000");
    }

    #[test]
    fn key_is_told_with_its_text_by_each_way_there_is() {
        let hash = |more: &str| {
            let input = format!(
                r#"{{"kind":"hash","lambda_function_name":"fn","qualified_name":"app.f",
                "key_prefix":null,"config":{{}},{more}}}"#
            );
            let remark = Idempotency.remark(&json(&input));
            (run(&input).unwrap(), remark)
        };
        let (answer, remark) = hash(r#""event":{"b":1.0,"a":[]}"#);
        assert_eq!(part(&answer, "canonical"), r#""{\"a\": [], \"b\": 1.0}""#);
        assert_eq!(part(&answer, "missing"), "false");
        assert_eq!(remark, None);
        let (answer, remark) = hash(r#""event_json":"[18446744073709551616]""#);
        assert_eq!(part(&answer, "canonical"), r#""[18446744073709551616]""#);
        assert_eq!(remark, Some("only as JSON text"));
        let (answer, remark) = hash(r#""event_json":"{\"n\": -0}""#);
        assert_eq!(part(&answer, "canonical"), r#""{\"n\": 0}""#);
        assert_eq!(remark, Some("only as JSON text"));
        let (answer, _) = hash(r#""event":[null]"#);
        assert_eq!(
            (part(&answer, "missing"), part(&answer, "key")),
            ("true".into(), "null".into())
        );
        let (answer, _) = hash(r#""event_json":"{oops""#);
        assert_eq!(part(&answer, "error.type"), r#""payload""#);
    }

    #[test]
    fn order_of_names_that_differ_in_case_needs_text_for_typescript_alone() {
        for (kind, expected) in [
            ("hash", None),
            ("hash_typescript", Some("only as JSON text")),
        ] {
            let input = format!(r#"{{"kind":"{kind}","event":[{{"b":1,"B":2}}]}}"#);
            assert_eq!(Idempotency.remark(&json(&input)), expected, "{kind}");
        }
    }

    #[test]
    fn what_is_not_in_the_vocabulary_is_refused() {
        for (more, step) in [
            (r#","colour":1"#, ""),
            (r#","response_hook":"paint""#, ""),
            (r#","serializer":"pickle""#, ""),
            (r#","t0":5"#, ""),
            (r#","environment":{"A":1}"#, ""),
            (r#","seed":[{"data":{"S":"no key"}}]"#, ""),
            ("", r#"{"op":"rotate"}"#),
            ("", r#"{"op":"put_item"}"#),
            ("", r#"{"op":"put_item","item":{"x":{"S":"no key"}}}"#),
            ("", r#"{"op":"delete_all","event":1}"#),
            ("", r#"{"event":1}"#),
            ("", r#"{"outcome":{"return":1}}"#),
            ("", r#"{"event":1,"outcome":{}}"#),
            ("", r#"{"event":1,"outcome":{"return":1,"raise":"x"}}"#),
            ("", r#"{"event":1,"outcome":{"yield":1}}"#),
            ("", r#"{"event":1,"outcome":{"raise":1}}"#),
            ("", r#"{"event":1,"outcome":{"return":1},"colour":1}"#),
            ("", r#"{"event":1,"outcome":{"return":1},"at_ms":"x"}"#),
            (
                "",
                r#"{"event":1,"outcome":{"return":1},"fake":[{"api":"Query"}]}"#,
            ),
            (
                "",
                r#"{"event":1,"outcome":{"return":1},"fake":[{"api":"GetItem","after":1}]}"#,
            ),
            (
                "",
                r#"{"event":1,"outcome":{"return":1},"during":[{"op":"rotate"}]}"#,
            ),
            (
                "",
                r#"{"event":1,"outcome":{"return":1},"durable_operations":-1}"#,
            ),
        ] {
            let refused = scenario(more, step);
            assert!(
                matches!(refused, Err(Refusal::Unknown(_))),
                "{more} {step}: {refused:?}"
            );
        }
        let with = |name: &str, value: &str| {
            run(&format!(
                r#"{{"kind":"scenario","qualified_name":"app.f","steps":[],
                {}{}{}"{name}":{value}}}"#,
                if name == "target" {
                    ""
                } else {
                    r#""target":"handler","#
                },
                if name == "config" {
                    ""
                } else {
                    r#""config":{},"#
                },
                if name == "store" {
                    ""
                } else {
                    r#""store":{"type":"dynamodb"},"#
                },
            ))
        };
        for (name, value) in [
            ("target", r#""queue""#),
            ("config", r#"{"colour":1}"#),
            ("config", r#"{"expires_after_seconds":"1"}"#),
            ("store", r#"{"type":"s3"}"#),
            ("store", r#"{"type":"dynamodb","colour":"x"}"#),
            ("store", r#"{"type":"cache","key_attr":"x"}"#),
        ] {
            let refused = with(name, value);
            assert!(
                matches!(refused, Err(Refusal::Unknown(_))),
                "{value}: {refused:?}"
            );
        }
        assert!(with("t0", "1700000000").is_ok());
        for input in [
            r#"{"kind":"hash_typed"}"#,
            r#"{"kind":"hash","config":{},"qualified_name":"f"}"#,
            r#"{"kind":"hash","config":{},"qualified_name":"f","event":1,"event_json":"1"}"#,
            r#"{"kind":"hash","config":{},"qualified_name":"f","event":1,"colour":1}"#,
            r#"{"kind":"nested","outer":{},"inner":{}}"#,
            r#"{"kind":"nested","colour":1}"#,
        ] {
            assert!(matches!(run(input), Err(Refusal::Unknown(_))), "{input}");
        }
    }

    #[test]
    fn what_only_python_has_has_no_counterpart() {
        for (target, step) in [
            (
                "function",
                r#"{"event":1,"outcome":{"return":1},"positional":true}"#,
            ),
            (
                "function",
                r#"{"event":1,"outcome":{"return":1},"durable_operations":2}"#,
            ),
            ("handler", r#"{"event":1e400,"outcome":{"return":1}}"#),
        ] {
            let refused = run(&format!(
                r#"{{"kind":"scenario","target":"{target}","qualified_name":"app.f","config":{{}},
                "store":{{"type":"dynamodb"}},"steps":[{step}]}}"#
            ));
            assert!(
                matches!(refused, Err(Refusal::NoCounterpart(_))),
                "{step}: {refused:?}"
            );
        }
    }
}
