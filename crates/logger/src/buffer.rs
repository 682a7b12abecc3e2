//! Lines that are held back until something goes wrong.

use std::collections::VecDeque;

use crate::entry::Entry;

/// More than this many emptied entries are not kept for their capacity.
const SPARE: usize = 32;

/// The held lines of one invocation, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    lines: VecDeque<Entry>,
    bytes: usize,
    evicted: bool,
    /// The invocation has ended, and nobody would flush.
    closed: bool,
    spare: Vec<Entry>,
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Kept,
    /// It is larger than the whole buffer.
    TooLarge,
    /// The invocation has ended.
    Closed,
}

impl Buffer {
    /// Takes the entry, and leaves an empty one in its place. The oldest lines go until
    /// it fits.
    pub(crate) fn push(&mut self, entry: &mut Entry, max_bytes: usize) -> Held {
        if self.closed {
            return Held::Closed;
        }
        let size = entry.size();
        if size > max_bytes {
            return Held::TooLarge;
        }
        while self.bytes + size > max_bytes {
            let Some(oldest) = self.take_oldest() else {
                break;
            };
            self.evicted = true;
            self.recycle(oldest);
        }
        // What a huge line has left there must not be held with a small one.
        entry.shrink_to(1024);
        self.bytes += size;
        let empty = self.spare.pop().unwrap_or_default();
        self.lines.push_back(std::mem::replace(entry, empty));
        Held::Kept
    }

    /// The oldest line, for a flush.
    pub(crate) fn take_oldest(&mut self) -> Option<Entry> {
        let oldest = self.lines.pop_front()?;
        self.bytes -= oldest.size();
        Some(oldest)
    }

    /// Gives an entry's capacity back.
    pub(crate) fn recycle(&mut self, mut entry: Entry) {
        if self.spare.len() < SPARE {
            entry.clear();
            entry.shrink_to(4096);
            self.spare.push(entry);
        }
    }

    /// Whether lines were lost since the last time it was asked.
    pub(crate) fn take_evicted(&mut self) -> bool {
        std::mem::take(&mut self.evicted)
    }

    /// Throws the held lines away.
    pub(crate) fn clear(&mut self) {
        while let Some(oldest) = self.take_oldest() {
            self.recycle(oldest);
        }
        self.evicted = false;
    }

    /// Holds nothing from now on.
    pub(crate) fn close(&mut self) {
        self.clear();
        self.closed = true;
    }

    /// As new, for the next invocation; the capacity stays.
    pub(crate) fn reset(&mut self) {
        self.clear();
        self.closed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(message: &str, size: usize) -> Entry {
        let mut entry = Entry::default();
        entry.message.extend_from_slice(message.as_bytes());
        entry
            .message
            .resize(size - entry.size() + entry.message.len(), b' ');
        assert_eq!(entry.size(), size);
        entry
    }

    fn push(buffer: &mut Buffer, message: &str, size: usize) -> Held {
        buffer.push(&mut entry(message, size), 1000)
    }

    fn flushed(buffer: &mut Buffer) -> Vec<String> {
        std::iter::from_fn(|| buffer.take_oldest())
            .map(|entry| String::from_utf8(entry.message).unwrap().trim().to_owned())
            .collect()
    }

    #[test]
    fn lines_come_out_in_their_order_and_once() {
        let mut buffer = Buffer::default();
        for message in ["a", "b", "c"] {
            assert_eq!(push(&mut buffer, message, 100), Held::Kept);
        }
        assert_eq!(flushed(&mut buffer), ["a", "b", "c"]);
        assert!(flushed(&mut buffer).is_empty());
        assert!(!buffer.take_evicted());
        assert_eq!(buffer.bytes, 0);
    }

    #[test]
    fn the_oldest_go_until_the_new_one_fits() {
        let mut buffer = Buffer::default();
        push(&mut buffer, "a", 400);
        push(&mut buffer, "b", 400);
        push(&mut buffer, "c", 200);
        assert!(!buffer.take_evicted());
        push(&mut buffer, "d", 500);
        assert_eq!(flushed(&mut buffer), ["c", "d"]);
        assert!(buffer.take_evicted());
        assert!(!buffer.take_evicted());
    }

    #[test]
    fn a_line_of_exactly_the_size_fits_and_a_larger_one_stays_with_the_caller() {
        let mut buffer = Buffer::default();
        push(&mut buffer, "small", 100);
        let mut large = entry("large", 1001);
        assert_eq!(buffer.push(&mut large, 1000), Held::TooLarge);
        assert!(large.message.starts_with(b"large"));
        assert_eq!(push(&mut buffer, "full", 1000), Held::Kept);
        assert_eq!(flushed(&mut buffer), ["full"]);
    }

    #[test]
    fn an_entry_is_left_empty_for_the_next_line() {
        let mut buffer = Buffer::default();
        let mut scratch = entry("a", 100);
        buffer.push(&mut scratch, 1000);
        assert!(scratch.message.is_empty());
        let oldest = buffer.take_oldest().unwrap();
        buffer.recycle(oldest);
        scratch.message.extend_from_slice(b"b");
        buffer.push(&mut scratch, 1000);
        assert!(scratch.message.is_empty() && scratch.message.capacity() > 0);
    }

    #[test]
    fn nothing_is_held_after_the_end_until_the_next_invocation() {
        let mut buffer = Buffer::default();
        push(&mut buffer, "a", 100);
        buffer.close();
        assert_eq!(push(&mut buffer, "late", 100), Held::Closed);
        assert!(flushed(&mut buffer).is_empty());
        buffer.reset();
        assert_eq!(push(&mut buffer, "next", 100), Held::Kept);
        assert_eq!(flushed(&mut buffer), ["next"]);
    }
}
