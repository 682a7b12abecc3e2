//! The JSON text of `to_string`, letter for letter as Python's `json.dumps` writes it: such text
//! becomes part of keys that functions in several languages share.

use std::io;

use serde::Serialize;
use serde_json::{Number, Value, ser::Formatter};

use crate::{error::Error, steps::Steps};

pub(crate) fn write(value: &Value, steps: &Steps) -> Result<String, Error> {
    let mut text = Bounded {
        bytes: Vec::new(),
        max: steps.text_left(),
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, PythonFormatter);
    // A `Value` always has JSON text, so only the bound can fail
    value
        .serialize(&mut serializer)
        .map_err(|_| steps.exceeded())?;
    steps.take_text(text.bytes.len())?;
    Ok(String::from_utf8(text.bytes).unwrap_or_default())
}

/// Escapes make text six times as long: it stops where the steps end, not after the last letter.
struct Bounded {
    bytes: Vec<u8>,
    max: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.max - self.bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        if fragment.chars().all(is_plain) {
            return writer.write_all(fragment.as_bytes());
        }
        for letter in fragment.chars() {
            if is_plain(letter) {
                write!(writer, "{letter}")?;
            } else {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn write_f64<W>(&mut self, writer: &mut W, value: f64) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        writer.write_all(float_text(value).as_bytes())
    }
}

fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~')
}

/// The shortest digits that read back as the number; with an exponent of at least two digits from
/// 1e16 and below 1e-4.
fn float_text(value: f64) -> String {
    let Some(number) = Number::from_f64(value) else {
        return "null".to_owned();
    };
    let text = number.to_string();
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return text;
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{mantissa}e-{exponent:0>2}"),
        None if magnitude < 1.0 => small_text(mantissa),
        None => format!("{mantissa}e+{}", exponent.trim_start_matches('+')),
    }
}

/// 0.0000123 as 1.23e-05.
fn small_text(plain: &str) -> String {
    let (sign, plain) = plain
        .strip_prefix('-')
        .map_or(("", plain), |plain| ("-", plain));
    let digits = plain.trim_start_matches(['0', '.']);
    let exponent = plain.len() - 1 - digits.len();
    let (first, others) = digits.split_at(1);
    let point = if others.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{others}e-{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (9.999e-5, "9.999e-05"),
            (1e-5, "1e-05"),
            (-1.25e-5, "-1.25e-05"),
            (1e-7, "1e-07"),
            (1.5e-300, "1.5e-300"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (-1.25e17, "-1.25e+17"),
            (1e300, "1e+300"),
            // Halfway between two shortest texts, of which Python takes the even one
            (86_835_084_335_862.63, "86835084335862.62"),
        ] {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn letters_beyond_ascii_are_escaped() {
        assert_eq!(
            write(
                &json!({"é": ["\u{1f600}", "\u{7f}", "a/\"\n"]}),
                &Steps::new(100)
            )
            .unwrap(),
            r#"{"\u00e9":["\ud83d\ude00","\u007f","a/\"\n"]}"#
        );
    }
}
