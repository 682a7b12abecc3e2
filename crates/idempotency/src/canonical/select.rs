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
    let found = select_in(Parser::new(json, Dialect::Python)?, fields)?;
    Ok(found.map(str::as_bytes))
}

/// The same of text that is known to be UTF-8.
pub(super) fn select_text(
    json: &str,
    fields: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<Option<&str>, CanonicalError> {
    select_in(Parser::of_text(json, Dialect::Python), fields)
}

fn select_in<'j>(
    mut parser: Parser<'j>,
    fields: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<Option<&'j str>, CanonicalError> {
    let mut fields = fields.into_iter();
    let Some(field) = fields.next() else {
        return Ok(Some(parser.whole()?));
    };
    let mut found = member(&mut parser, field.as_ref())?;
    parser.end()?;
    for field in fields {
        let Some(value) = found else {
            return Ok(None);
        };
        found = member(&mut Parser::of_text(value, Dialect::Python), field.as_ref())?;
    }
    Ok(found)
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
