//! Keys of a line: an ordered set of `"name":value` pieces, rendered once.

use crate::{
    json::{self, Rules},
    standard::Standard,
};

/// Longer names are cut.
const MAX_NAME: usize = 256;

/// What stands in the place of a value that must not be shown.
const HIDDEN: &[u8] = b"\"***\"";

/// Named JSON values in the order of their first insertion, in one buffer.
///
/// A name that is set again keeps its place. A value that is null hides the name: it
/// keeps its place as well, and is not written.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pieces {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Whether one of the names was ever that of a standard key.
    standard: bool,
    /// Whether something in the buffer is not to be written as it stands there: null, or
    /// a value that was replaced.
    uneven: bool,
}

/// One piece: where `"name":value` stands in the buffer.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: usize,
    name: usize,
    end: usize,
    /// When the name was first set, among the pieces of all sets.
    order: u32,
}

/// A borrowed piece.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    whole: &'a [u8],
    name: usize,
}

impl<'a> Piece<'a> {
    /// The name as it is written, escaped.
    pub(crate) fn name(self) -> &'a [u8] {
        &self.whole[1..=self.name]
    }

    pub(crate) fn value(self) -> &'a [u8] {
        &self.whole[self.name + 3..]
    }

    /// `"name":value`
    pub(crate) fn whole(self) -> &'a [u8] {
        self.whole
    }

    pub(crate) fn is_null(self) -> bool {
        self.value() == b"null"
    }
}

impl Pieces {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.parts.clear();
        self.standard = false;
        self.uneven = false;
    }

    /// Gives back what a huge line has taken.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.bytes.shrink_to(bytes);
        self.parts.shrink_to(bytes / 64);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// All pieces as they are written, each with a comma after it, if they stand so in
    /// the buffer and concern no standard key.
    pub(crate) fn block(&self) -> Option<&[u8]> {
        (!self.uneven && !self.standard).then_some(&self.bytes)
    }

    /// Whether a name is in both sets.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        other
            .parts
            .iter()
            .any(|part| self.find(other.name(*part)).is_some())
    }

    /// Whether something was said about a standard key.
    pub(crate) fn has_standard(&self) -> bool {
        self.standard
    }

    /// The bytes that are held, with those of values that were replaced.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Sets a name to what `write` writes, which must be JSON.
    pub(crate) fn set(&mut self, name: &str, rules: &Rules, write: impl FnOnce(&mut Vec<u8>)) {
        self.set_in_order(name, 0, rules, write);
    }

    /// As `set`; `order` is kept for a name that is new.
    pub(crate) fn set_in_order(
        &mut self,
        name: &str,
        order: u32,
        rules: &Rules,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.bytes.len();
        let written = write_name(&mut self.bytes, name);
        if rules.hides(name) {
            self.bytes.extend_from_slice(HIDDEN);
        } else {
            write(&mut self.bytes);
        }
        let end = self.bytes.len();
        self.bytes.push(b',');
        self.place(Part {
            start,
            name: written,
            end,
            order,
        });
    }

    /// Copies a piece of another set.
    pub(crate) fn copy(&mut self, piece: Piece<'_>, order: u32) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(piece.whole);
        let end = self.bytes.len();
        self.bytes.push(b',');
        self.place(Part {
            start,
            name: piece.name,
            end,
            order,
        });
    }

    /// Copies a whole set whose names are not in this one.
    pub(crate) fn append_distinct(&mut self, other: &Self) {
        let offset = self.bytes.len();
        self.standard |= other.standard;
        self.uneven |= other.uneven;
        self.bytes.extend_from_slice(&other.bytes);
        self.parts.extend(other.parts.iter().map(|part| Part {
            start: part.start + offset,
            end: part.end + offset,
            ..*part
        }));
    }

    /// Copies a set over this one: its values win, names that both have keep their place.
    pub(crate) fn overlay(&mut self, other: &Self) {
        for (part, piece) in other.parts.iter().zip(other.iter()) {
            self.copy(piece, part.order);
        }
    }

    /// Puts the pieces into the order in which their names were first set.
    pub(crate) fn sort(&mut self) {
        self.parts.sort_by_key(|part| part.order);
        self.uneven = true;
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let mut escaped = Vec::new();
        let length = write_name(&mut escaped, name);
        if let Some(index) = self.find(&escaped[1..=length]) {
            self.parts.remove(index);
            self.uneven = true;
        }
    }

    /// The piece with this name, as it is written.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Piece<'_>> {
        Some(self.piece(self.parts[self.find(name)?]))
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Piece<'_>> {
        self.parts.iter().map(|part| self.piece(*part))
    }

    fn piece(&self, part: Part) -> Piece<'_> {
        Piece {
            whole: &self.bytes[part.start..part.end],
            name: part.name,
        }
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.parts.iter().position(|part| {
            // The length first: names of one length are few.
            part.name == name.len() && self.name(*part) == name
        })
    }

    fn name(&self, part: Part) -> &[u8] {
        &self.bytes[part.start + 1..part.start + 1 + part.name]
    }

    fn place(&mut self, new: Part) {
        self.uneven |= self.piece(new).is_null();
        let name = &self.bytes[new.start + 1..new.start + 1 + new.name];
        match self.find(name) {
            Some(index) => {
                self.parts[index] = Part {
                    order: self.parts[index].order,
                    ..new
                };
                self.uneven = true;
                self.compact();
            }
            None => {
                self.standard |= Standard::of_escaped(name).is_some();
                self.parts.push(new);
            }
        }
    }

    /// Drops replaced values once they are most of the buffer, so that a key that is set
    /// in a loop does not grow it.
    fn compact(&mut self) {
        let used: usize = self.parts.iter().map(|part| part.end - part.start).sum();
        if self.bytes.len() < 1024 || used * 2 > self.bytes.len() {
            return;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for part in &mut self.parts {
            let start = bytes.len();
            bytes.extend_from_slice(&self.bytes[part.start..part.end]);
            (part.start, part.end) = (start, bytes.len());
            bytes.push(b',');
        }
        self.bytes = bytes;
        let uneven = self.iter().any(Piece::is_null);
        self.uneven = uneven;
    }
}

