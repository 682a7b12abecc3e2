//! What JSON asks to be escaped in a string, and nothing else.

const BLOCK: usize = 16;
const WORD: usize = 8;
const HEX: &[u8; 16] = b"0123456789abcdef";
/// No byte becomes longer than `\u0000`.
const LONGEST: usize = 6;
/// So much is written before a look at the room that is left.
const STEP: usize = 256;

/// Writes text without quotes. Runs without anything to escape, which is most text, are
/// copied whole.
pub(super) fn escape(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let (blocks, end) = bytes.as_chunks::<BLOCK>();
    let mut copied = 0;
    for (index, block) in blocks.iter().enumerate() {
        if !is_clean(block) {
            out.extend_from_slice(&bytes[copied..index * BLOCK]);
            escape_bytes(out, block);
            copied = (index + 1) * BLOCK;
        }
    }
    if is_clean_end(end) {
        out.extend_from_slice(&bytes[copied..]);
    } else {
        out.extend_from_slice(&bytes[copied..bytes.len() - end.len()]);
        escape_bytes(out, end);
    }
}

/// As [`escape`], but `out` grows to no more than `end` bytes. False if something had to
/// be left out; no escape sequence and no character is torn.
pub(super) fn escape_within(out: &mut Vec<u8>, text: &str, end: usize) -> bool {
    if text.len() <= end.saturating_sub(out.len()) / LONGEST {
        escape(out, text);
        return true;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let (step, more) = rest.split_at(rest.floor_char_boundary(STEP));
        let before = out.len();
        escape(out, step);
        if out.len() > end {
            out.truncate(before);
            escape_characters(out, step, end);
            return false;
        }
        rest = more;
    }
    true
}

/// The characters up to the first that finds no room.
fn escape_characters(out: &mut Vec<u8>, text: &str, end: usize) {
    for character in text.chars() {
        let before = out.len();
        escape_bytes(out, character.encode_utf8(&mut [0; 4]).as_bytes());
        if out.len() > end {
            out.truncate(before);
            return;
        }
    }
}

/// Whether nothing in the bytes needs an escape.
pub(crate) fn is_all_clean(bytes: &[u8]) -> bool {
    let (blocks, end) = bytes.as_chunks::<BLOCK>();
    blocks.iter().all(is_clean) && is_clean_end(end)
}

#[inline(never)]
fn escape_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x00..=0x1f => {
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

/// Without a branch inside, so that the compiler makes vector instructions of it.
#[inline(always)]
fn is_clean(block: &[u8; BLOCK]) -> bool {
    !block
        .iter()
        .fold(false, |dirty, &byte| dirty | needs_escape(byte))
}

/// Control characters and the quote: flipping bit 1 puts the quote right after them.
fn needs_escape(byte: u8) -> bool {
    (byte ^ 0x02 < 0x21) | (byte == b'\\')
}

/// The same for less than a block, in words that overlap.
fn is_clean_end(bytes: &[u8]) -> bool {
    if let (Some(&first), Some(&last)) = (bytes.first_chunk::<WORD>(), bytes.last_chunk::<WORD>()) {
        return is_clean_word(u64::from_le_bytes(first)) && is_clean_word(u64::from_le_bytes(last));
    }
    if let (Some(&first), Some(&last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [first, last] = [first, last].map(u32::from_le_bytes).map(u64::from);
        return is_clean_word(first << 32 | last);
    }
    !bytes.iter().any(|&byte| needs_escape(byte))
}

/// Eight bytes at once: a subtraction that borrows sets the highest bit of a byte.
fn is_clean_word(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    let controls_and_quote = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (controls_and_quote | backslash) & !word & (ONES * 0x80) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_serde_json(text: &str) -> String {
        let json = serde_json::to_string(text).unwrap();
        json[1..json.len() - 1].to_owned()
    }

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        escape(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_byte_at_every_place_of_a_block_is_escaped_as_serde_json_does() {
        let characters = ('\0'..='\u{80}').chain(['é', '…', '😀']);
        for character in characters {
            for before in 0..34 {
                for after in [0, 3, 7, 20] {
                    let (before, after) = ("x".repeat(before), "y".repeat(after));
                    let text = format!("{before}{character}{after}");
                    assert_eq!(escaped(&text), by_serde_json(&text));
                }
            }
        }
    }

    #[test]
    fn only_what_json_demands_is_escaped() {
        assert_eq!(
            escaped("é/\u{7f}<'>\u{2028}\0\u{8}\""),
            "é/\u{7f}<'>\u{2028}\\u0000\\b\\\""
        );
    }

    #[test]
    fn neither_an_escape_nor_a_character_is_torn() {
        for (text, end, expected) in [
            ("a\u{1}b", 6, "a"),
            ("a\u{1}b", 7, "a\\u0001"),
            ("aé", 2, "a"),
            ("\"\"", 3, "\\\""),
            ("…", 0, ""),
        ] {
            let mut out = Vec::new();
            assert!(!escape_within(&mut out, text, end), "{text:?}");
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn text_is_escaped_as_serde_json_does(text in "(?s)[ -~\"\\\\\\n\\x00-\\x1f]{0,80}|.{0,80}") {
            prop_assert_eq!(escaped(&text), by_serde_json(&text));
        }

        #[test]
        fn the_longest_beginning_that_fits_is_kept(
            text in "[a-c\"\\n\\x01é😀]{0,60}",
            times in 1_usize..20,
            end in 0_usize..1500,
        ) {
            let text = text.repeat(times);
            let mut out = Vec::new();
            let whole = escape_within(&mut out, &text, end);
            prop_assert_eq!(whole, by_serde_json(&text).len() <= end);
            let mut longest = String::new();
            for character in text.chars() {
                let next = by_serde_json(&character.to_string());
                if longest.len() + next.len() > end {
                    break;
                }
                longest += &next;
            }
            prop_assert_eq!(String::from_utf8(out).unwrap(), longest);
        }
    }
}
