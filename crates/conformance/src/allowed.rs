//! Where the answer of a deviation may differ.

use crate::{
    compare::Difference,
    json::{Json, where_same, without_nan},
    mapping,
    path::Path,
};

/// The places, by how the answer may differ there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    only: Vec<Path>,
    added: Vec<Path>,
    missing: Vec<Path>,
    decoded: Vec<Path>,
}

fn read_places(
    member: &str,
    paths: Option<Vec<String>>,
    conditions: bool,
) -> Result<Vec<Path>, String> {
    let Some(paths) = paths else {
        return Ok(Vec::new());
    };
    if paths.is_empty() {
        return Err(format!("`{member}` names no place"));
    }
    let read = |path: &String| {
        let path = Path::parse(path)?;
        path.names_places(conditions).map(|()| path)
    };
    paths.iter().map(read).collect()
}

impl Allowed {
    /// The places that an entry names; nothing if it names none, so that any may differ.
    pub(crate) fn read(
        only: Option<Vec<String>>,
        added: Option<Vec<String>>,
        missing: Option<Vec<String>>,
        decoded: Option<Vec<String>>,
    ) -> Result<Option<Self>, String> {
        let is_narrowed = [&only, &added, &missing, &decoded]
            .iter()
            .any(|p| p.is_some());
        let allowed = Self {
            only: read_places("only", only, false)?,
            added: read_places("added", added, true)?,
            missing: read_places("missing", missing, true)?,
            decoded: read_places("decoded", decoded, false)?,
        };
        Ok(is_narrowed.then_some(allowed))
    }

    /// Whether the difference is one of these.
    pub(crate) fn covers(&self, difference: &Difference, input: &Json) -> bool {
        let place = difference.place();
        let is_at = |paths: &[Path], value: &Json| {
            let mut paths = paths.iter();
            paths.any(|path| path.is_at(place, value, input))
        };
        self.only.iter().any(|path| path.covers(place, input))
            || (is_decoded(difference) && is_at(&self.decoded, &Json::Null))
            || match (difference.expected(), difference.got()) {
                (None, Some(got)) => is_at(&self.added, got),
                (Some(expected), None) => is_at(&self.missing, expected),
                _ => false,
            }
    }
}

/// Whether our text, read as Python reads JSON, is what is expected; what is null is not there.
fn is_decoded(difference: &Difference) -> bool {
    let text = difference.got().and_then(Json::as_text);
    let decoded = text.and_then(|text| Json::parse(&without_nan(text)).ok());
    let theirs = difference.expected().unwrap_or(&Json::Null);
    decoded.is_some_and(|decoded| where_same(theirs, &decoded, mapping::not_a_number) == *theirs)
}
