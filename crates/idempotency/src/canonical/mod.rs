//! Stand-in until the canonical writers are here.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Python,
    TypeScript,
}

#[derive(Debug)]
pub(crate) struct CanonicalError;

impl std::fmt::Display for CanonicalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not JSON")
    }
}
impl std::error::Error for CanonicalError {}

pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    _dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    serde_json::to_writer(out, value).map_err(|_| CanonicalError)
}

pub(crate) fn write_json(
    json: &[u8],
    dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    let value: serde_json::Value = serde_json::from_slice(json).map_err(|_| CanonicalError)?;
    write(&value, dialect, out)
}

pub(crate) fn select<'a, 'f>(
    json: &'a [u8],
    fields: impl Iterator<Item = &'f str>,
) -> Result<Option<&'a [u8]>, CanonicalError> {
    let _ = fields;
    Ok(Some(json))
}

pub(crate) mod missing {
    use super::Dialect;
    use serde_json::Value;

    pub(crate) fn in_value(value: &Value, _rule: Dialect) -> bool {
        value.is_null()
    }

    pub(crate) fn in_canonical(json: &[u8], _rule: Dialect) -> bool {
        json == b"null"
    }
}
