//! The list of what we do otherwise, on purpose: `deviations.toml`.

use serde::Deserialize;

use crate::{
    allowed::Allowed,
    case::{Case, ReadError},
    compare::Difference,
    condition::{Condition, Written},
    glob,
    json::Json,
};

/// What kinds of deviation there are. A utility that needs another one adds it here.
pub const KINDS: &[(&str, &str)] = &[
    (
        "bad-json",
        "what Python takes for JSON and the standard does not",
    ),
    ("big-integer", "integers beyond 64 bits"),
    ("foreign-loggers", "loggers of other libraries, by name"),
    (
        "house-4",
        "many invocations share one process, see docs/design",
    ),
    (
        "house-8",
        "decided for this project against the other languages",
    ),
    (
        "issue",
        "asked for otherwise where the utility was specified",
    ),
    (
        "json-text",
        "text that Python reads as JSON before it logs it",
    ),
    ("printf", "arguments of Python's % formatting"),
    (
        "python-names",
        "names of Python's classes, modules and attributes",
    ),
    (
        "python-objects",
        "conversion of Python's objects, and how Python passes arguments",
    ),
    ("python-text", "Python's text of values that are no text"),
    ("quirk", "a bug or quirk of the other implementation"),
    ("shared-instances", "instances that share state by a name"),
    ("strftime", "time formats of the C library"),
];

/// The deviations of a file.
#[derive(Debug, Clone, Default)]
pub struct Deviations(Vec<Deviation>);

/// One entry.
#[derive(Debug, Clone)]
pub struct Deviation {
    number: usize,
    utility: String,
    kind: String,
    reason: String,
    ours: String,
    applies: Applies,
    allowed: Option<Allowed>,
    got: Vec<Condition>,
}

#[derive(Debug, Clone)]
enum Applies {
    Id(String),
    When(Vec<Condition>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    #[serde(default)]
    deviation: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    utility: String,
    id: Option<String>,
    when: Option<Vec<Written>>,
    only: Option<Vec<String>>,
    added: Option<Vec<String>>,
    missing: Option<Vec<String>>,
    decoded: Option<Vec<String>>,
    got: Option<Vec<Written>>,
    kind: String,
    reason: String,
    ours: String,
}

impl Deviations {
    /// Reads the file at this path.
    ///
    /// # Errors
    ///
    /// If it cannot be read or breaks a rule of its header.
    pub fn read_file(path: &std::path::Path, utilities: &[&str]) -> Result<Self, ReadError> {
        let shown_as = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ReadError::new(&shown_as, None, &error))?;
        Self::parse(&text, utilities).map_err(|error| ReadError::new(&shown_as, None, &error))
    }

    /// Reads the text of such a file. `utilities` are the ones with an arm.
    ///
    /// # Errors
    ///
    /// If a member is unknown or missing, a reason is empty, a kind or utility does not exist,
    /// or a condition is none.
    pub fn parse(text: &str, utilities: &[&str]) -> Result<Self, String> {
        let file: WrittenFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let entries = file.deviation.into_iter().enumerate();
        let entries = entries.map(|(position, entry)| {
            let number = position + 1;
            entry
                .read(number, utilities)
                .map_err(|error| format!("deviation {number}: {error}"))
        });
        Ok(Self(entries.collect::<Result<_, _>>()?))
    }

    /// The entries, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.0.iter()
    }
}

impl WrittenEntry {
    fn read(self, number: usize, utilities: &[&str]) -> Result<Deviation, String> {
        if !utilities.contains(&self.utility.as_str()) {
            return Err(format!(
                "there is no arm `{}`, only {}",
                self.utility,
                utilities.join(", ")
            ));
        }
        if !KINDS.iter().any(|(kind, _)| *kind == self.kind) {
            let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
            let kinds = kinds.join(", ");
            return Err(format!("`{}` is no kind, only {kinds}", self.kind));
        }
        for (member, text) in [("reason", &self.reason), ("ours", &self.ours)] {
            if text.trim().is_empty() {
                return Err(format!("`{member}` says nothing"));
            }
        }
        let applies = match (self.id, self.when) {
            (Some(id), None) if !id.is_empty() => Applies::Id(id),
            (None, Some(when)) if !when.is_empty() => Applies::When(read_all(when)?),
            _ => return Err("an entry has either an id or a when, which is not empty".to_owned()),
        };
        let allowed = Allowed::read(self.only, self.added, self.missing, self.decoded)?;
        Ok(Deviation {
            number,
            utility: self.utility,
            kind: self.kind,
            reason: self.reason,
            ours: self.ours,
            applies,
            allowed,
            got: read_all(self.got.unwrap_or_default())?,
        })
    }
}

