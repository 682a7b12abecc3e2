use super::{
    parse,
    step::{self, Step},
};
use crate::{json::Json, place::Place};

/// A path, such as `ops[*].op`, that selects any number of values:
///
/// | part | selects |
/// |---|---|
/// | `name`, `"odd.name"` | the member of this name |
/// | `*` | every member |
/// | `**` | the value itself and everything below it |
/// | `[0]` | the item at this place |
/// | `[*]` | every item |
/// | `[op=log]`, `[op!=log]` | the object itself, if its member `op` is `log`, or if it is not |
/// | `[op~add_*]` | the object itself, if its member `op` is a text that fits: `*` any characters, `?` one |
/// | `[!op]` | the object itself, if it has no member `op` |
/// | `<a.keys>` | where places are named: members by the names that this path has in the input |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// If the text is no path, with what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::steps(text).map(Self)
    }

    /// Every value that the path selects.
    #[must_use]
    pub fn select<'a>(&self, root: &'a Json) -> Vec<&'a Json> {
        step::select(&self.0, root)
    }

    /// The value and everything below it, in the order in which it is written.
    pub(crate) fn everything(root: &Json) -> Vec<&Json> {
        let mut all = Vec::new();
        step::everything(root, &mut all);
        all
    }

    /// What the selected values name: the members of objects, the texts of arrays, and texts
    /// themselves.
    pub(crate) fn names<'a>(&self, root: &'a Json) -> Vec<&'a str> {
        step::names(&self.0, root)
    }

    /// Whether the path names places by themselves, as it does not with `[name=value]`. With
    /// `at_end` that may stand at its end.
    pub(crate) fn names_places(&self, at_end: bool) -> Result<(), String> {
        let steps = if at_end { self.split().0 } else { &self.0 };
        if steps.iter().any(|step| matches!(step, Step::Where { .. })) {
            return Err("a place is not told by [name=value]".to_owned());
        }
        Ok(())
    }

    /// Whether the path selects this place or one above it.
    pub(crate) fn covers(&self, place: &Place, input: &Json) -> bool {
        step::covers(&self.0, place.segments(), input, true)
    }

    /// Whether the path selects this very place, if this value stands there.
    pub(crate) fn is_at(&self, place: &Place, value: &Json, input: &Json) -> bool {
        let (steps, conditions) = self.split();
        step::covers(steps, place.segments(), input, false)
            && !step::select(conditions, value).is_empty()
    }

    /// The steps, and the conditions on the value at the end.
    fn split(&self) -> (&[Step], &[Step]) {
        let is_step = |step: &Step| !matches!(step, Step::Where { .. });
        let end = self.0.iter().rposition(is_step).map_or(0, |last| last + 1);
        self.0.split_at(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"ops":[{"op":"log","level":"info"},{"op":"invoke","n":1,
        "body":[{"op":"log","level":"debug","args":[]}]}],"env":{"A.B":"x","*":"y"}}"#;

    fn select(path: &str) -> String {
        let data = Json::parse(DATA).unwrap();
        let path = Path::parse(path).unwrap();
        let found: Vec<_> = path.select(&data).iter().map(ToString::to_string).collect();
        found.join(" ")
    }

    #[test]
    fn every_part_selects_what_the_table_says() {
        for (path, expected) in [
            ("ops[0].op", r#""log""#),
            ("ops[*].op", r#""log" "invoke""#),
            ("**.op", r#""log" "invoke" "log""#),
            ("ops.**.level", r#""info" "debug""#),
            (r#"env."A.B""#, r#""x""#),
            (r#"env."*""#, r#""y""#),
            ("env.*", r#""x" "y""#),
            ("**[op=log].args", "[]"),
            ("**[op=log].level", r#""info" "debug""#),
            (r#"**["op"="invoke"][n=1].n"#, "1"),
            ("ops[*][op=nothing]", ""),
            ("ops[*][op!=invoke].level", r#""info""#),
            ("ops[*][!n].op", r#""log""#),
            ("ops[*][op~l*g].op", r#""log""#),
            ("ops[*][n~*]", ""),
            ("ops[*][n!=2].op", r#""log" "invoke""#),
            ("ops.op", ""),
            ("missing.x", ""),
        ] {
            assert_eq!(select(path), expected, "{path}");
        }
    }

    #[test]
    fn path_covers_what_it_selects_and_everything_below() {
        let place = Place::whole()
            .member("lines")
            .item(3)
            .member("time")
            .member("z");
        let covers = |path: &str| Path::parse(path).unwrap().covers(&place, &Json::Null);
        for path in [
            "lines",
            "lines[3]",
            "lines[*].time",
            "lines[*].*.z",
            "**.time",
            "**",
            "lines.**.z",
            "**[3]",
            "*",
            "lines.**.**",
        ] {
            assert!(covers(path), "{path}");
        }
        for path in [
            "line",
            "lines[2]",
            "lines[*].message",
            "lines.*",
            "time",
            "**.message",
            "[*]",
            "lines[*].time.z.deeper",
            "lines.**.z.*",
        ] {
            assert!(!covers(path), "{path}");
        }
        assert!(
            !Path::parse("a")
                .unwrap()
                .covers(&Place::whole(), &Json::Null)
        );
    }

    #[test]
    fn condition_stands_only_at_the_end_of_a_place() {
        let names = |path: &str, at_end| Path::parse(path).unwrap().names_places(at_end).is_ok();
        assert!(names("lines[*]", false) && names("lines[*][level=INFO]", true));
        assert!(!names("lines[*][level=INFO]", false) && !names("lines[level=INFO].x", true));
    }

    #[test]
    fn path_is_at_its_own_place_with_a_value_that_fits() {
        let place = Place::whole().member("lines").item(1);
        let value = Json::parse(r#"{"level":"INFO"}"#).unwrap();
        for (path, expected) in [
            ("lines[*]", true),
            ("lines[*][level=INFO]", true),
            ("lines[*][level=WARN]", false),
            ("lines[*][level!=WARN]", true),
            ("lines", false),
            ("lines[*].level", false),
        ] {
            let path = Path::parse(path).unwrap();
            assert_eq!(path.is_at(&place, &value, &Json::Null), expected);
        }
    }

    #[test]
    fn names_may_come_from_the_input() {
        let input = r#"{"ops":[{"op":"append","keys":{"a":1}},{"op":"remove","keys":["b"]},
            {"op":"other","keys":{"c":1}},{"op":"text","keys":"d"}]}"#;
        let input = Json::parse(input).unwrap();
        let path = Path::parse("lines[*].<ops[*][op!=other].keys>").unwrap();
        for (name, expected) in [
            ("a", true),
            ("b", true),
            ("d", true),
            ("c", false),
            ("keys", false),
        ] {
            let place = Place::whole().member("lines").item(0).member(name);
            assert_eq!(path.covers(&place, &input), expected, "{name}");
        }
    }

    #[test]
    fn path_may_begin_with_a_bracket() {
        let data = Json::parse("[[7]]").unwrap();
        assert_eq!(Path::parse("[0][0]").unwrap().select(&data).len(), 1);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            "", ".", "a.", "a..b", "[", "[]", "[x]", "[a=", "[a=]", "[a~", "<a", "a.<>", "a[0",
            "a[0]b", "\"a", "\"a\"b",
        ] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
