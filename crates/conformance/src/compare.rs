//! How an answer is laid beside the expected one.

use std::fmt;

use crate::{
    json::{Json, Object},
    place::Place,
};

/// One place where two values differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    place: Place,
    expected: Option<Json>,
    got: Option<Json>,
    in_order_alone: bool,
}

impl Difference {
    /// A difference at this place; `None` stands for nothing there.
    #[must_use]
    pub fn new(place: Place, expected: Option<Json>, got: Option<Json>) -> Self {
        Self {
            place,
            expected,
            got,
            in_order_alone: false,
        }
    }

    fn in_order(place: Place, expected: &Object, got: &Object) -> Self {
        Self {
            in_order_alone: true,
            ..Self::new(place, Some(names(expected)), Some(names(got)))
        }
    }

    /// What was expected there, if anything.
    #[must_use]
    pub fn expected(&self) -> Option<&Json> {
        self.expected.as_ref()
    }

    /// What came there, if anything.
    #[must_use]
    pub fn got(&self) -> Option<&Json> {
        self.got.as_ref()
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.in_order_alone {
            " (order of members)"
        } else {
            ""
        };
        write!(f, "{}{order}: expected ", self.place)?;
        show(f, self.expected.as_ref())?;
        f.write_str(", got ")?;
        show(f, self.got.as_ref())
    }
}

fn show(f: &mut fmt::Formatter<'_>, value: Option<&Json>) -> fmt::Result {
    match value {
        Some(value) => write!(f, "{value}"),
        None => f.write_str("nothing"),
    }
}

/// Compares two values: numbers by value, arrays in their order, objects whatever the order of
/// their members, unless [`in_order`](Self::in_order) asks for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Comparison {
    in_order: bool,
}

impl Comparison {
    /// Whether the order of members counts too.
    #[must_use]
    pub fn in_order(mut self, in_order: bool) -> Self {
        self.in_order = in_order;
        self
    }

    /// Every place where the two differ.
    #[must_use]
    pub fn differences(self, expected: &Json, got: &Json) -> Vec<Difference> {
        self.differences_at(Place::whole(), expected, got)
    }

    /// Every place where two values differ that stand at this place.
    #[must_use]
    pub fn differences_at(self, place: Place, expected: &Json, got: &Json) -> Vec<Difference> {
        let mut found = Vec::new();
        self.walk(place, Some(expected), Some(got), &mut found);
        found
    }

    fn walk(
        self,
        place: Place,
        expected: Option<&Json>,
        got: Option<&Json>,
        found: &mut Vec<Difference>,
    ) {
        match (expected, got) {
            (Some(Json::Object(expected)), Some(Json::Object(got))) => {
                self.objects(place, expected, got, found);
            }
            (Some(Json::Array(expected)), Some(Json::Array(got))) => {
                for item in 0..expected.len().max(got.len()) {
                    self.walk(place.item(item), expected.get(item), got.get(item), found);
                }
            }
            (expected, got) if expected == got => {}
            (expected, got) => {
                found.push(Difference::new(place, expected.cloned(), got.cloned()));
            }
        }
    }

    fn objects(self, place: Place, expected: &Object, got: &Object, found: &mut Vec<Difference>) {
        for (name, value) in expected.iter() {
            self.walk(place.member(name), Some(value), got.get(name), found);
        }
        for (name, value) in got.iter().filter(|(name, _)| expected.get(name).is_none()) {
            self.walk(place.member(name), None, Some(value), found);
        }
        let same_names =
            expected.len() == got.len() && got.names().all(|n| expected.get(n).is_some());
        if self.in_order && same_names && !expected.names().eq(got.names()) {
            found.push(Difference::in_order(place, expected, got));
        }
    }
}

fn names(object: &Object) -> Json {
    Json::Array(object.names().map(Json::text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(comparison: Comparison, expected: &str, got: &str) -> Vec<String> {
        let expected = Json::parse(expected).unwrap();
        let got = Json::parse(got).unwrap();
        let found = comparison.differences(&expected, &got);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_difference_is_told_with_its_place() {
        assert_eq!(
            differences(
                Comparison::default(),
                r#"{"lines":[{"a":1,"b":{"c":true}},2],"same":[1.0]}"#,
                r#"{"same":[1],"lines":[{"a":"1","b":{}},2,3],"more":null}"#
            ),
            [
                r#"lines[0].a: expected 1, got "1""#,
                "lines[0].b.c: expected true, got nothing",
                "lines[2]: expected nothing, got 3",
                "more: expected nothing, got null",
            ]
        );
        assert_eq!(
            differences(Comparison::default(), "1", "2"),
            ["the whole: expected 1, got 2"]
        );
    }

    #[test]
    fn order_of_members_counts_only_if_asked_for() {
        let (expected, got) = (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"y":2,"x":1}}"#);
        assert!(differences(Comparison::default(), expected, got).is_empty());
        let ordered = Comparison::default().in_order(true);
        assert_eq!(
            differences(ordered, expected, got),
            [r#"a (order of members): expected ["x", "y"], got ["y", "x"]"#]
        );
        assert!(differences(ordered, expected, expected).is_empty());
    }

    #[test]
    fn order_of_items_always_counts() {
        let order = (r#"[["a","b"]]"#, r#"[["b","a"]]"#);
        assert_eq!(
            differences(Comparison::default(), order.0, order.1).len(),
            2
        );
    }

    #[test]
    fn huge_integers_differ_by_their_last_digit() {
        let found = differences(
            Comparison::default(),
            "[123456789012345678901234567890]",
            "[123456789012345678901234567891]",
        );
        assert_eq!(found.len(), 1);
    }
}
