//! Names with a text each, in the order of their first appearance, in one allocation.

use std::ops::Range;

use crate::text::is_plain;

/// Of dimensions the value as it is, of metadata its JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    text: String,
    pairs: Vec<Pair>,
    /// A bit for each length of a name, modulo 64: most names that are not there are known by
    /// it.
    lengths: u64,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    start: usize,
    middle: usize,
    end: usize,
}

/// What became of a name that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Same,
    Replaced,
}

impl Pairs {
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        // Bytes: a slice of text would look for the boundaries of characters.
        let text = self.text.as_bytes();
        let mut names = self.pairs.iter();
        names.position(|pair| text[pair.start..pair.middle] == *name.as_bytes())
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> (&str, &str) {
        let Pair { start, middle, end } = self.pairs[index];
        (&self.text[start..middle], &self.text[middle..end])
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        (0..self.pairs.len()).map(|index| self.get(index))
    }

    /// As [`iter`](Self::iter), without a look for the boundaries of characters.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let text = self.text.as_bytes();
        let pairs = self.pairs.iter();
        pairs.map(|pair| (&text[pair.start..pair.middle], &text[pair.middle..pair.end]))
    }

    /// Whether JSON takes all names and texts as they are.
    pub(crate) fn are_plain(&self) -> bool {
        is_plain(&self.text)
    }

    /// A name keeps its place when its text changes.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> (usize, Change) {
        let Some(index) = self.find(name) else {
            self.lengths |= length_bit(name);
            let start = self.text.len();
            self.text.push_str(name);
            let middle = self.text.len();
            self.text.push_str(text);
            let end = self.text.len();
            self.pairs.push(Pair { start, middle, end });
            return (self.pairs.len() - 1, Change::Added);
        };
        let Pair { middle, end, .. } = self.pairs[index];
        if &self.text[middle..end] == text {
            return (index, Change::Same);
        }
        self.replace(index, middle..end, text);
        (index, Change::Replaced)
    }

    fn replace(&mut self, index: usize, before: Range<usize>, text: &str) {
        let moved = |place: usize| place - before.end + before.start + text.len();
        for pair in &mut self.pairs[index + 1..] {
            pair.start = moved(pair.start);
            pair.middle = moved(pair.middle);
            pair.end = moved(pair.end);
        }
        self.pairs[index].end = before.start + text.len();
        self.text.replace_range(before, text);
    }

    /// Becomes a copy of the other, in the memory that is there.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.pairs.clone_from(&other.pairs);
        self.lengths = other.lengths;
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.pairs.clear();
        self.lengths = 0;
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.text.shrink_to(bytes);
    }

    /// An upper bound of what they take in a line, with JSON as their texts.
    pub(crate) fn json_members(&self) -> usize {
        self.iter()
            .map(|(name, json)| json_member(name, json))
            .sum()
    }

    /// An upper bound of what they take in a line, as strings without control characters.
    pub(crate) fn string_members(&self) -> usize {
        2 * self.text.len() + 6 * self.pairs.len()
    }
}

/// An upper bound of what it takes in a line: a character of the name may become `\u0000`.
pub(crate) fn json_member(name: &str, json: &str) -> usize {
    6 * name.len() + json.len() + 4
}

fn length_bit(name: &str) -> u64 {
    1 << (name.len() % 64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_happened_to_a_name_is_told() {
        let mut pairs = Pairs::default();
        assert_eq!(pairs.set("a", "1"), (0, Change::Added));
        assert_eq!(pairs.set("b", "2"), (1, Change::Added));
        assert_eq!(pairs.set("a", "1"), (0, Change::Same));
        assert_eq!(pairs.set("a", "long"), (0, Change::Replaced));
        assert_eq!(
            pairs.iter().collect::<Vec<_>>(),
            [("a", "long"), ("b", "2")]
        );
    }

    proptest! {
        #[test]
        fn every_name_keeps_its_place_and_its_last_text(
            sets in prop::collection::vec(("[a-d]{0,2}", ".{0,9}"), 0..40),
        ) {
            let mut pairs = Pairs::default();
            let mut model: Vec<(String, String)> = Vec::new();
            for (name, text) in sets {
                pairs.set(&name, &text);
                match model.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = text,
                    None => model.push((name, text)),
                }
            }
            let got: Vec<_> = pairs.iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            prop_assert_eq!(pairs.text.len(), got.iter().map(|(a, b)| a.len() + b.len()).sum::<usize>());
            prop_assert_eq!(got, model);
        }
    }
}
