use powertools_jmespath::{Error, Expression, envelopes};
use serde_json::Value;

use crate::{
    arm::{Arm, Refusal},
    compare::{Comparison, Difference},
    json::{Json, where_same},
    mapping,
    path::Path,
};

const MEMBERS: [&str; 3] = ["expression", "data", "envelope"];

/// `powertools-jmespath`: an expression over a value gives a result or the code of an error.
#[derive(Debug, Clone, Copy)]
pub struct Jmespath;

impl Arm for Jmespath {
    fn utility(&self) -> &'static str {
        "jmespath"
    }

    fn run(&self, input: &Json, _note: &str) -> Result<Json, Refusal> {
        let object = input.as_object();
        let unknown = object.and_then(|object| object.name_other_than(&MEMBERS));
        if let Some(name) = unknown {
            return Err(Refusal::Unknown(format!("the member `{name}`")));
        }
        let expression = input.get("expression").and_then(Json::as_text);
        let (Some(expression), Some(data)) = (expression, input.get("data")) else {
            let what = "an input without a text as `expression`, or without `data`";
            return Err(Refusal::Unknown(what.to_owned()));
        };
        if let Some(differs) = input
            .get("envelope")
            .and_then(|e| wrong_envelope(e, expression))
        {
            return Ok(differs);
        }
        let data = value(data)?;
        Ok(match search(expression, &data) {
            Ok(result) => Json::object([("result", result)]),
            Err(error) => Json::object([("code", Json::text(error.code()))]),
        })
    }

    fn compare(&self, expected: &Json, got: &Json) -> Vec<Difference> {
        let theirs = mapping::error(expected);
        let ours = where_same(&theirs, got, mapping::nearest_float);
        Comparison::default().differences(&theirs, &ours)
    }
}

fn search(expression: &str, data: &Value) -> Result<Json, Error> {
    let expression = Expression::new(expression)?;
    expression.search(data).map(|result| Json::from(&*result))
}

/// What stands for an envelope of this name here, if it is not the expression of the case.
fn wrong_envelope(name: &Json, expression: &str) -> Option<Json> {
    let ours = name.as_text().and_then(envelopes::by_name);
    if ours == Some(expression) {
        return None;
    }
    let ours = ours.map_or(Json::Null, Json::text);
    Some(Json::object([("envelope", ours)]))
}

/// The data as a user holds it.
fn value(data: &Json) -> Result<Value, Refusal> {
    let no_counterpart =
        || Refusal::NoCounterpart("a number that no value of serde_json holds".to_owned());
    let special = Path::parse("**.\"$float\"").map_err(Refusal::Unknown)?;
    if !special.select(data).is_empty() {
        return Err(no_counterpart());
    }
    data.to_value().ok_or_else(no_counterpart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &str) -> Result<String, Refusal> {
        let input = Json::parse(input).unwrap();
        Jmespath.run(&input, "").map(|got| got.to_string())
    }

    fn passes(expected: &str, got: &str) -> bool {
        let expected = Json::parse(expected).unwrap();
        Jmespath
            .compare(&expected, &Json::parse(got).unwrap())
            .is_empty()
    }

    #[test]
    fn result_and_error_are_given_in_the_vocabulary_of_the_vectors() {
        assert_eq!(
            run(r#"{"expression":"a.b","data":{"a":{"b":[1,2.5]}}}"#),
            Ok(r#"{"result": [1, 2.5]}"#.to_owned())
        );
        assert_eq!(
            run(r#"{"expression":"nope(a)","data":{}}"#),
            Ok(r#"{"code": "unknown_function"}"#.to_owned())
        );
    }

    #[test]
    fn error_is_compared_by_its_code_and_not_by_its_class() {
        assert!(passes(
            r#"{"error":"ArityError","code":"arity"}"#,
            r#"{"code":"arity"}"#
        ));
        assert!(!passes(
            r#"{"error":"ArityError","code":"arity"}"#,
            r#"{"code":"syntax"}"#
        ));
        assert!(!passes(
            r#"{"error":"ArityError","code":"arity"}"#,
            r#"{"result":null}"#
        ));
        assert!(!passes(r#"{"result":null}"#, r#"{"code":"arity"}"#));
    }

    #[test]
    fn integer_beyond_64_bits_is_the_nearest_float() {
        let theirs = r#"{"result":[123456789012345678901234567890]}"#;
        assert!(passes(theirs, r#"{"result":[1.2345678901234568e29]}"#));
        assert!(!passes(theirs, r#"{"result":[1.2345678901234500e29]}"#));
    }

    #[test]
    fn envelope_must_stand_for_the_expression() {
        let case = |envelope: &str| {
            let data = r#""data":{"detail":7},"expression":"detail""#;
            run(&format!(r#"{{{data},"envelope":"{envelope}"}}"#))
        };
        assert_eq!(case("EVENTBRIDGE"), Ok(r#"{"result": 7}"#.to_owned()));
        assert_eq!(case("NO_SUCH"), Ok(r#"{"envelope": null}"#.to_owned()));
        let other = case("SQS").unwrap();
        assert!(other.starts_with(r#"{"envelope": "Records"#), "{other}");
    }

    #[test]
    fn what_is_not_in_the_vocabulary_is_refused() {
        for input in [
            r#"{"expression":"a","data":{},"options":1}"#,
            r#"{"expression":"a"}"#,
            r#"{"expression":1,"data":{}}"#,
            "[]",
        ] {
            assert!(matches!(run(input), Err(Refusal::Unknown(_))), "{input}");
        }
    }

    #[test]
    fn number_that_serde_json_cannot_hold_has_no_counterpart() {
        for data in [r#"{"a":[{"$float":"NaN"}]}"#, "[1e400]"] {
            let input = format!(r#"{{"expression":"a","data":{data}}}"#);
            assert!(
                matches!(run(&input), Err(Refusal::NoCounterpart(_))),
                "{input}"
            );
        }
    }
}
