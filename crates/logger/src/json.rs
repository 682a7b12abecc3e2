//! JSON straight into a line, without a value in between.

use std::fmt::{self, Write};

/// Writes `"key":`.
pub(crate) fn key(line: &mut Vec<u8>, name: &str) {
    string(line, name);
    line.push(b':');
}

/// Writes a string with its quotes.
pub(crate) fn string(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    escape(line, text);
    line.push(b'"');
}

/// Writes what `Display` gives, as a string.
pub(crate) fn display(line: &mut Vec<u8>, value: impl fmt::Display) {
    formatted(line, format_args!("{value}"));
}

/// Writes formatted text as a string. A value whose formatting fails leaves what it
/// had written.
pub(crate) fn formatted(line: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    line.push(b'"');
    let _ = Escaped(line).write_fmt(text);
    line.push(b'"');
}

/// Writes a number as it displays itself. Infinity and NaN, which JSON lacks, are null.
pub(crate) fn float(line: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        serialized(line, &number);
    } else {
        line.extend_from_slice(b"null");
    }
}

/// Writes a number or a boolean.
pub(crate) fn serialized(line: &mut Vec<u8>, value: &impl serde::Serialize) {
    let start = line.len();
    if serde_json::to_writer(&mut *line, value).is_err() {
        line.truncate(start);
        line.extend_from_slice(b"null");
    }
}

struct Escaped<'a>(&'a mut Vec<u8>);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Runs without anything to escape, which is most text, are copied whole.
fn escape(line: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut copied = 0;
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x00..=0x1f => b'u',
            _ => continue,
        };
        line.extend_from_slice(&bytes[copied..at]);
        line.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            line.extend_from_slice(&[b'0', b'0', high, low]);
        }
        copied = at + 1;
    }
    line.extend_from_slice(&bytes[copied..]);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn every_character_survives_the_way_through_json() {
        let all: String = (0..=0x2ff_u32)
            .chain([0x2028, 0x1f600])
            .filter_map(char::from_u32)
            .collect();
        let json = written(|line| string(line, &all));
        assert!(!json.contains('\n'));
        assert_eq!(
            serde_json::from_str::<Value>(&json).unwrap(),
            Value::String(all)
        );
    }

    #[test]
    fn formatted_text_is_escaped_across_its_pieces() {
        let json = written(|line| formatted(line, format_args!("a\"{}\n{:?}", "\\", "\u{1}")));
        assert_eq!(json, r#""a\"\\\n\"\\u{1}\"""#);
    }

    #[test]
    fn numbers_that_json_lacks_are_null() {
        assert_eq!(written(|line| float(line, f64::NAN)), "null");
        assert_eq!(written(|line| float(line, f64::INFINITY)), "null");
        assert_eq!(written(|line| float(line, 1.5)), "1.5");
        assert_eq!(
            written(|line| serialized(line, &i128::MIN)),
            i128::MIN.to_string()
        );
    }

    #[test]
    fn a_value_whose_display_fails_leaves_valid_json() {
        struct Fails;
        impl fmt::Display for Fails {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("begun")?;
                Err(fmt::Error)
            }
        }
        assert_eq!(written(|line| display(line, Fails)), "\"begun\"");
    }
}
