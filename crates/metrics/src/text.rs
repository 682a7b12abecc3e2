//! Looks at short texts, a word at a time.

const WORD: usize = 8;
const ONES: u64 = u64::from_le_bytes([1; WORD]);
const HIGHS: u64 = u64::from_le_bytes([0x80; WORD]);

/// Whether it is printable ASCII that a JSON string takes as it is.
#[inline]
pub(crate) fn is_plain(text: &str) -> bool {
    let mut odd = 0;
    each_word(text.as_bytes(), |word| {
        // A subtraction that borrows sets the highest bit of a byte.
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let delete = word.wrapping_add(ONES);
        odd |= word | delete | word.wrapping_sub(ONES * 0x20) | quote | backslash;
    });
    odd & HIGHS == 0
}

/// Whether it has a control character of ASCII but DEL.
#[inline]
pub(crate) fn has_control(text: &[u8]) -> bool {
    let mut found = 0;
    each_word(text, |word| {
        found |= word.wrapping_sub(ONES * 0x20) & !word;
    });
    found & HIGHS != 0
}

/// Not against an adversary: a table holds 100 names.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
pub(crate) fn hash(name: &str) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = name.len() as u64;
    each_word(name.as_bytes(), |word| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        hash = product as u64 ^ (product >> 64) as u64;
    });
    (hash >> 32) as u32
}

/// The last word overlaps with the one before; a shorter text is repeated in its only one.
#[inline]
fn each_word(bytes: &[u8], mut look: impl FnMut(u64)) {
    let Some(last) = bytes.last_chunk::<WORD>() else {
        return short_word(bytes).into_iter().for_each(look);
    };
    let (words, _) = bytes[..bytes.len() - 1].as_chunks::<WORD>();
    for word in words {
        look(u64::from_le_bytes(*word));
    }
    look(u64::from_le_bytes(*last));
}

fn short_word(bytes: &[u8]) -> Option<u64> {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
        return Some(first << 32 | last);
    }
    let (first, middle, last) = (*bytes.first()?, bytes[bytes.len() / 2], *bytes.last()?);
    Some(u64::from_le_bytes([
        first, middle, last, first, middle, last, first, middle,
    ]))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_plain_if_each_of_its_characters_is(text in "[ -~]{0,20}|[ -~\u{0}-\u{1f}\u{7f}é]{0,20}") {
            let plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
            prop_assert_eq!(is_plain(&text), text.bytes().all(plain));
            prop_assert_eq!(has_control(text.as_bytes()), text.bytes().any(|byte| byte < b' '));
        }
    }

    #[test]
    fn one_character_decides_wherever_it_stands() {
        for length in 1..=20 {
            for at in 0..length {
                for odd in ['"', '\\', '\u{0}', '\u{1f}', '\u{7f}'] {
                    let text: String = (0..length)
                        .map(|i| if i == at { odd } else { 'a' })
                        .collect();
                    assert!(!is_plain(&text), "{text:?}");
                    assert_eq!(has_control(text.as_bytes()), odd < ' ', "{text:?}");
                }
            }
        }
    }

    #[test]
    fn names_that_differ_in_their_numbers_find_places_of_their_own() {
        for prefix in [
            "",
            "m",
            "RouteLatency",
            "requests.route.",
            "a.very.long.name.of.a.route",
        ] {
            let places: HashSet<u32> = (0..100)
                .map(|number| hash(&format!("{prefix}{number:03}")) % 256)
                .collect();
            // Of 100 at random, 83 places would be taken.
            assert!(places.len() > 70, "{prefix}: {}", places.len());
        }
    }
}
