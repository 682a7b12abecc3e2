//! For `powertools-idempotency`.

use super::shared::without;
use crate::json::Json;

/// The clock of the vectors, in seconds since 1970.
const T0: i64 = 1_700_000_000;

/// The value with each time that is told by the clock of the vectors: `T0+5` in seconds, `T0ms-1`
/// in milliseconds. In `{"N": …}` it stays text, as numbers of DynamoDB are; anywhere else it is a
/// number.
#[must_use]
pub fn clock_times(value: &Json) -> Json {
    match value {
        Json::Text(text) => match time(text) {
            Some(time) => Json::Number(time.into()),
            None => value.clone(),
        },
        Json::Array(items) => Json::Array(items.iter().map(clock_times).collect()),
        Json::Object(object) => Json::object(object.iter().map(|(name, value)| {
            let time = value.as_text().filter(|_| name == "N").and_then(time);
            match time {
                Some(time) => (name, Json::text(time.to_string())),
                None => (name, clock_times(value)),
            }
        })),
        _ => value.clone(),
    }
}

fn time(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("T0")?;
    let (rest, t0) = match rest.strip_prefix("ms") {
        Some(rest) => (rest, T0 * 1000),
        None => (rest, T0),
    };
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let digits = rest.strip_prefix(['+', '-']).filter(|d| is_number(d))?;
    let offset: i64 = digits.parse().ok()?;
    Some(if rest.starts_with('-') {
        t0 - offset
    } else {
        t0 + offset
    })
}

/// A row or a record without the mark of its owner, if it is one of ours: 32 hexadecimal digits.
#[must_use]
pub fn without_owner(row: &Json) -> Json {
    const OWNER: &str = "powertools_owner";
    let mark = row.get(OWNER).map(|mark| mark.get("S").unwrap_or(mark));
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_mark = |text: &str| text.len() == 32 && text.bytes().all(is_digit);
    match mark.and_then(Json::as_text).is_some_and(is_mark) {
        true => without(row, OWNER),
        false => row.clone(),
    }
}

/// An expected call, without what is not compared.
#[must_use]
pub fn their_call(call: &Json) -> Json {
    parameters(call, |parameters| parameters.clone())
}

/// Our call, of which the parameters are told where they are expected.
#[must_use]
pub fn our_call(theirs: &Json, ours: &Json) -> Json {
    if theirs.get("params").is_none() {
        return without(ours, "params");
    }
    parameters(ours, |parameters| match parameters.get("Item") {
        None => parameters.clone(),
        Some(item) => {
            let item = without_owner(item);
            let members = parameters.as_object().into_iter().flat_map(|p| p.iter());
            Json::object(members.map(|(name, value)| match name {
                "Item" => (name, item.clone()),
                _ => (name, value.clone()),
            }))
        }
    })
}

/// Completion and release are compared by the rows that they leave. Names of tables are anybody's.
fn parameters(call: &Json, change: impl Fn(&Json) -> Json) -> Json {
    let operation = call.get("op").and_then(Json::as_text);
    let Some(parameters) = call.get("params") else {
        return call.clone();
    };
    if matches!(operation, Some("UpdateItem" | "DeleteItem")) {
        return without(call, "params");
    }
    let parameters = change(&without(parameters, "TableName"));
    let members = call.as_object().into_iter().flat_map(|call| call.iter());
    Json::object(members.map(|(name, value)| match name {
        "params" => (name, parameters.clone()),
        _ => (name, value.clone()),
    }))
}

/// Python's texts for a failure of the store, and our kinds.
const STORE: [(&str, &[&str]); 4] = [
    (
        "Failed to save in progress record",
        &["claim", "expression", "payload"],
    ),
    ("Failed to get record", &["read"]),
    (
        "Failed to update record state",
        &["complete", "unstorable", "too_large"],
    ),
    ("Failed to delete record", &["release"]),
];

