//! Paths into a JSON value.

use std::{iter::Peekable, str::Chars};

use crate::{
    json::Json,
    place::{Place, Segment},
};

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
/// | `[!op]` | the object itself, if it has no member `op` |
/// | `<a.keys>` | where places are named: members by the names that this path has in the input |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    EveryMember,
    EveryDepth,
    Item(usize),
    EveryItem,
    Where {
        name: String,
        /// Any value, if there is none.
        value: Option<String>,
        is: bool,
    },
    NamedIn(Path),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// If the text is no path, with what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text.chars().peekable();
        let mut wants_name = true;
        while let Some(&next) = rest.peek() {
            match next {
                '[' => {
                    rest.next();
                    steps.push(bracket(&mut rest)?);
                    wants_name = false;
                }
                '.' if !wants_name => {
                    rest.next();
                    wants_name = true;
                }
                '<' if wants_name => {
                    rest.next();
                    let inner = name(&mut rest, &['>'])?;
                    rest.next().ok_or("a `<` is not closed")?;
                    steps.push(Step::NamedIn(Self::parse(&inner)?));
                    wants_name = false;
                }
                _ if wants_name => {
                    let quoted = next == '"';
                    let name = name(&mut rest, &['.', '['])?;
                    steps.push(match name.as_str() {
                        "*" if !quoted => Step::EveryMember,
                        "**" if !quoted => Step::EveryDepth,
                        _ => Step::Member(name),
                    });
                    wants_name = false;
                }
                _ => return Err(format!("`{text}`: there is no `.` or `[` before `{next}`")),
            }
        }
        if wants_name {
            return Err(format!("`{text}` ends where a name should stand"));
        }
        Ok(Self(steps))
    }

    /// Every value that the path selects.
    #[must_use]
    pub fn select<'a>(&self, root: &'a Json) -> Vec<&'a Json> {
        let mut selected = vec![root];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in selected {
                step.select(value, &mut next);
            }
            selected = next;
        }
        selected
    }

    /// The value and everything below it, in the order in which it is written.
    pub(crate) fn everything(root: &Json) -> Vec<&Json> {
        let mut all = Vec::new();
        everything(root, &mut all);
        all
    }

    /// The names of the members of the objects that the path selects, and the texts of its
    /// arrays.
    pub(crate) fn names<'a>(&self, root: &'a Json) -> Vec<&'a str> {
        let selected = self.select(root).into_iter();
        selected
            .flat_map(|value| {
                let items = value.as_array().into_iter().flatten();
                let members = value.as_object().into_iter().flat_map(|o| o.names());
                items.filter_map(Json::as_text).chain(members)
            })
            .collect()
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
        covers(&self.0, place.segments(), input, true)
    }

    /// Whether the path selects this very place, if this value stands there.
    pub(crate) fn is_at(&self, place: &Place, value: &Json, input: &Json) -> bool {
        let (steps, conditions) = self.split();
        let mut kept = Vec::new();
        covers(steps, place.segments(), input, false)
            && conditions.iter().all(|condition| {
                kept.clear();
                condition.select(value, &mut kept);
                !kept.is_empty()
            })
    }

    /// The steps, and the conditions on the value at the end.
    fn split(&self) -> (&[Step], &[Step]) {
        let is_step = |step: &Step| !matches!(step, Step::Where { .. });
        let end = self.0.iter().rposition(is_step).map_or(0, |last| last + 1);
        self.0.split_at(end)
    }
}

fn covers(steps: &[Step], place: &[Segment], input: &Json, below: bool) -> bool {
    let Some((step, steps)) = steps.split_first() else {
        return below || place.is_empty();
    };
    if *step == Step::EveryDepth {
        return (0..=place.len()).any(|skipped| covers(steps, &place[skipped..], input, below));
    }
    let Some((segment, place)) = place.split_first() else {
        return false;
    };
    let fits = match (step, segment) {
        (Step::Member(name), Segment::Member(own)) => name == own,
        (Step::Item(item), Segment::Item(own)) => item == own,
        (Step::EveryMember, Segment::Member(_)) | (Step::EveryItem, Segment::Item(_)) => true,
        (Step::NamedIn(path), Segment::Member(own)) => path.names(input).contains(&own.as_str()),
        _ => false,
    };
    fits && covers(steps, place, input, below)
}

