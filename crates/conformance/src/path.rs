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
/// | `[op=log]` | the object itself, if its member `op` is `log` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    EveryMember,
    EveryDepth,
    Item(usize),
    EveryItem,
    Where(String, String),
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

    /// Whether the path selects this place or one above it, in whatever value it is a place of.
    ///
    /// # Errors
    ///
    /// If that depends on the value, as it does with `[name=value]`.
    pub(crate) fn covers(&self, place: &Place) -> Result<bool, String> {
        if self.0.iter().any(|step| matches!(step, Step::Where(..))) {
            return Err("a place is not told by [name=value]".to_owned());
        }
        Ok(covers(&self.0, place.segments()))
    }
}

fn covers(steps: &[Step], place: &[Segment]) -> bool {
    let Some((step, steps)) = steps.split_first() else {
        return true;
    };
    if *step == Step::EveryDepth {
        return (0..=place.len()).any(|skipped| covers(steps, &place[skipped..]));
    }
    let Some((segment, place)) = place.split_first() else {
        return false;
    };
    let fits = match (step, segment) {
        (Step::Member(name), Segment::Member(own)) => name == own,
        (Step::Item(item), Segment::Item(own)) => item == own,
        (Step::EveryMember, Segment::Member(_)) | (Step::EveryItem, Segment::Item(_)) => true,
        _ => false,
    };
    fits && covers(steps, place)
}

fn bracket(rest: &mut Peekable<Chars<'_>>) -> Result<Step, String> {
    let key = name(rest, &[']', '='])?;
    match rest.next() {
        Some(']') if key == "*" => Ok(Step::EveryItem),
        Some(']') => key
            .parse()
            .map(Step::Item)
            .map_err(|_| format!("`[{key}]` is no place: write [0], [*] or [name=value]")),
        Some('=') => {
            let value = name(rest, &[']'])?;
            match rest.next() {
                Some(_) => Ok(Step::Where(key, value)),
                None => Err("a bracket is not closed".to_owned()),
            }
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
            Self::Where(name, wanted) => {
                if value.get(name).is_some_and(|own| is(own, wanted)) {
                    selected.push(value);
                }
            }
        }
    }
}

fn is(value: &Json, wanted: &str) -> bool {
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
            ("ops[7]", ""),
            ("ops.op", ""),
            ("env[0]", ""),
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
        let covers = |path: &str| Path::parse(path).unwrap().covers(&place);
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
            assert_eq!(covers(path), Ok(true), "{path}");
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
            assert_eq!(covers(path), Ok(false), "{path}");
        }
        assert!(covers("lines[time=1]").is_err());
        assert_eq!(Path::parse("a").unwrap().covers(&Place::whole()), Ok(false));
    }

    #[test]
    fn path_may_begin_with_a_bracket() {
        let data = Json::parse("[[7]]").unwrap();
        assert_eq!(Path::parse("[0][0]").unwrap().select(&data).len(), 1);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            "", ".", "a.", "a..b", "[", "[]", "[x]", "[a=", "[a=]", "a[0", "a[0]b", "\"a", "\"a\"b",
        ] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
