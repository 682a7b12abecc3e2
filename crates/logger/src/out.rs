//! A line as it is put together, never longer than it may be.

use crate::{json, pieces::Piece};

/// What is kept free for the trace id, the mark of left out keys, and the end.
const TAIL: usize = 256;

/// What of it the trace id leaves to the mark, the end, and a level and a timestamp that
/// may come after it.
const END: usize = 100;

/// The mark of a value that was cut.
const CUT: &[u8] = "\"…[cut]\"".as_bytes();

/// A JSON object that is being written.
#[derive(Debug, Default)]
pub(crate) struct Out {
    bytes: Vec<u8>,
    members: Vec<Member>,
    /// Whether somebody will ask for the members.
    lists: bool,
    max: usize,
    left_out: usize,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    start: usize,
    name: usize,
    end: usize,
}

impl Out {
    /// Begins a line of at most `max` bytes, whose members are listed if that is wanted.
    pub(crate) fn begin(&mut self, max: usize, lists: bool) {
        self.bytes.clear();
        self.members.clear();
        self.lists = lists;
        self.max = max;
        self.left_out = 0;
        self.bytes.push(b'{');
    }

    /// Lists the members from now on.
    pub(crate) fn list(&mut self) {
        self.lists = true;
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.bytes.shrink_to(bytes);
        self.members.shrink_to(bytes / 64);
    }

    /// A member that is always there, and short. Its name needs no escape.
    pub(crate) fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.start(name.as_bytes());
        write(&mut self.bytes);
        self.end();
    }

    /// A member whose value may be cut to what there is room for.
    pub(crate) fn value(&mut self, name: &[u8], value: &[u8]) {
        self.value_within(self.room(), name, value);
    }

    /// The value that a part of the tail is kept free for.
    pub(crate) fn kept_value(&mut self, name: &[u8], value: &[u8]) {
        let room = self.max.saturating_sub(self.bytes.len() + END);
        self.value_within(room, name, value);
    }

    fn value_within(&mut self, room: usize, name: &[u8], value: &[u8]) {
        let room = room.saturating_sub(name.len() + 4);
        if value.len() <= room {
            self.start(name);
            self.bytes.extend_from_slice(value);
            return self.end();
        }
        if room < CUT.len() {
            self.left_out += 1;
            return;
        }
        self.start(name);
        match value.strip_prefix(b"\"") {
            Some(text) => {
                let kept = boundary(text, room - CUT.len());
                self.bytes.push(b'"');
                self.bytes.extend_from_slice(&text[..kept]);
                self.bytes.extend_from_slice(&CUT[1..]);
            }
            // Half an object is no JSON.
            None => self.bytes.extend_from_slice(CUT),
        }
        self.end();
    }

    /// Whether as many bytes fit in any case.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        !self.lists && bytes < self.room()
    }

    /// Members that fit, each with a comma after it.
    pub(crate) fn block(&mut self, members: &[u8]) {
        if let Some((_, members)) = members.split_last() {
            self.comma();
            self.bytes.extend_from_slice(members);
        }
    }

    pub(crate) fn piece(&mut self, piece: Piece<'_>) {
        let whole = piece.whole();
        if whole.len() < self.room() {
            self.comma();
            let start = self.bytes.len();
            self.bytes.extend_from_slice(whole);
            if self.lists {
                self.members.push(Member {
                    start,
                    name: piece.name().len(),
                    end: self.bytes.len(),
                });
            }
            return;
        }
        self.value(piece.name(), piece.value());
    }

    /// Closes the object. A line that lacks keys says how many.
    pub(crate) fn finish(&mut self) {
        let left_out = self.left_out;
        if left_out > 0 {
            let mut name = "keys_left_out".to_owned();
            // Somebody's own key may have that name.
            while self.members().any(|(taken, _)| taken == name.as_bytes()) {
                name.insert(0, '_');
            }
            self.member(&name, |bytes| json::integer(bytes, left_out));
        }
        self.bytes.push(b'}');
    }

    /// How long the line may be, with its end.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// The object.
    pub(crate) fn json(&self) -> &[u8] {
        &self.bytes
    }

    /// The object with the end of the line.
    pub(crate) fn line(&mut self) -> &[u8] {
        self.bytes.push(b'\n');
        &self.bytes
    }

    /// The members, in their order: name and value as they stand in the line.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.members.iter().map(|member| {
            let (name, value) = self.bytes[member.start..member.end].split_at(member.name + 2);
            (&name[1..=member.name], &value[1..])
        })
    }

    fn room(&self) -> usize {
        self.max.saturating_sub(self.bytes.len() + TAIL)
    }

    fn comma(&mut self) {
        if self.bytes.len() > 1 {
            self.bytes.push(b',');
        }
    }

    fn start(&mut self, name: &[u8]) {
        self.comma();
        if self.lists {
            self.members.push(Member {
                start: self.bytes.len(),
                name: name.len(),
                end: 0,
            });
        }
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b"\":");
    }

    fn end(&mut self) {
        if let Some(member) = self.members.last_mut() {
            member.end = self.bytes.len();
        }
    }
}