fn bracket(rest: &mut Peekable<Chars<'_>>) -> Result<Step, String> {
    let key = name(rest, &[']', '='])?;
    match rest.next() {
        Some(']') if key == "*" => Ok(Step::EveryItem),
        Some(']') if key.len() > 1 && key.starts_with('!') => Ok(Step::Where {
            name: key[1..].to_owned(),
            value: None,
            is: false,
        }),
        Some(']') => key
            .parse()
            .map(Step::Item)
            .map_err(|_| format!("`[{key}]` is no place: write [0], [*] or [name=value]")),
        Some('=') => {
            let value = Some(name(rest, &[']'])?);
            rest.next().ok_or("a bracket is not closed")?;
            let (name, is) = match key.strip_suffix('!') {
                Some(name) => (name.to_owned(), false),
                None => (key, true),
            };
            Ok(Step::Where { name, value, is })
        }
        _ => Err("a bracket is not closed".to_owned()),
    }
}

/// A name up to one of the marks, or in quotes.
fn name(rest: &mut Peekable<Chars<'_>>, marks: &[char]) -> Result<String, String> {
    let mut name = String::new();
    if rest.next_if_eq(&'"').is_some() {
        loop {
            match rest.next() {
                Some('"') => return Ok(name),
                Some(c) => name.push(c),
                None => return Err("a quote is not closed".to_owned()),
            }
        }
    }
    while let Some(c) = rest.next_if(|c| !marks.contains(c)) {
        name.push(c);
    }
    if name.is_empty() {
        return Err("a name is empty; the empty name is written \"\"".to_owned());
    }
    Ok(name)
}

impl Step {
    fn select<'a>(&self, value: &'a Json, selected: &mut Vec<&'a Json>) {
        match self {
            Self::Member(name) => selected.extend(value.get(name)),
            Self::EveryMember => {
                let members = value.as_object().into_iter().flat_map(|o| o.iter());
                selected.extend(members.map(|(_, value)| value));
            }
            Self::EveryDepth => everything(value, selected),
            Self::Item(place) => selected.extend(value.as_array().and_then(|a| a.get(*place))),
            Self::EveryItem => selected.extend(value.as_array().into_iter().flatten()),
            Self::Where {
                name,
                value: wanted,
                is,
            } => {
                let fits = |own| wanted.as_ref().is_none_or(|wanted| equals(own, wanted));
                let has = value.get(name).is_some_and(fits);
                if value.as_object().is_some() && has == *is {
                    selected.push(value);
                }
            }
            Self::NamedIn(_) => {}
        }
    }
}

fn equals(value: &Json, wanted: &str) -> bool {
    match value {
        Json::Text(text) => text == wanted,
        other => other.to_string() == wanted,
    }
}

fn everything<'a>(value: &'a Json, selected: &mut Vec<&'a Json>) {
    selected.push(value);
    for item in value.as_array().into_iter().flatten() {
        everything(item, selected);
    }
    for (_, member) in value.as_object().into_iter().flat_map(|o| o.iter()) {
        everything(member, selected);
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
            {"op":"other","keys":{"c":1}}]}"#;
        let input = Json::parse(input).unwrap();
        let path = Path::parse("lines[*].<ops[*][op!=other].keys>").unwrap();
        for (name, expected) in [("a", true), ("b", true), ("c", false), ("keys", false)] {
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
            "", ".", "a.", "a..b", "[", "[]", "[x]", "[a=", "[a=]", "<a", "a.<>", "a[0", "a[0]b",
            "\"a", "\"a\"b",
        ] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
