//! What is expected and what came, laid beside each other by the rules of the mapping.

use crate::{
    arms::common::{
        align::align,
        places::{by_place, change_members, list},
    },
    compare::{Comparison, Difference},
    json::Json,
    mapping::{self, without},
    place::Place,
};

/// What belongs to lines: a line may have a partner on the other side, or none.
const OF_LINES: [&str; 2] = ["lines", "blobs"];

pub(super) fn differences(expected: &Json, got: &Json) -> Vec<Difference> {
    let mut found = blobs(list(expected, "blobs"), list(got, "blobs"));
    let theirs = by_place(expected, &OF_LINES, |_, value| without(value, "message"));
    let ours = by_place(got, &OF_LINES, |_, value| value.clone());
    let ours = change_members(&ours, |list, value| match list {
        "errors" => change_members(value, |at, own| {
            let theirs = theirs.get(list).and_then(|list| list.get(at));
            our_error(theirs.unwrap_or(&Json::Null), own)
        }),
        _ => value.clone(),
    });
    found.extend(Comparison::default().differences(&theirs, &ours));
    found
}

fn blobs(theirs: &[Json], ours: &[Json]) -> Vec<Difference> {
    let laid = |place: Place, i: usize, j: usize| {
        let expected = mapping::their_blob(&theirs[i]);
        let got = mapping::our_blob(&expected, &ours[j]);
        Comparison::default().differences_at(place, &expected, &got)
    };
    let place = |item| Place::whole().member("blobs").item(item);
    let cost = |i: usize, j: usize| laid(Place::whole(), i, j).len();
    let mut pairs = same(theirs.len(), ours.len(), |i, j| cost(i, j) == 0);
    let mut found = Vec::new();
    let rest = |count, taken: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..count).filter(|item| !taken(*item)).collect()
    };
    let their_rest = rest(theirs.len(), &|i| pairs.iter().any(|pair| pair.0 == i));
    let our_rest = rest(ours.len(), &|j| pairs.iter().any(|pair| pair.1 == j));
    let cost = |i: usize, j: usize| cost(their_rest[i], our_rest[j]);
    for (i, j) in align(their_rest.len(), our_rest.len(), cost) {
        match (i.map(|i| their_rest[i]), j.map(|j| our_rest[j])) {
            (Some(i), Some(j)) => {
                found.extend(laid(place(i), i, j));
                pairs.push((i, j));
            }
            (Some(i), None) => {
                let expected = mapping::their_blob(&theirs[i]);
                found.push(Difference::new(place(i), Some(expected), None));
            }
            (None, Some(j)) => {
                let got = mapping::our_blob(&Json::Null, &ours[j]);
                found.push(Difference::new(place(j), None, Some(got)));
            }
            (None, None) => {}
        }
    }
    found.extend(order(pairs));
    found
}

/// Lines that are the same on both sides, each of them once, the first beside the first.
fn same(theirs: usize, ours: usize, is_same: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for i in 0..theirs {
        let is_free = |j: &usize| pairs.iter().all(|pair| pair.1 != *j);
        let partner = (0..ours).filter(is_free).find(|j| is_same(i, *j));
        pairs.extend(partner.map(|j| (i, j)));
    }
    pairs
}

/// Whether our lines came in another order: theirs, by the places that they have here.
fn order(mut pairs: Vec<(usize, usize)>) -> Option<Difference> {
    pairs.sort_unstable();
    let got: Vec<usize> = pairs.into_iter().map(|(_, j)| j).collect();
    let mut expected = got.clone();
    expected.sort_unstable();
    let shown = |places: &[usize]| {
        let number = |place: &usize| Json::Number(i64::try_from(*place).unwrap_or(i64::MAX).into());
        Some(Json::Array(places.iter().map(number).collect()))
    };
    let place = Place::whole().member("blob_order");
    (got != expected).then(|| Difference::new(place, shown(&expected), shown(&got)))
}

/// The class of which ours is one of the kinds, if it is the expected one.
fn our_error(theirs: &Json, ours: &Json) -> Json {
    change_members(ours, |name, value| {
        let class = theirs.get("kind").filter(|_| name == "kind");
        let kinds = class
            .and_then(Json::as_text)
            .map(mapping::metrics_error_kinds);
        let is_one = |own: &str| kinds.is_some_and(|kinds| kinds.contains(&own));
        match (class, value.as_text().is_some_and(is_one)) {
            (Some(class), true) => class.clone(),
            _ => value.clone(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expected: &str, got: &str) -> Vec<String> {
        let found = differences(&Json::parse(expected).unwrap(), &Json::parse(got).unwrap());
        found.iter().map(ToString::to_string).collect()
    }

    fn blob(time: u64, value: &str) -> String {
        format!(
            r#"{{"_aws":{{"Timestamp":{time},"CloudWatchMetrics":[{{"Metrics":[{{"Name":"a"}}]}}]}},"a":{value}}}"#
        )
    }

    #[test]
    fn line_is_compared_by_the_rules_of_the_mapping() {
        let expected = format!(r#"{{"lines":["x"],"blobs":[{}]}}"#, blob(0, "[1.0]"));
        let got = |time, value| format!(r#"{{"blobs":[{}]}}"#, blob(time, value));
        assert!(found(&expected, &got(1_700_000_000_500, "1")).is_empty());
        for other in [got(1, "1"), got(0, "1"), got(1_700_000_000_500, "2")] {
            assert_eq!(found(&expected, &other).len(), 1, "{other}");
        }
    }

    #[test]
    fn line_that_came_elsewhere_is_told_once() {
        let three = r#"{"blobs":[{"m":1},{"m":2},{"m":3}]}"#;
        let moved = r#"{"blobs":[{"m":3},{"m":1},{"m":2}]}"#;
        assert_eq!(
            found(three, moved),
            ["blob_order: expected [0, 1, 2], got [1, 2, 0]"]
        );
        assert!(found(three, three).is_empty());
    }

    #[test]
    fn line_too_many_leaves_the_others_alone() {
        let two = r#"{"blobs":[{"m":1},null]}"#;
        let one = r#"{"blobs":[{"m":1}]}"#;
        assert_eq!(found(two, one), ["blobs[1]: expected null, got nothing"]);
        assert_eq!(found(one, two), ["blobs[1]: expected nothing, got null"]);
        let other = r#"{"blobs":[{"m":2}]}"#;
        assert_eq!(found(one, other), ["blobs[0].m: expected 1, got 2"]);
    }

    #[test]
    fn errors_are_compared_by_place_and_kind_and_warnings_by_place() {
        let expected = r#"{"blobs":[],"errors":[{"at":"1","kind":"SchemaValidationError","message":"m"}],
            "warnings":[{"at":"0","kind":"W"},{"at":"0","kind":"V"}]}"#;
        let got = r#"{"blobs":[],"errors":[{"at":"1","kind":"empty"}],"warnings":[{"at":"0"}]}"#;
        assert!(found(expected, got).is_empty());
        assert_eq!(found(expected, &got.replace("empty", "unit")).len(), 1);
        assert_eq!(found(expected, &got.replace(r#""0""#, r#""1""#)).len(), 2);
        let raised = r#"{"errors":[{"at":"1","kind":"ValueError"}]}"#;
        assert!(found(raised, raised).is_empty());
        let environment = r#"{"errors":[{"at":"1","kind":"environment"}]}"#;
        assert!(found(raised, environment).is_empty());
    }
}