/// Our kinds for a class of Python or of TypeScript, and what the message says more.
#[must_use]
pub fn idempotency_error_kinds(class: &str, message: &str) -> &'static [&'static str] {
    match class {
        "IdempotencyKeyError" => &["missing_key"],
        "IdempotencyAlreadyInProgressError" => &["in_progress"],
        "IdempotencyValidationError" => &["payload_mismatch"],
        "IdempotencyInconsistentStateError" => &["inconsistent_state"],
        "IdempotencyPersistenceLayerError" => {
            let mut store = STORE.iter();
            let kinds = store.find(|(begin, _)| message.starts_with(begin));
            kinds.map_or(&[], |(_, kinds)| kinds)
        }
        _ => idempotency_causes(class),
    }
}

/// Our words for the class of a cause, or of an error that Python does not wrap.
#[must_use]
pub fn idempotency_causes(class: &str) -> &'static [&'static str] {
    match class {
        "AttributeError" => &["hash_function", "invalid_record"],
        // binascii.Error is one, which is told so for text that is not ASCII.
        "ValueError" => &["environment", "store", "bad_base64"],
        "KeyError" => &["missing_attribute", "invalid_record"],
        "IdempotencyInvalidStatusError" => &["invalid_status"],
        "JSONDecodeError" => &["bad_json", "payload", "unreadable_answer"],
        "UnicodeDecodeError" => &["bad_utf8", "bad_json"],
        // binascii.Error of Python; of TypeScript whatever has no other name.
        "Error" => &["bad_base64", "hash_function"],
        "BadGzipFile" | "EOFError" | "error" => &["bad_gzip"],
        // Of TypeScript: what cannot be decoded is undefined, which has no JSON. Of Python: a
        // function of hashlib whose hash has no length of its own.
        "TypeError" => &[
            "bad_gzip",
            "bad_json",
            "function_failed",
            "hash_function",
            "unreadable_answer",
        ],
        "SyntaxError" => &["payload"],
        "JMESPathTypeError" => &["argument_type"],
        "ArityError" | "VariadictArityError" => &["arity"],
        "UnknownFunctionError" => &["unknown_function"],
        "EmptyExpressionError" => &["empty_expression"],
        "IncompleteExpressionError" | "LexerError" | "ParseError" => &["syntax"],
        _ => &[],
    }
}

/// Errors of the library, of which the message is not compared but for what it says of the error.
fn is_library(class: &str) -> bool {
    !matches!(class, "Boom" | "BaseBoom")
}

/// An expected error: of those of the library the class, the key that is in progress, and the
/// cause where it is one of the store.
#[must_use]
pub fn their_idempotency_error(error: &Json) -> Json {
    let text = |name| error.get(name).and_then(Json::as_text).unwrap_or_default();
    let class = text("type");
    if !is_library(class) {
        return error.clone();
    }
    let members = error.as_object().into_iter().flat_map(|error| error.iter());
    let members = members.filter(|(name, _)| match *name {
        // Of what a refused write turned into: its cause is no cause of ours.
        "cause" => class == "IdempotencyPersistenceLayerError",
        _ => true,
    });
    Json::object(members.map(|(name, value)| (name, value.clone())))
}

/// Ours, with their class and message where ours says the same.
#[must_use]
pub fn our_idempotency_error(theirs: &Json, ours: &Json) -> Json {
    let their = |name| theirs.get(name).and_then(Json::as_text).unwrap_or_default();
    let own = |name| ours.get(name).and_then(Json::as_text);
    let (class, message) = (their("type"), their("message"));
    if !is_library(class) {
        return ours.clone();
    }
    let kind = own("type").unwrap_or_default();
    let is_kind = idempotency_error_kinds(class, message).contains(&kind);
    // What Python does not wrap is our cause.
    let unwrapped = own("cause").filter(|_| theirs.get("cause").is_none());
    let is_kind = is_kind || unwrapped.is_some_and(|c| idempotency_causes(class).contains(&c));
    // The message ends with the key that is in progress.
    let names_key = own("key").is_none_or(|key| {
        let rest = message.strip_suffix(key);
        rest.is_some_and(|rest| rest.ends_with('=') || rest.ends_with("sort key: "))
    });
    if !is_kind || !names_key {
        return ours.clone();
    }
    let mut told = vec![("type", Json::text(class))];
    if theirs.get("message").is_some() {
        told.push(("message", Json::text(message)));
    }
    if theirs.get("cause").is_some() {
        told.push(("cause", our_cause(their("cause"), kind, own("cause"))));
    }
    Json::object(told)
}