fn read_all(conditions: Vec<Written>) -> Result<Vec<Condition>, String> {
    conditions.into_iter().map(Written::read).collect()
}

impl Deviation {
    /// Whether the entry speaks of this case.
    #[must_use]
    pub fn matches(&self, case: &Case) -> bool {
        self.utility == case.utility()
            && match &self.applies {
                Applies::Id(pattern) => glob::matches(pattern, case.id()),
                Applies::When(conditions) => conditions.iter().all(|c| c.holds(case)),
            }
    }

    /// Whether the entry stands for this difference; `None` is the case as a whole, where an
    /// answer cannot be given.
    #[must_use]
    pub fn covers(&self, case: &Case, got: Option<&Json>, difference: Option<&Difference>) -> bool {
        let is_ours = |condition: &Condition| got.is_some_and(|got| condition.holds_in(got));
        self.got.iter().all(is_ours)
            && self.allowed.as_ref().is_none_or(|allowed| {
                difference.is_some_and(|difference| allowed.covers(difference, case.input()))
            })
    }

    /// Its place in the file, counted from one.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The utility.
    #[must_use]
    pub fn utility(&self) -> &str {
        &self.utility
    }

    /// One of [`KINDS`].
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Why we do not follow.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What we do instead.
    #[must_use]
    pub fn ours(&self) -> &str {
        &self.ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    const REST: &str = "kind = 'quirk'\nreason = 'r'\nours = 'o'\n";

    fn parse(entry: &str) -> Result<Deviations, String> {
        Deviations::parse(&format!("[[deviation]]\n{entry}"), &["u", "v"])
    }

    fn case(id: &str, utility: &str) -> Case {
        let text = format!(
            r#"{{"id":"{id}","utility":"{utility}","note":"n","input":{{"a":1,"b":2}},"expected":0}}"#
        );
        Case::read_lines(text.as_bytes(), "x").unwrap().remove(0)
    }

    #[test]
    fn id_is_a_pattern_within_its_utility() {
        let list = parse(&format!("utility = 'u'\nid = 'a-*'\n{REST}")).unwrap();
        let entry = list.iter().next().unwrap();
        assert!(entry.matches(&case("a-1", "u")));
        assert!(!entry.matches(&case("b-1", "u")));
        assert!(!entry.matches(&case("a-1", "v")));
    }

    #[test]
    fn conditions_must_all_hold() {
        for (second, expected) in [(2, true), (3, false)] {
            let when = format!(
                "when = [{{ path = 'a', equals = 1 }}, {{ path = 'b', equals = {second} }}]"
            );
            let list = parse(&format!("utility = 'u'\n{when}\n{REST}")).unwrap();
            assert_eq!(
                list.iter().next().unwrap().matches(&case("x", "u")),
                expected
            );
        }
    }

    fn covers(entry: &str, difference: Option<&Difference>, got: &str) -> bool {
        let list = parse(&format!("utility = 'u'\nid = 'a'\n{REST}{entry}\n")).unwrap();
        let got = Json::parse(got).unwrap();
        list.0[0].covers(&case("a", "u"), Some(&got), difference)
    }

    #[test]
    fn entry_covers_the_places_that_it_names_or_all() {
        let value = || Some(Json::parse(r#"{"n":1}"#).unwrap());
        let place = Place::whole().member("lines").item(0);
        let changed = Difference::new(place.clone(), value(), value());
        let added = Difference::new(place.clone(), None, value());
        let missing = Difference::new(place, value(), None);
        assert!(covers("", Some(&changed), "0") && covers("", None, "0"));
        for (entry, expected) in [
            ("only = ['x', 'lines']", [true, true, true]),
            ("only = ['errors']", [false, false, false]),
            ("added = ['lines[*]']", [false, true, false]),
            ("missing = ['lines[*]']", [false, false, true]),
            ("missing = ['lines[*][n=1]']", [false, false, true]),
            ("missing = ['lines[*][n=2]']", [false, false, false]),
            ("added = ['lines']", [false, false, false]),
            (
                "added = ['lines[0]']\nmissing = ['lines[0]']",
                [false, true, true],
            ),
        ] {
            let found = [&changed, &added, &missing].map(|d| covers(entry, Some(d), "0"));
            assert_eq!(found, expected, "{entry}");
            assert!(!covers(entry, None, "0"));
        }
    }

    #[test]
    fn entry_covers_a_text_that_is_the_json_of_what_is_expected() {
        let covers = |expected: Option<&str>, got: &str| {
            let expected = expected.map(|text| Json::parse(text).unwrap());
            let place = Place::whole().member("message");
            let difference = Difference::new(place, expected, Some(Json::text(got)));
            covers("decoded = ['message']", Some(&difference), "0")
        };
        assert!(covers(Some(r#"{"a":[1]}"#), r#"{"a":[1.0]}"#));
        assert!(covers(Some(r#""<NaN>""#), "NaN"));
        assert!(covers(None, "null"));
        assert!(!covers(Some("1"), "2"));
        assert!(!covers(Some("1"), "one"));
        assert!(!covers(None, "1"));
    }

    #[test]
    fn entry_may_ask_what_our_answer_is() {
        let entry = "got = [{ path = 'code', equals = 'c' }]";
        let difference = Difference::new(Place::whole(), None, None);
        assert!(covers(entry, Some(&difference), r#"{"code":"c"}"#));
        assert!(!covers(entry, Some(&difference), r#"{"code":"d"}"#));
    }

    #[test]
    fn entry_that_breaks_a_rule_is_refused_with_its_number() {
        let good = format!("utility = 'u'\nid = 'a'\n{REST}");
        assert!(parse(&good).is_ok());
        for (from, to, part) in [
            ("'u'", "'w'", "there is no arm `w`, only u, v"),
            ("'quirk'", "'whim'", "`whim` is no kind, only bad-json"),
            ("'r'", "' '", "`reason` says nothing"),
            ("'o'", "''", "`ours` says nothing"),
            ("id = 'a'", "id = ''", "either an id or a when"),
            ("id = 'a'", "when = []", "either an id or a when"),
            ("id = 'a'", "", "either an id or a when"),
            (
                "id = 'a'",
                "id = 'a'\nwhen = [{ note_contains = 'x' }]",
                "either an id or a when",
            ),
            ("id = 'a'", "when = [{ path = 'a' }]", "a path has one test"),
            ("id = 'a'", "id = 'a'\nonly = []", "`only` names no place"),
            ("id = 'a'", "id = 'a'\nonly = ['a[']", "a name is empty"),
            (
                "id = 'a'",
                "id = 'a'\nonly = ['[a=1]']",
                "not told by [name=value]",
            ),
        ] {
            let error = parse(&good.replacen(from, to, 1)).expect_err(to);
            assert!(error.starts_with("deviation 1: "), "{error}");
            assert!(error.contains(part), "{error}");
        }
        for (from, to, part) in [
            ("reason = 'r'", "", "missing field `reason`"),
            ("id = 'a'", "id = 'a'\nwhy = 'x'", "unknown field `why`"),
            (
                "id = 'a'",
                "when = [{ path = 'a', like = 'x' }]",
                "unknown field `like`",
            ),
        ] {
            let error = parse(&good.replacen(from, to, 1)).expect_err(to);
            assert!(error.contains(part), "{error}");
        }
        assert!(Deviations::parse("[[deviations]]\n", &["u"]).is_err());
    }
}