/// A name as it is written: escaped, and cut if it is too long.
pub(crate) fn written_name(name: &str) -> String {
    let mut escaped = Vec::new();
    let length = write_name(&mut escaped, name);
    String::from_utf8_lossy(&escaped[1..=length]).into_owned()
}

/// Writes `"name":` and gives the length of the name as it is written.
fn write_name(out: &mut Vec<u8>, name: &str) -> usize {
    let start = out.len();
    json::text(out, name, MAX_NAME);
    out.push(b':');
    out.len() - start - 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Redaction;

    fn rules() -> Rules {
        Rules::new(Redaction::default(), 1000)
    }

    fn pieces(pairs: &[(&str, &str)]) -> Pieces {
        let mut pieces = Pieces::default();
        for (name, value) in pairs {
            pieces.set(name, &rules(), |out| {
                out.extend_from_slice(value.as_bytes());
            });
        }
        pieces
    }

    fn text(pieces: &Pieces) -> String {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| String::from_utf8_lossy(piece.whole()))
            .collect();
        pieces.join(",")
    }

    #[test]
    fn a_name_that_is_set_again_keeps_its_place() {
        let pieces = pieces(&[("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(text(&pieces), r#""a":3,"b":2"#);
        assert_eq!(pieces.get(b"a").unwrap().value(), b"3");
        assert!(pieces.get(b"c").is_none());
    }

    #[test]
    fn a_removed_name_loses_its_place() {
        let mut pieces = pieces(&[("a\"", "1"), ("b", "2")]);
        pieces.remove("a\"");
        pieces.remove("nope");
        assert_eq!(text(&pieces), r#""b":2"#);
    }

    #[test]
    fn a_name_on_the_list_shows_no_value() {
        assert_eq!(text(&pieces(&[("Cookie", "1")])), r#""Cookie":"***""#);
    }

    #[test]
    fn a_huge_name_is_cut() {
        let pieces = pieces(&[(&"n".repeat(10_000), "1")]);
        assert!(pieces.size() < 300);
    }

    #[test]
    fn null_is_kept_as_a_place() {
        let pieces = pieces(&[("a", "null"), ("b", "\"null\"")]);
        let nulls: Vec<_> = pieces.iter().map(Piece::is_null).collect();
        assert_eq!(nulls, [true, false]);
    }

    #[test]
    fn sets_are_joined_in_the_order_of_first_insertion() {
        let mut outer = pieces(&[("a", "1")]);
        let mut scope = Pieces::default();
        for (name, order) in [("u", 2), ("a", 2)] {
            scope.set_in_order(name, order, &rules(), |out| out.push(b'5'));
        }
        outer.set_in_order("late", 3, &rules(), |out| out.push(b'6'));
        outer.overlay(&scope);
        outer.sort();
        assert_eq!(text(&outer), r#""a":5,"u":5,"late":6"#);
    }

    #[test]
    fn a_key_that_is_set_in_a_loop_does_not_grow_the_buffer() {
        let mut pieces = pieces(&[("kept", "1")]);
        for _ in 0..10_000 {
            pieces.set("loop", &rules(), |out| {
                json::string(out, "some value");
            });
        }
        assert!(pieces.size() < 4096, "{}", pieces.size());
        assert_eq!(text(&pieces), r#""kept":1,"loop":"some value""#);
    }
}
