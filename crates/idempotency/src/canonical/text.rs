//! The inside of strings.

use super::Dialect;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` escaped, without quotes. True if nothing in it was.
#[inline]
pub(super) fn push(out: &mut Vec<u8>, text: &str, dialect: Dialect) -> bool {
    let end = plain_len(text.as_bytes(), dialect);
    out.extend_from_slice(&text.as_bytes()[..end]);
    if end < text.len() {
        push_escaped(out, &text[end..], dialect);
    }
    end == text.len()
}

/// Appends the inside of a JSON string that [`super::parser::Parser`] has accepted, spelled
/// anew. True if it stands as it did.
pub(super) fn push_json(out: &mut Vec<u8>, raw: &str, dialect: Dialect) -> bool {
    let mut rest = raw;
    loop {
        let end = plain_len(rest.as_bytes(), dialect);
        out.extend_from_slice(&rest.as_bytes()[..end]);
        rest = &rest[end..];
        let Some(char) = rest.chars().next() else {
            return end == raw.len();
        };
        if char != '\\' {
            push_units(out, char.encode_utf16(&mut [0; 2]), dialect);
            rest = &rest[char.len_utf8()..];
            continue;
        }
        let (unit, len) = unescape(rest);
        rest = &rest[len..];
        match is_high(unit).then(|| next_low(rest)).flatten() {
            Some((low, len)) => {
                rest = &rest[len..];
                push_units(out, &[unit, low], dialect);
            }
            None => push_units(out, &[unit], dialect),
        }
    }
}

/// The UTF-16 units of the inside of a JSON string.
pub(super) fn units(raw: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let end = rest.find('\\').unwrap_or(rest.len());
        units.extend(rest[..end].encode_utf16());
        if end == rest.len() {
            return units;
        }
        let (unit, len) = unescape(&rest[end..]);
        units.push(unit);
        rest = &rest[end + len..];
    }
}

/// How many bytes from the start need no escape.
#[inline]
pub(super) fn plain_len(bytes: &[u8], dialect: Dialect) -> usize {
    let stop = |word: u64| stops(word, dialect).trailing_zeros() as usize / 8;
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk() {
        let stop = stop(u64::from_le_bytes(*chunk));
        at += stop;
        if stop < 8 {
            return at;
        }
    }
    if at == bytes.len() {
        return at;
    }
    // The tail without a loop: the words overlap what is known to be plain, or each other
    if let Some(last) = bytes.last_chunk() {
        return bytes.len() - 8 + stop(u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let word =
            u64::from(u32::from_le_bytes(*last)) << 32 | u64::from(u32::from_le_bytes(*first));
        let stop = stop(word);
        return if stop < 4 {
            stop
        } else {
            bytes.len() + stop - 8
        };
    }
    let stop = bytes.iter().position(|&byte| is_stop(byte, dialect));
    stop.unwrap_or(bytes.len())
}

/// The high bits of the bytes that need an escape. Bytes above the first such one may be
/// marked wrongly: a borrow runs upwards.
#[inline]
fn stops(word: u64, dialect: Dialect) -> u64 {
    let zero = |bytes: u64| bytes.wrapping_sub(LOW) & !bytes;
    let control = word.wrapping_sub(LOW * 0x20) & !word;
    let quote = zero(word ^ (LOW * u64::from(b'"')));
    let backslash = zero(word ^ (LOW * u64::from(b'\\')));
    let mut stops = control | quote | backslash;
    if dialect == Dialect::Python {
        // 0x7f and above; 0xff is in no UTF-8, so nothing carries
        stops |= word.wrapping_add(LOW);
    }
    stops & HIGH
}

#[inline]
fn is_stop(byte: u8, dialect: Dialect) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\' || (byte >= 0x7f && dialect == Dialect::Python)
}

#[cold]
fn push_escaped(out: &mut Vec<u8>, text: &str, dialect: Dialect) {
    let mut rest = text;
    while let Some(&byte) = rest.as_bytes().first() {
        if byte < 0x80 {
            push_ascii(out, byte, dialect);
            rest = &rest[1..];
        } else if let Some(char) = rest.chars().next() {
            push_units(out, char.encode_utf16(&mut [0; 2]), dialect);
            rest = &rest[char.len_utf8()..];
        }
        let plain = plain_len(rest.as_bytes(), dialect);
        out.extend_from_slice(&rest.as_bytes()[..plain]);
        rest = &rest[plain..];
    }
}

/// Appends one character, or half of one.
fn push_units(out: &mut Vec<u8>, units: &[u16], dialect: Dialect) {
    if let [unit] = *units
        && let Ok(byte) = u8::try_from(unit)
        && byte < 0x80
    {
        return push_ascii(out, byte, dialect);
    }
    let char = char::decode_utf16(units.iter().copied()).next();
    match (dialect, char) {
        (Dialect::TypeScript, Some(Ok(char))) => {
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
        // ASCII alone, or a lone surrogate, which UTF-8 cannot hold
        _ => units.iter().for_each(|unit| push_hex(out, *unit)),
    }
}

fn push_ascii(out: &mut Vec<u8>, byte: u8, dialect: Dialect) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ if is_stop(byte, dialect) => return push_hex(out, u16::from(byte)),
        _ => return out.push(byte),
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn push_hex(out: &mut Vec<u8>, unit: u16) {
    let digit = |shift: u16| HEX[usize::from((unit >> shift) & 0xf)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// The unit of the escape that `raw` starts with, and the escape's length.
fn unescape(raw: &str) -> (u16, usize) {
    let unit = match raw.as_bytes()[1] {
        b'u' => return (u16::from_str_radix(&raw[2..6], 16).unwrap_or_default(), 6),
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'f' => 0x0c,
        b'r' => b'\r',
        other => other,
    };
    (u16::from(unit), 2)
}

fn next_low(raw: &str) -> Option<(u16, usize)> {
    let (unit, len) = raw.starts_with("\\u").then(|| unescape(raw))?;
    (0xdc00..0xe000).contains(&unit).then_some((unit, len))
}

fn is_high(unit: u16) -> bool {
    (0xd800..0xdc00).contains(&unit)
}
