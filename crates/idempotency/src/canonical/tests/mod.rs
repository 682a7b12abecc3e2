//! What the canonical bytes are, rule by rule, and what holds of all of them.

mod json;
mod missing;
mod numbers;
mod pick;
mod properties;
mod select;
mod serialize;
mod shape;
mod text;

use super::{CanonicalError, Dialect, write, write_json};

pub(super) fn of<T: serde::Serialize + ?Sized>(value: &T, dialect: Dialect) -> String {
    let mut out = Vec::new();
    write(value, dialect, &mut out).expect("canonical");
    String::from_utf8(out).expect("UTF-8")
}

pub(super) fn try_json(json: &[u8], dialect: Dialect) -> Result<String, CanonicalError> {
    let mut out = b"before".to_vec();
    let result = write_json(json, dialect, &mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    let text = text.strip_prefix("before").expect("appended").to_owned();
    if result.is_err() {
        assert_eq!(text, "", "nothing is left behind an error");
    }
    result.map(|()| text)
}

pub(super) fn python(json: &str) -> String {
    try_json(json.as_bytes(), Dialect::Python).expect("canonical")
}

pub(super) fn typescript(json: &str) -> String {
    try_json(json.as_bytes(), Dialect::TypeScript).expect("canonical")
}
