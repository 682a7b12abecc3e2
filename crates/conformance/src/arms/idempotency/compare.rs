//! What is expected and what came, laid beside each other by the rules of the mapping.

use crate::{
    arms::common::places::{change_members, list},
    compare::{Comparison, Difference},
    json::Json,
    mapping::{self, without},
};

pub(super) fn differences(expected: &Json, got: &Json) -> Vec<Difference> {
    let theirs = mapping::clock_times(expected);
    let (theirs, ours) = match theirs.get("steps") {
        Some(_) => (steps(&theirs, their_step), got.clone()),
        None => (change_members(&theirs, their_error), got.clone()),
    };
    let ours = beside(&theirs, &ours);
    Comparison::default().differences(&theirs, &ours)
}

/// The object with each of its steps changed, and of the steps during each of them.
fn steps(answer: &Json, change: fn(&str, &Json) -> Json) -> Json {
    change_members(answer, |name, value| match name {
        "steps" | "during" => {
            let all = value.as_array().unwrap_or_default().iter();
            Json::Array(
                all.map(|step| steps(&change_step(step, change), change))
                    .collect(),
            )
        }
        _ => value.clone(),
    })
}

fn change_step(step: &Json, change: fn(&str, &Json) -> Json) -> Json {
    // What a store does for a call of a cache is its own affair: what it keeps is compared.
    let step = match step.get("entries") {
        Some(_) => without(step, "calls"),
        None => step.clone(),
    };
    change_members(&step, change)
}

fn their_step(name: &str, value: &Json) -> Json {
    match name {
        "calls" => each(value, mapping::their_call),
        "local_cache_keys" => sorted(value),
        _ => their_error(name, value),
    }
}

fn their_error(name: &str, value: &Json) -> Json {
    match name {
        "error" => mapping::their_idempotency_error(value),
        _ => value.clone(),
    }
}

fn each(list: &Json, change: impl Fn(&Json) -> Json) -> Json {
    let items = list.as_array().unwrap_or_default();
    Json::Array(items.iter().map(change).collect())
}

fn sorted(list: &Json) -> Json {
    let mut items = list.as_array().unwrap_or_default().to_vec();
    items.sort_by_cached_key(ToString::to_string);
    Json::Array(items)
}

/// Our answer as it stands beside theirs.
fn beside(theirs: &Json, ours: &Json) -> Json {
    let ours = match ours.get("entries") {
        Some(_) => without(ours, "calls"),
        None => ours.clone(),
    };
    change_members(&ours, |name, own| {
        let their = theirs.get(name).unwrap_or(&Json::Null);
        match name {
            "steps" | "during" => {
                let all = list(&ours, name).iter().enumerate();
                let theirs = their.as_array().unwrap_or_default();
                let step = |(at, own)| beside(theirs.get(at).unwrap_or(&Json::Null), own);
                Json::Array(all.map(step).collect())
            }
            "error" => mapping::our_idempotency_error(their, own),
            "calls" => {
                let all = list(&ours, name).iter().enumerate();
                let theirs = their.as_array().unwrap_or_default();
                let call = |(at, own): (usize, &Json)| {
                    mapping::our_call(theirs.get(at).unwrap_or(&Json::Null), own)
                };
                Json::Array(all.map(call).collect())
            }
            "items" => partners(their, &each(own, mapping::without_owner)),
            "entries" => partners(
                their,
                &each(own, |entry| {
                    change_members(entry, |name, value| match name {
                        "value" => mapping::without_owner(value),
                        _ => value.clone(),
                    })
                }),
            ),
            _ => own.clone(),
        }
    })
}

