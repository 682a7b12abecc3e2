//! What a deviation may ask of a case.

use serde::Deserialize;

use crate::{
    case::Case,
    criterion::{Test, Type, json},
    json::Json,
    path::Path,
};

/// One condition of `when`; the header of `deviations.toml` lists the forms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    /// The note contains this text.
    Note(String),
    /// A value that one of the paths selects passes the test.
    Some {
        place: Place,
        paths: Vec<Path>,
        test: Test,
    },
    /// The paths select nothing.
    Nothing { place: Place, paths: Vec<Path> },
    /// What the paths select stands so to something else.
    Related {
        place: Place,
        paths: Vec<Path>,
        relation: Relation,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relation {
    /// One of the values stands before one that this path selects.
    Before(Path),
    /// One of the names of members and of texts in lists is among those of this path.
    SharesNames(Path),
    /// Two of the objects have the same member of this name, or both have none; and not of the
    /// other name.
    TwoShare(String, Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Input,
    Expected,
}

/// A condition as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    path: Option<OneOrMore<String>>,
    expected_path: Option<OneOrMore<String>>,
    note_contains: Option<String>,
    exists: Option<bool>,
    equals: Option<toml::Value>,
    one_of: Option<Vec<toml::Value>>,
    contains: Option<String>,
    matches: Option<String>,
    r#type: Option<OneOrMore<Type>>,
    has_name: Option<Vec<String>>,
    below: Option<f64>,
    before: Option<String>,
    shares_names_with: Option<String>,
    two_share: Option<String>,
    but_not: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> From<OneOrMore<T>> for Vec<T> {
    fn from(written: OneOrMore<T>) -> Self {
        match written {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(list) => list,
        }
    }
}

fn read_paths(written: OneOrMore<String>) -> Result<Vec<Path>, String> {
    let paths = Vec::from(written);
    match paths.is_empty() {
        true => Err("no path is named".to_owned()),
        false => paths.iter().map(|path| Path::parse(path)).collect(),
    }
}

impl Written {
    /// The condition.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(crate) fn read(mut self) -> Result<Condition, String> {
        let one_test = "a path has one test: exists, equals, one_of, contains, matches, type, \
                        has_name, below, before, shares_names_with or two_share";
        let mut exists = self.exists;
        let tests: Vec<Test> = [
            exists.take_if(|exists| *exists).map(|_| Test::Exists),
            self.equals.map(|value| Test::OneOf(vec![json(&value)])),
            self.one_of
                .map(|values| Test::OneOf(values.iter().map(json).collect())),
            self.contains.map(Test::Contains),
            self.matches.map(Test::Matches),
            self.r#type.map(|types| Test::Type(types.into())),
            self.has_name.map(Test::Names),
            self.below.map(Test::Below),
        ]
        .into_iter()
        .flatten()
        .collect();
        let path = |path: Option<String>| path.map(|path| Path::parse(&path)).transpose();
        let relations: Vec<Relation> = [
            path(self.before)?.map(Relation::Before),
            path(self.shares_names_with)?.map(Relation::SharesNames),
            self.two_share
                .map(|name| Relation::TwoShare(name, self.but_not.take())),
        ]
        .into_iter()
        .flatten()
        .collect();
        if self.but_not.is_some() {
            return Err("but_not goes with two_share".to_owned());
        }
        let count = tests.len() + relations.len() + usize::from(exists.is_some());
        let (place, paths) = match (self.path, self.expected_path, self.note_contains) {
            (Some(paths), None, None) => (Place::Input, read_paths(paths)?),
            (None, Some(paths), None) => (Place::Expected, read_paths(paths)?),
            (None, None, Some(note)) if count == 0 => return Ok(Condition::Note(note)),
            (None, None, Some(_)) => {
                return Err("note_contains stands alone in its condition".to_owned());
            }
            _ => return Err("a condition has one of path, expected_path, note_contains".to_owned()),
        };
        if count != 1 {
            return Err(one_test.to_owned());
        }
        let (test, relation) = (tests.into_iter().next(), relations.into_iter().next());
        Ok(match (test, relation) {
            (Some(test), _) => Condition::Some { place, paths, test },
            (None, Some(relation)) => Condition::Related {
                place,
                paths,
                relation,
            },
            (None, None) => Condition::Nothing { place, paths },
        })
    }
}

impl Condition {
    /// Whether it holds for the case.
    pub(crate) fn holds(&self, case: &Case) -> bool {
        match self {
            Self::Note(part) => case.note().contains(part.as_str()),
            Self::Some { place, .. }
            | Self::Nothing { place, .. }
            | Self::Related { place, .. } => self.holds_in(place.of(case)),
        }
    }

    /// Whether it holds for this value, whatever it is the value of. A note is none.
    pub(crate) fn holds_in(&self, root: &Json) -> bool {
        let all = |paths: &[Path]| -> Vec<&Json> {
            paths.iter().flat_map(|path| path.select(root)).collect()
        };
        match self {
            Self::Note(_) => false,
            Self::Some { paths, test, .. } => all(paths).into_iter().any(|v| test.passes(v)),
            Self::Nothing { paths, .. } => all(paths).is_empty(),
            Self::Related {
                paths, relation, ..
            } => relation.holds(root, paths, &all(paths)),
        }
    }
}

impl Relation {
    fn holds(&self, root: &Json, paths: &[Path], selected: &[&Json]) -> bool {
        match self {
            Self::Before(path) => {
                let everything = Path::everything(root);
                let at = |value: &Json| everything.iter().position(|own| std::ptr::eq(*own, value));
                let first = selected.iter().filter_map(|value| at(value)).min();
                let last = path.select(root).into_iter().filter_map(at).max();
                first.zip(last).is_some_and(|(first, last)| first < last)
            }
            Self::SharesNames(path) => {
                let names = path.names(root);
                let own = paths.iter().flat_map(|path| path.names(root));
                own.into_iter().any(|name| names.contains(&name))
            }
            Self::TwoShare(name, other) => selected.iter().enumerate().any(|(position, one)| {
                let rest = &selected[position + 1..];
                // Two paths may select the same one.
                let is_twin = |twin: &&Json| {
                    let differ = |other: &String| one.get(other) != twin.get(other);
                    !std::ptr::eq(*one, *twin)
                        && one.get(name) == twin.get(name)
                        && other.as_ref().is_none_or(differ)
                };
                rest.iter().any(is_twin)
            }),
        }
    }
}

impl Place {
    fn of(self, case: &Case) -> &Json {
        match self {
            Self::Input => case.input(),
            Self::Expected => case.expected(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = concat!(
        r#"{"id":"a","utility":"u","note":"oracle quirk: a note","#,
        r#""input":{"op":"log","n":1,"big":18446744073709551616,"f":1.5,"t":true,"z":null,"#,
        r#""blank":" ","wide":"\u00e9","list":["x",{"op":"deep"}],"json":"{\"a\":1}","nan":" NaN ","text":"plain","loose":"{\"a\":-Infinity}","#,
        r#""bigs":"[1,{\"a\":18446744073709551616}]","#,
        r#""keys":{"a":1},"names":["b","a"],"#,
        r#""twins":[{"id":1,"service":"s"},{"id":2,"service":"s"}]},"#,
        r#""expected":{"lines":[{"level":"INFO"}]}}"#,
    );

    fn condition(text: &str) -> Result<Condition, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        written.read()
    }

    fn holds(text: &str) -> bool {
        let case = Case::read_lines(CASE.as_bytes(), "x").unwrap().remove(0);
        condition(text).unwrap().holds(&case)
    }

    #[test]
    fn each_test_holds_and_fails() {
        for (text, expected) in [
            ("path = 'op'\nequals = 'log'", true),
            ("path = 'op'\nequals = 'lo'", false),
            ("path = 'n'\nequals = 1.0", true),
            ("path = 'n'\nequals = '1'", false),
            ("path = 't'\nequals = true", true),
            ("path = 'list[1]'\nequals = { op = 'deep' }", true),
            ("path = 'list'\nequals = ['x']", false),
            ("path = '**.op'\none_of = ['nothing', 'deep']", true),
            ("path = '**.op'\none_of = []", false),
            ("path = 'z'\nexists = true", true),
            ("path = 'y'\nexists = true", false),
            ("path = 'y'\nexists = false", true),
            ("path = 'z'\nexists = false", false),
            ("path = 'text'\ncontains = 'lai'", true),
            ("path = 'text'\ncontains = 'xyz'", false),
            ("path = 'n'\ncontains = '1'", false),
            ("path = 'text'\nmatches = 'p*n'", true),
            ("path = 'text'\nmatches = 'lai'", false),
            ("expected_path = 'lines[*].level'\nequals = 'INFO'", true),
            ("path = 'lines[*].level'\nequals = 'INFO'", false),
            ("path = ['y', 'op']\nequals = 'log'", true),
            ("path = ['y', 'n']\nequals = 'log'", false),
            ("path = ['y', 'n']\nexists = false", false),
            ("path = 'n'\ntype = ['text', 'number']", true),
            ("path = 'op'\ntype = ['null', 'number']", false),
            ("path = 'list[1]'\nhas_name = ['x', 'op']", true),
            ("path = 'list[1]'\nhas_name = ['x']", false),
            ("path = 'n'\nbelow = 1.5", true),
            ("path = 'n'\nbelow = 1.0", false),
            ("path = 'op'\nbelow = 1.0", false),
            ("path = 'n'\nbefore = 'list[*]'", true),
            ("path = 'list[*]'\nbefore = 'n'", false),
            ("path = 'list[*]'\nbefore = 'list[*].op'", true),
            ("path = 'n'\nbefore = 'y'", false),
            ("path = 'keys'\nshares_names_with = 'names'", true),
            ("path = 'keys'\nshares_names_with = 'list'", false),
            ("path = 'twins[*]'\ntwo_share = 'service'", true),
            ("path = 'twins[*]'\ntwo_share = 'id'", false),
            ("path = 'twins[*]'\ntwo_share = 'nothing'", true),
            ("path = 'list[1]'\ntwo_share = 'nothing'", false),
            ("path = ['list[1]', 'list[*]']\ntwo_share = 'op'", false),
            (
                "path = 'twins[*]'\ntwo_share = 'service'\nbut_not = 'id'",
                true,
            ),
            (
                "path = 'twins[*]'\ntwo_share = 'service'\nbut_not = 'x'",
                false,
            ),
            ("path = 'op'\nshares_names_with = '**.op'", true),
            ("note_contains = 'quirk'", true),
            ("note_contains = 'quark'", false),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn each_type_is_told_from_the_others() {
        for (path, types) in [
            ("z", "null"),
            ("t", "bool"),
            ("n", "number integer"),
            ("big", "number integer big-integer"),
            ("f", "number"),
            ("text", "text"),
            ("blank", "text blank"),
            ("wide", "text not-ascii"),
            ("json", "text json-text"),
            ("nan", "text json-text loose-json"),
            ("loose", "text json-text loose-json"),
            ("bigs", "text json-text big-json"),
            ("list", "array"),
            ("list[1]", "object"),
        ] {
            for r#type in [
                "null",
                "bool",
                "number",
                "integer",
                "big-integer",
                "text",
                "blank",
                "not-ascii",
                "json-text",
                "loose-json",
                "big-json",
                "array",
                "object",
            ] {
                let text = format!("path = '{path}'\ntype = '{type}'");
                let expected = types.split(' ').any(|own| own == r#type);
                assert_eq!(holds(&text), expected, "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in [
            "",
            "path = 'a'",
            "path = 'a'\nexpected_path = 'b'\nexists = true",
            "path = 'a'\nexists = true\nequals = 1",
            "path = 'a'\nexists = false\nequals = 1",
            "path = 'a'\ncontains = 'x'\nmatches = 'x'",
            "path = 'a['\nexists = true",
            "path = ''\nexists = true",
            "path = 'a'\ntype = 'word'",
            "path = 'a'\nregex = 'x'",
            "path = []\nexists = true",
            "path = 'a'\nexists = true\nbefore = 'b'",
            "path = 'a'\nbefore = 'b'\ntwo_share = 'c'",
            "path = 'a'\nbefore = 'b['",
            "exists = true",
            "path = 'a'\nexists = true\nbut_not = 'b'",
            "note_contains = 'x'\nexists = true",
            "note_contains = 'x'\nequals = 1",
            "path = 'a'\nnote_contains = 'x'",
        ] {
            assert!(condition(text).is_err(), "{text}");
        }
    }
}