/// Their cause where ours is the same: a code of DynamoDB, or one of the words for it.
fn our_cause(theirs: &str, kind: &str, ours: Option<&str>) -> Json {
    let is_same = match ours {
        Some(cause) => cause == theirs || idempotency_causes(theirs).contains(&cause),
        // The answer itself was the cause.
        None => kind == "unstorable" && theirs == "TypeError",
    };
    match (is_same, ours) {
        (true, _) => Json::text(theirs),
        (false, Some(cause)) => Json::text(cause),
        (false, None) => Json::Null,
    }
}

/// Python's name of a hash function that has this one in Node, if it is one of both.
#[must_use]
pub fn node_hash_function(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "md5" => "md5",
        "sha1" => "sha1",
        "sha224" => "sha224",
        "sha256" => "sha256",
        "sha384" => "sha384",
        "sha512" => "sha512",
        "sha3-224" => "sha3_224",
        "sha3-256" => "sha3_256",
        "sha3-384" => "sha3_384",
        "sha3-512" => "sha3_512",
        "blake2b512" => "blake2b",
        "blake2s256" => "blake2s",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn times_are_those_of_the_clock_of_the_vectors() {
        let times =
            r#"{"a":{"N":"T0+1"},"b":"T0ms-5","c":["T0-0"],"d":"T0+x","e":"T0","f":{"S":"T1"}}"#;
        let expected = concat!(
            r#"{"a":{"N":"1700000001"},"b":1699999999995,"c":[1700000000],"#,
            r#""d":"T0+x","e":"T0","f":{"S":"T1"}}"#,
        );
        assert_eq!(clock_times(&json(times)), json(expected));
    }

    #[test]
    fn only_a_mark_of_ours_is_left_out() {
        let mark = "0123456789abcdef0123456789abcdef";
        for (row, is_left_out) in [
            (
                format!(r#"{{"powertools_owner":{{"S":"{mark}"}},"x":1}}"#),
                true,
            ),
            (format!(r#"{{"powertools_owner":"{mark}","x":1}}"#), true),
            (
                format!(r#"{{"powertools_owner":"{}","x":1}}"#, &mark[1..]),
                false,
            ),
            (
                format!(r#"{{"powertools_owner":"{}","x":1}}"#, mark.to_uppercase()),
                false,
            ),
            (
                format!(r#"{{"powertools_owner":{{"N":"{mark}"}},"x":1}}"#),
                false,
            ),
        ] {
            let row = json(&row);
            assert_eq!(
                without_owner(&row) == json(r#"{"x":1}"#),
                is_left_out,
                "{row}"
            );
            assert_eq!(without_owner(&row) == row, !is_left_out, "{row}");
        }
    }

    #[test]
    fn parameters_are_compared_for_the_calls_that_all_make_alike() {
        let put = r#"{"op":"PutItem","params":{"TableName":"t","Item":{"id":1},"X":2}}"#;
        let expected = r#"{"op":"PutItem","params":{"Item":{"id":1},"X":2}}"#;
        assert_eq!(their_call(&json(put)), json(expected));
        assert_eq!(our_call(&json(expected), &json(put)), json(expected));
        assert_eq!(
            our_call(&json(r#"{"op":"PutItem"}"#), &json(put)),
            json(r#"{"op":"PutItem"}"#)
        );
        for operation in ["UpdateItem", "DeleteItem"] {
            let call = json(&format!(
                r#"{{"op":"{operation}","error":"e","params":{{"X":2}}}}"#
            ));
            let expected = json(&format!(r#"{{"op":"{operation}","error":"e"}}"#));
            assert_eq!(their_call(&call), expected);
            assert_eq!(our_call(&call, &call), expected);
        }
    }

    #[test]
    fn our_error_is_theirs_if_it_says_the_same() {
        let saved = "Failed to save in progress record to idempotency store - (x)";
        let running = "Execution already in progress with idempotency key: a=k#1";
        for (theirs, ours, is_same) in [
            (
                ("IdempotencyKeyError", "", None),
                ("missing_key", None, None),
                true,
            ),
            (
                ("IdempotencyKeyError", "", None),
                ("expression", None, None),
                false,
            ),
            (
                ("IdempotencyValidationError", "", Some("x")),
                ("payload_mismatch", None, None),
                true,
            ),
            (
                ("IdempotencyAlreadyInProgressError", running, None),
                ("in_progress", None, Some("k#1")),
                true,
            ),
            (
                ("IdempotencyAlreadyInProgressError", running, None),
                ("in_progress", None, Some("k#2")),
                false,
            ),
            (
                ("IdempotencyAlreadyInProgressError", running, None),
                ("in_progress", None, Some("#1")),
                false,
            ),
            (
                ("IdempotencyPersistenceLayerError", saved, Some("Code")),
                ("claim", Some("Code"), None),
                true,
            ),
            (
                ("IdempotencyPersistenceLayerError", saved, Some("Code")),
                ("claim", Some("Other"), None),
                false,
            ),
            (
                ("IdempotencyPersistenceLayerError", saved, Some("Code")),
                ("claim", None, None),
                false,
            ),
            (
                ("IdempotencyPersistenceLayerError", saved, Some("Code")),
                ("read", Some("Code"), None),
                false,
            ),
            (
                ("IdempotencyPersistenceLayerError", saved, Some("KeyError")),
                ("claim", Some("missing_attribute"), None),
                true,
            ),
            (
                (
                    "IdempotencyPersistenceLayerError",
                    saved,
                    Some("JMESPathTypeError"),
                ),
                ("expression", Some("argument_type"), None),
                true,
            ),
            (
                ("IdempotencyInvalidStatusError", "W", None),
                ("read", Some("invalid_status"), None),
                true,
            ),
            (
                ("IdempotencyInvalidStatusError", "W", None),
                ("read", Some("Code"), None),
                false,
            ),
            (
                ("JSONDecodeError", "W", None),
                ("unreadable_answer", None, None),
                true,
            ),
            (
                ("NameError", "W", None),
                ("unreadable_answer", None, None),
                false,
            ),
        ] {
            let text = |name, text: Option<&str>| Some((name, Json::text(text?)));
            let members =
                |m: [Option<(&'static str, Json)>; 3]| Json::object(m.into_iter().flatten());
            let their = members([
                text("type", Some(theirs.0)),
                text("message", Some(theirs.1)),
                text("cause", theirs.2),
            ]);
            let own = members([
                text("type", Some(ours.0)),
                text("cause", ours.1),
                text("key", ours.2),
            ]);
            let their = their_idempotency_error(&their);
            assert_eq!(
                our_idempotency_error(&their, &own) == their,
                is_same,
                "{their} {own}"
            );
        }
    }

    #[test]
    fn error_of_the_user_is_compared_as_it_is() {
        let boom = json(r#"{"type":"Boom","message":"boom"}"#);
        assert_eq!(their_idempotency_error(&boom), boom);
        for ours in [
            r#"{"type":"Boom","message":"other"}"#,
            r#"{"type":"claim"}"#,
        ] {
            assert_eq!(our_idempotency_error(&boom, &json(ours)), json(ours));
        }
    }

    #[test]
    fn node_and_python_have_their_own_names_of_hash_functions() {
        for (node, python) in [
            ("SHA256", Some("sha256")),
            ("sha3-512", Some("sha3_512")),
            ("blake2b512", Some("blake2b")),
            ("sha3_512", None),
            ("blake2b", None),
        ] {
            assert_eq!(node_hash_function(node), python);
        }
    }
}
