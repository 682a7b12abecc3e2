//! JSON text made canonical, with nothing lost on the way.

use super::parser::{Parser, Sink};
use super::writer::{Object, Writer};
use super::{CanonicalError, Dialect, number, text};

/// Appends the canonical bytes of JSON text; nothing in case of an error.
///
/// Python: integers keep all their digits, lone surrogates stay, `NaN` and the infinities are
/// values. TypeScript: what `JSON.parse` takes, each number a double.
pub(crate) fn write_json(
    json: &[u8],
    dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    let start = out.len();
    let written = Parser::new(json, dialect)
        .and_then(|mut parser| parser.document(&mut Writer::new(out, dialect)));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

impl Writer<'_> {
    /// A whole document as one value.
    pub(super) fn json(&mut self, json: &str) -> Result<(), CanonicalError> {
        Parser::of_text(json, self.dialect).document(self)
    }
}

impl Sink for Writer<'_> {
    type Object = Object;

    fn begin_array(&mut self) -> Result<(), CanonicalError> {
        Writer::begin_array(self)
    }

    fn element(&mut self, first: bool) {
        Writer::element(self, first);
    }

    fn end_array(&mut self) {
        Writer::end_array(self);
    }

    fn begin_object(&mut self) -> Result<Object, CanonicalError> {
        Writer::begin_object(self)
    }

    fn key(&mut self, object: &mut Object, raw: &str) {
        let start = self.begin_key(object);
        let unescaped = text::push_json(self.out, raw, self.dialect);
        self.end_key(object, start, unescaped);
    }

    fn end_object(&mut self, object: Object) {
        Writer::end_object(self, &object);
    }

    fn string(&mut self, raw: &str) {
        self.out.push(b'"');
        text::push_json(self.out, raw, self.dialect);
        self.out.push(b'"');
    }

    fn number(&mut self, raw: &str, integer: bool) {
        number::push_json(self.out, raw, integer, self.dialect);
    }

    fn word(&mut self, word: &str) {
        self.out.extend_from_slice(word.as_bytes());
    }
}
