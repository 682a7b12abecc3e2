//! Single values: keys, strings, numbers.

use std::fmt::{self, Write};

use super::escape::{escape, escape_within};

/// Stands at the end of a text that was cut, inside its quotes.
pub(super) const CUT_TEXT: &str = "…[cut]";

/// Writes `"key":`.
pub(crate) fn key(out: &mut Vec<u8>, name: &str) {
    out.reserve(name.len() + 3);
    out.push(b'"');
    escape(out, name);
    out.extend_from_slice(b"\":");
}

/// Writes a string with its quotes, whole.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Writes a string of at most `max` bytes between its quotes; the mark `…[cut]` comes on
/// top if it was longer.
pub(crate) fn text(out: &mut Vec<u8>, text: &str, max: usize) {
    out.push(b'"');
    let end = out.len().saturating_add(max);
    if !escape_within(out, text, end) {
        out.extend_from_slice(CUT_TEXT.as_bytes());
    }
    out.push(b'"');
}

/// Writes formatted text as [`text`] does. What formats itself is told to stop once the
/// text is full. A value whose formatting fails leaves what it had written.
pub(crate) fn formatted(out: &mut Vec<u8>, text: fmt::Arguments<'_>, max: usize) {
    out.push(b'"');
    let end = out.len().saturating_add(max);
    let mut escaped = Escaped::new(out, end);
    let _ = escaped.write_fmt(text);
    if escaped.is_cut() {
        out.extend_from_slice(CUT_TEXT.as_bytes());
    }
    out.push(b'"');
}

/// Writes what `Display` gives, as [`formatted`] does.
pub(crate) fn display(out: &mut Vec<u8>, value: &dyn fmt::Display, max: usize) {
    formatted(out, format_args!("{value}"), max);
}

/// Writes what `Debug` gives, as [`formatted`] does.
pub(crate) fn debug(out: &mut Vec<u8>, value: &dyn fmt::Debug, max: usize) {
    formatted(out, format_args!("{value:?}"), max);
}

/// Writes an integer of any size.
pub(crate) fn integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Writes a number as `serde_json` does. Infinity and NaN, which JSON lacks, are null.
pub(crate) fn float(out: &mut Vec<u8>, number: f64) {
    serialized(out, &number);
}

/// As [`float`], with no more digits than single precision needs.
pub(super) fn single(out: &mut Vec<u8>, number: f32) {
    serialized(out, &number);
}

/// Writes `true` or `false`.
pub(crate) fn boolean(out: &mut Vec<u8>, value: bool) {
    let word: &[u8] = if value { b"true" } else { b"false" };
    out.extend_from_slice(word);
}

fn serialized(out: &mut Vec<u8>, number: &impl serde::Serialize) {
    // A number into a vector: neither of them can fail.
    let _ = serde_json::to_writer(out, number);
}

/// The inside of a string that takes pieces of text until it is full.
pub(super) struct Escaped<'a> {
    out: &'a mut Vec<u8>,
    end: usize,
    cut: bool,
}

impl<'a> Escaped<'a> {
    /// `end` is what `out` may grow to.
    pub(super) fn new(out: &'a mut Vec<u8>, end: usize) -> Self {
        Self {
            out,
            end,
            cut: false,
        }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Some `Display`s go on after an error.
        if !self.cut && escape_within(self.out, text, self.end) {
            return Ok(());
        }
        self.cut = true;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_survives_the_way_through_json() {
        let all: String = (0..=0x2ff_u32)
            .chain([0x2028, 0x1f600])
            .filter_map(char::from_u32)
            .collect();
        let json = written(|out| string(out, &all));
        assert!(!json.contains('\n'));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
    }

    #[test]
    fn a_key_is_escaped_and_has_its_colon() {
        assert_eq!(written(|out| key(out, "a\"b")), r#""a\"b":"#);
    }

    #[test]
    fn numbers_are_written_as_serde_json_does() {
        for number in [
            0.0,
            -0.0,
            1.0,
            1.5,
            1e300,
            1e-7,
            f64::MAX,
            f64::MIN_POSITIVE,
        ] {
            let expected = serde_json::to_string(&number).unwrap();
            assert_eq!(written(|out| float(out, number)), expected);
        }
        assert_eq!(written(|out| single(out, 0.1)), "0.1");
        for missing in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(|out| float(out, missing)), "null");
        }
        assert_eq!(
            written(|out| integer(out, u128::MAX)),
            u128::MAX.to_string()
        );
        assert_eq!(written(|out| integer(out, -1_i8)), "-1");
        assert_eq!(written(|out| boolean(out, true)), "true");
        assert_eq!(written(|out| boolean(out, false)), "false");
    }

    #[test]
    fn text_is_cut_at_the_bytes_written_with_a_mark() {
        assert_eq!(written(|out| text(out, "abc", 3)), "\"abc\"");
        assert_eq!(written(|out| text(out, "abcd", 3)), "\"abc…[cut]\"");
        assert_eq!(written(|out| text(out, "a\nbc", 3)), "\"a\\n…[cut]\"");
        assert_eq!(written(|out| text(out, "a\nbc", usize::MAX)), "\"a\\nbc\"");
        assert_eq!(written(|out| text(out, "ab", 0)), "\"…[cut]\"");
        assert_eq!(written(|out| text(out, "", 0)), "\"\"");
    }

    #[test]
    fn formatted_text_is_escaped_and_cut_across_its_pieces() {
        let write =
            |max| written(|out| formatted(out, format_args!("a\"{}\n{:?}", "\\", "b"), max));
        assert_eq!(write(12), r#""a\"\\\n\"b\"""#);
        assert_eq!(write(11), r#""a\"\\\n\"b…[cut]""#);
        assert_eq!(write(4), r#""a\"…[cut]""#);
    }

    #[test]
    fn formatting_stops_soon_after_the_cut() {
        struct Huge<'a>(&'a Cell<usize>);
        impl fmt::Debug for Huge<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for _ in 0..1000 {
                    self.0.set(self.0.get() + 1);
                    f.write_str("0123456789")?;
                }
                Ok(())
            }
        }
        let calls = Cell::new(0);
        let json = written(|out| debug(out, &Huge(&calls), 25));
        assert_eq!(json, "\"0123456789012345678901234…[cut]\"");
        assert_eq!(calls.get(), 3);
    }

    #[test]
    fn nothing_follows_the_mark_of_a_display_that_ignores_errors() {
        struct Stubborn;
        impl fmt::Display for Stubborn {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let _ = f.write_str("far\u{1}");
                // There is room for this.
                let _ = f.write_str("x");
                Ok(())
            }
        }
        assert_eq!(written(|out| display(out, &Stubborn, 4)), "\"far…[cut]\"");
    }

    #[test]
    fn a_value_whose_formatting_fails_leaves_what_it_had_written() {
        struct Fails;
        impl fmt::Display for Fails {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("begun")?;
                Err(fmt::Error)
            }
        }
        assert_eq!(written(|out| display(out, &Fails, 100)), "\"begun\"");
    }
}
