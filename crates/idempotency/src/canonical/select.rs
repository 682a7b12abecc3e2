use super::parser::Parser;
use super::{CanonicalError, Dialect, text};

/// The text of the value at a path of members, exactly as it stands in `json`. Of a key that
/// comes twice the last value counts, as for every reader of JSON that the dialects follow.
///
/// The whole of `json` is checked, by Python's rules.
pub(crate) fn select(
    json: &[u8],
    fields: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<Option<&[u8]>, CanonicalError> {
    let mut parser = Parser::new(json, Dialect::Python)?;
    let mut fields = fields.into_iter();
    let Some(field) = fields.next() else {
        return Ok(Some(parser.whole()?.as_bytes()));
    };
    let mut found = member(&mut parser, field.as_ref())?;
    parser.end()?;
    for field in fields {
        let Some(value) = found else {
            return Ok(None);
        };
        found = member(&mut Parser::of_text(value, Dialect::Python), field.as_ref())?;
    }
    Ok(found.map(str::as_bytes))
}

fn member<'j>(parser: &mut Parser<'j>, field: &str) -> Result<Option<&'j str>, CanonicalError> {
    let mut found = None;
    parser.children(|key, value| {
        if key.is_some_and(|key| is(key, field)) {
            found = Some(value);
        }
    })?;
    Ok(found)
}

fn is(raw: &str, field: &str) -> bool {
    if !raw.contains('\\') {
        return raw == field;
    }
    text::units(raw).into_iter().eq(field.encode_utf16())
}