/// How many of the first `most` bytes of a string's inside can be kept without tearing
/// an escape or a character.
fn boundary(text: &[u8], most: usize) -> usize {
    let mut kept = 0;
    while kept < text.len() {
        let width = match text[kept] {
            b'\\' if text.get(kept + 1) == Some(&b'u') => 6,
            b'\\' => 2,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        if kept + width > most {
            break;
        }
        kept += width;
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn line(max: usize, values: &[(&str, &str)]) -> (usize, Value) {
        let mut out = Out::default();
        out.begin(max, true);
        for (name, value) in values {
            out.value(name.as_bytes(), value.as_bytes());
        }
        out.member("last", |bytes| json::string(bytes, "kept"));
        out.finish();
        let text = String::from_utf8(out.json().to_vec()).unwrap();
        (text.len(), serde_json::from_str(&text).expect(&text))
    }

    #[test]
    fn members_are_told_as_they_stand_in_the_line() {
        let mut out = Out::default();
        out.begin(1000, true);
        out.value(b"a\\n", b"\"x\"");
        out.value(b"b", b"{\"c\":1}");
        out.finish();
        assert_eq!(out.json(), br#"{"a\n":"x","b":{"c":1}}"#);
        let members: Vec<_> = out.members().collect();
        assert_eq!(
            members,
            [
                (br"a\n".as_slice(), br#""x""#.as_slice()),
                (b"b".as_slice(), br#"{"c":1}"#.as_slice())
            ]
        );
    }

    #[test]
    fn a_text_that_does_not_fit_is_cut_with_a_mark() {
        let text = format!("\"{}\"", "é\\n".repeat(500));
        let (length, line) = line(700, &[("a", &text), ("b", "1")]);
        assert!(length <= 700, "{length}");
        let cut = line["a"].as_str().unwrap();
        assert!(
            cut.starts_with("é\né\n") && cut.ends_with("…[cut]"),
            "{cut}"
        );
        assert_eq!(line["last"], "kept");
    }

    #[test]
    fn the_kept_value_and_what_is_short_find_room_in_a_line_that_is_full() {
        let id = format!("\"{}\"", "i".repeat(128));
        for length in 0..900 {
            let mut out = Out::default();
            out.begin(700, true);
            for name in [b"a", b"b"] {
                out.value(name, format!("\"{}\"", "x".repeat(length)).as_bytes());
            }
            out.kept_value(b"xray_trace_id", id.as_bytes());
            out.member("level", |bytes| json::string(bytes, "DEBUG"));
            out.member("timestamp", |bytes| {
                json::string(bytes, "2023-11-14T22:13:20.500Z");
            });
            out.left_out += 9_999_999;
            out.finish();
            let line = out.line();
            assert!(line.len() <= 700, "{}", line.len());
            let line: Value = serde_json::from_slice(line).unwrap();
            assert_eq!(line["xray_trace_id"], "i".repeat(128));
        }
    }

    #[test]
    fn an_object_that_does_not_fit_is_replaced_by_the_mark() {
        let object = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
        let (_, line) = line(700, &[("a", &object), ("b", "1")]);
        assert_eq!(line["a"], "…[cut]");
        assert_eq!(line["b"], 1);
    }

    #[test]
    fn keys_without_room_are_counted() {
        let names: Vec<_> = (0..100).map(|number| format!("name-{number}")).collect();
        let values: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), "12345678"))
            .collect();
        let (length, line) = line(600, &values);
        assert!(length <= 600, "{length}");
        let there = line.as_object().unwrap().len() - 2;
        assert_eq!(line["keys_left_out"], 100 - there);
        assert!(there > 5);
        assert_eq!(line["last"], "kept");
    }
}
