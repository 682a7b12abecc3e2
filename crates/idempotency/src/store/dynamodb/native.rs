//! Answers that TypeScript has stored as native values, as JSON text.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Number;

/// DynamoDB nests no deeper than 32 levels.
const MAX_DEPTH: usize = 64;

/// The JSON text of a value; `None` for one that has none.
pub(super) fn to_json(value: &AttributeValue) -> Option<String> {
    let mut json = String::new();
    write(&mut json, value, MAX_DEPTH)?;
    Some(json)
}

fn write(json: &mut String, value: &AttributeValue, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match value {
        AttributeValue::Null(_) => json.push_str("null"),
        AttributeValue::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        AttributeValue::N(number) => write_number(json, number)?,
        AttributeValue::S(text) => write_text(json, text)?,
        AttributeValue::B(bytes) => write_text(json, &STANDARD.encode(bytes))?,
        AttributeValue::L(list) => {
            write_all(json, ['[', ']'], list, |json, value| {
                write(json, value, depth)
            })?;
        }
        AttributeValue::Ns(set) => {
            write_all(json, ['[', ']'], set, |json, number| {
                write_number(json, number)
            })?;
        }
        AttributeValue::Ss(set) => {
            write_all(json, ['[', ']'], set, |json, text| write_text(json, text))?;
        }
        AttributeValue::Bs(set) => write_all(json, ['[', ']'], set, |json, bytes| {
            write_text(json, &STANDARD.encode(bytes))
        })?,
        AttributeValue::M(map) => {
            let mut members: Vec<_> = map.iter().collect();
            // So that the same row always gives the same text.
            members.sort_unstable_by_key(|(name, _)| *name);
            write_all(json, ['{', '}'], members, |json, (name, value)| {
                write_text(json, name)?;
                json.push(':');
                write(json, value, depth)
            })?;
        }
        _ => return None,
    }
    Some(())
}

fn write_all<T>(
    json: &mut String,
    [open, close]: [char; 2],
    parts: impl IntoIterator<Item = T>,
    mut write_part: impl FnMut(&mut String, T) -> Option<()>,
) -> Option<()> {
    json.push(open);
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        write_part(json, part)?;
    }
    json.push(close);
    Some(())
}

/// As it is, so that no digit is lost.
fn write_number(json: &mut String, number: &str) -> Option<()> {
    serde_json::from_str::<Number>(number).ok()?;
    json.push_str(number);
    Some(())
}

fn write_text(json: &mut String, text: &str) -> Option<()> {
    json.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use serde_json::{Value, json};

    use super::*;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn number(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    #[test]
    fn every_type_has_a_json_text() {
        let value = AttributeValue::M(
            [
                ("null", AttributeValue::Null(true)),
                ("yes", AttributeValue::Bool(true)),
                ("n\"ame", text("é\n\"😀")),
                ("float", number("1.50")),
                ("blob", AttributeValue::B(Blob::new([1, 2, 255]))),
                ("list", AttributeValue::L(vec![number("-1"), text("")])),
                ("empty", AttributeValue::M([].into())),
                ("names", AttributeValue::Ss(vec!["a".to_owned()])),
                (
                    "numbers",
                    AttributeValue::Ns(vec!["1".to_owned(), "2".to_owned()]),
                ),
                ("blobs", AttributeValue::Bs(vec![Blob::new([0])])),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        );
        let json = to_json(&value).unwrap();
        let expected = json!({
            "null": null, "yes": true, "n\"ame": "é\n\"😀", "float": 1.5, "blob": "AQL/",
            "list": [-1, ""], "empty": {}, "names": ["a"], "numbers": [1, 2], "blobs": ["AA=="],
        });
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected);
        assert!(json.contains("1.50"), "{json}");
        let names = ["blob", "blobs", "empty", "float"].map(|name| json.find(name).unwrap());
        assert!(names.is_sorted(), "{json}");
    }

    #[test]
    fn all_digits_of_a_number_stay() {
        let digits = "12345678901234567890123456789012345678";
        assert_eq!(to_json(&number(digits)).as_deref(), Some(digits));
    }

    #[test]
    fn what_is_no_number_or_nested_without_end_has_no_text() {
        for bad in ["", "x", "NaN", "Infinity", "1,2", "1 2"] {
            assert_eq!(to_json(&number(bad)), None, "{bad}");
        }
        let nested =
            |levels| (0..levels).fold(number("1"), |inner, _| AttributeValue::L(vec![inner]));
        assert!(to_json(&nested(32)).is_some());
        assert_eq!(to_json(&nested(64)), None);
    }
}