/// Our rows in the order of those of theirs that they resemble most; the others behind them.
fn partners(theirs: &Json, ours: &Json) -> Json {
    let theirs = theirs.as_array().unwrap_or_default();
    let mut left = ours.as_array().unwrap_or_default().to_vec();
    let mut found: Vec<Option<Json>> = theirs
        .iter()
        .map(|their| {
            let same = left.iter().position(|own| own == their)?;
            Some(left.remove(same))
        })
        .collect();
    for (their, place) in theirs.iter().zip(&mut found) {
        if place.is_some() {
            continue;
        }
        let cost = |own: &Json| Comparison::default().differences(their, own).len();
        let best = (0..left.len()).min_by_key(|at| cost(&left[*at]));
        *place = best.map(|at| left.remove(at));
    }
    // A row of theirs that none is left for must not move the others.
    while found.last().is_some_and(Option::is_none) {
        found.pop();
    }
    let found = found.into_iter().map(|own| own.unwrap_or(Json::Null));
    Json::Array(found.chain(left).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: &str = r#"{"result":{"a":1},"executed":true,
        "hook":[{"response":1,"status":"COMPLETED","key":"k","expiry":"T0+5","payload_hash":null}],
        "local_cache_keys":["b","a"],"calls":[{"op":"PutItem","params":{"TableName":"t","Item":{
        "id":{"S":"k"},"expiration":{"N":"T0+5"}},"ConditionExpression":"c"}},{"op":"UpdateItem",
        "params":{"TableName":"t","UpdateExpression":"u"}},{"op":"PutItem","error":"E","faked":true}],
        "items":[{"id":{"S":"j"}},{"id":{"S":"k"},"expiration":{"N":"T0+5"}}],
        "during":[{"error":{"type":"Boom","message":"m"},"executed":true,"calls":[],"items":[]}]}"#;

    const OURS: &str = r#"{"result":{"a":1.0},"executed":true,
        "hook":[{"response":1,"status":"COMPLETED","key":"k","expiry":1700000005,"payload_hash":null}],
        "local_cache_keys":["a","b"],"calls":[{"op":"PutItem","params":{"TableName":"o","Item":{
        "id":{"S":"k"},"expiration":{"N":"1700000005"},
        "powertools_owner":{"S":"0123456789abcdef0123456789abcdef"}},"ConditionExpression":"c"}},
        {"op":"UpdateItem","params":{"TableName":"o","UpdateExpression":"other"}},
        {"op":"PutItem","params":{},"error":"E","faked":true}],
        "items":[{"id":{"S":"k"},"expiration":{"N":"1700000005"},
        "powertools_owner":{"S":"0123456789abcdef0123456789abcdef"}},{"id":{"S":"j"}}],
        "during":[{"error":{"type":"Boom","message":"m"},"executed":true,"calls":[],"items":[]}]}"#;

    fn found(theirs: &str, ours: &str) -> Vec<String> {
        let steps = |step: &str| Json::parse(&format!(r#"{{"steps":[{step}]}}"#)).unwrap();
        let found = differences(&steps(theirs), &steps(ours));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn step_is_the_same_by_the_rules_of_the_mapping() {
        assert_eq!(found(STEP, OURS), Vec::<String>::new());
    }

    #[test]
    fn whatever_else_differs_is_told() {
        for (what, other) in [
            (r#""result":{"a":1.0}"#, r#""result":{"a":2}"#),
            (r#""result":{"a":1.0}"#, r#""more":1"#),
            (
                r#""executed":true,
        "hook""#,
                r#""executed":false,"hook""#,
            ),
            (r#""response":1"#, r#""response":null"#),
            (r#""expiry":1700000005"#, r#""expiry":1700000006"#),
            (r#"["a","b"]"#, r#"["a"]"#),
            (r#"["a","b"]"#, r#"["a","b","b"]"#),
            (
                r#""ConditionExpression":"c""#,
                r#""ConditionExpression":"d""#,
            ),
            (
                r#""ConditionExpression":"c""#,
                r#""ConditionExpression":"c","More":1"#,
            ),
            (r#""op":"UpdateItem""#, r#""op":"DeleteItem""#),
            (r#""error":"E","faked":true"#, r#""error":"F","faked":true"#),
            (r#""error":"E","faked":true"#, r#""error":"E""#),
            (r#",{"id":{"S":"j"}}"#, r#",{"id":{"S":"i"}}"#),
            (r#",{"id":{"S":"j"}}"#, ""),
            (
                r#",{"id":{"S":"j"}}"#,
                r#",{"id":{"S":"j"}},{"id":{"S":"i"}}"#,
            ),
            (
                r#"{"id":{"S":"j"}}"#,
                r#"{"id":{"S":"j"},"powertools_owner":{"S":"x"}}"#,
            ),
            (r#""message":"m""#, r#""message":"n""#),
            (
                r#""during":[{"error":{"type":"Boom""#,
                r#""during":[{"error":{"type":"BaseBoom""#,
            ),
        ] {
            let changed = OURS.replacen(what, other, 1);
            assert_ne!(changed, OURS, "{what}");
            assert_eq!(
                found(STEP, &changed).len(),
                1 + usize::from(other == r#""more":1"#),
                "{other}"
            );
        }
    }

    #[test]
    fn cache_is_compared_by_its_entries() {
        let theirs = r#"{"calls":[{"op":"SET"}],"entries":[{"key":"k","ttl_s":3600.0,
            "value":{"status":"COMPLETED","expiration":"T0+1"}},{"key":"l","value":"True"}]}"#;
        let ours = r#"{"calls":[],"entries":[{"key":"k","ttl_s":3600,"value":{"status":"COMPLETED",
            "expiration":1700000001,"powertools_owner":"0123456789abcdef0123456789abcdef"}},
            {"key":"l","value":"True"}]}"#;
        assert_eq!(found(theirs, ours), Vec::<String>::new());
        for (what, other) in [
            ("3600", "3599"),
            ("1700000001", "1700000002"),
            ("COMPLETED", "INPROGRESS"),
            (r#""value":"True""#, r#""value":"true""#),
            (r#""key":"l""#, r#""key":"m""#),
        ] {
            assert_eq!(
                found(theirs, &ours.replacen(what, other, 1)).len(),
                1,
                "{other}"
            );
        }
    }
}
