//! In which order the members of an object stand.

use std::cmp::Ordering;
use std::ops::Range;

use super::member::Member;
use super::{Dialect, text};

/// JavaScript takes an assignment to it for the prototype, so the member is gone after the sort.
const PROTOTYPE: &[u8] = b"__proto__";

/// Whether `member` can stand where it is, behind `previous`. False says nothing.
#[inline]
pub(super) fn follows(
    out: &[u8],
    previous: Option<&Member>,
    member: &Member,
    dialect: Dialect,
) -> bool {
    let key = member.key(out);
    if dialect == Dialect::TypeScript && (key == PROTOTYPE || !member.plain) {
        return false;
    }
    let Some(previous) = previous else {
        return true;
    };
    let before = previous.key(out);
    match dialect {
        Dialect::Python if previous.plain && member.plain => before < key,
        Dialect::Python => code_points(before).lt(code_points(key)),
        Dialect::TypeScript => by_index_or_lower_case(before, key).is_lt(),
    }
}

/// The bytes of the members, in order and each key once: the last value of a key counts.
pub(super) fn arranged(
    out: &[u8],
    members: &[Member],
    separator: usize,
    dialect: Dialect,
) -> impl Iterator<Item = Range<usize>> + use<> {
    let mut entries: Vec<Entry> = Vec::with_capacity(members.len());
    for (n, member) in members.iter().enumerate() {
        let end = members
            .get(n + 1)
            .map_or(out.len(), |next| next.start - separator);
        entries.push(Entry {
            member: *member,
            rank: member.start,
            end,
        });
    }
    entries = deduplicated(out, entries);
    match dialect {
        Dialect::Python => {
            if entries.iter().any(|entry| !entry.member.plain) {
                let key = |entry: &Entry| code_points(entry.member.key(out));
                entries.sort_by(|a, b| key(a).cmp(key(b)));
            }
        }
        Dialect::TypeScript => {
            entries.retain(|entry| entry.member.key(out) != PROTOTYPE);
            // Keys that are equal but for their case stay as they came
            entries.sort_unstable_by_key(|entry| entry.rank);
            if entries.iter().all(|entry| entry.member.plain) {
                let key = |entry: &Entry| entry.member.key(out);
                entries.sort_by(|a, b| by_index_or_lower_case(key(a), key(b)));
            } else {
                entries.sort_by_cached_key(|entry| lowered(entry.member.key(out)));
            }
        }
    }
    entries
        .into_iter()
        .map(|entry| entry.member.start..entry.end)
}

#[derive(Clone, Copy)]
struct Entry {
    member: Member,
    /// Where the key stood first.
    rank: usize,
    end: usize,
}

/// Sorted by the bytes of the keys as they are written: one spelling for each key.
fn deduplicated(out: &[u8], mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.member.key(out).cmp(b.member.key(out)));
    entries.dedup_by(|later, kept| {
        let same = later.member.key(out) == kept.member.key(out);
        if same {
            *kept = Entry {
                rank: kept.rank,
                ..*later
            };
        }
        same
    });
    entries
}

/// The code points of a key as it is written in ASCII, lone surrogates among them.
fn code_points(written: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = written;
    std::iter::from_fn(move || {
        let (unit, after) = unit(rest)?;
        rest = after;
        if let 0xd800..0xdc00 = unit
            && let Some((low @ 0xdc00..0xe000, after)) = self::unit(rest)
        {
            rest = after;
            return Some(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        }
        Some(unit)
    })
}

fn unit(written: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, rest) = written.split_first()?;
    if first != b'\\' {
        return Some((u32::from(first), rest));
    }
    let (&kind, rest) = rest.split_first()?;
    let unit = match kind {
        b'u' => {
            let (hex, rest) = rest.split_at_checked(4)?;
            let unit = u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?;
            return Some((unit, rest));
        }
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'f' => 0x0c,
        b'r' => b'\r',
        other => other,
    };
    Some((u32::from(unit), rest))
}

/// Of ASCII keys.
fn by_index_or_lower_case(a: &[u8], b: &[u8]) -> Ordering {
    match (index(a), index(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => {
            let lower = u8::to_ascii_lowercase;
            a.iter().map(lower).cmp(b.iter().map(lower))
        }
    }
}

/// JavaScript lists keys that are array indices first, by number.
#[inline]
fn index(key: &[u8]) -> Option<u32> {
    let first = *key.first()?;
    if !first.is_ascii_digit() || (first == b'0' && key.len() > 1) || key.len() > 10 {
        return None;
    }
    let number = std::str::from_utf8(key).ok()?.parse().ok()?;
    (number != u32::MAX).then_some(number)
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Lowered {
    Index(u32),
    /// UTF-16, whose order is JavaScript's.
    Text(Vec<u16>),
}

fn lowered(written: &[u8]) -> Lowered {
    if let Some(index) = index(written) {
        return Lowered::Index(index);
    }
    let units = text::units(&String::from_utf8_lossy(written));
    let mut lower = Vec::with_capacity(units.len());
    let mut run = String::new();
    for char in char::decode_utf16(units) {
        match char {
            Ok(char) => run.push(char),
            // A lone surrogate has no case, and ends a word as any such character
            Err(lone) => {
                lower.extend(run.to_lowercase().encode_utf16());
                lower.push(lone.unpaired_surrogate());
                run.clear();
            }
        }
    }
    lower.extend(run.to_lowercase().encode_utf16());
    Lowered::Text(lower)
}
