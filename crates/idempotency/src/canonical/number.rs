//! Numbers.

use super::Dialect;

/// Doubles hold each integer up to here exactly.
const EXACT: u64 = 1 << 53;

#[inline]
pub(super) fn push_u64(out: &mut Vec<u8>, number: u64, dialect: Dialect) {
    if dialect == Dialect::TypeScript && number > EXACT {
        return push_f64(out, number as f64, dialect);
    }
    push_integer(out, number);
}

#[inline]
pub(super) fn push_i64(out: &mut Vec<u8>, number: i64, dialect: Dialect) {
    if dialect == Dialect::TypeScript && number.unsigned_abs() > EXACT {
        return push_f64(out, number as f64, dialect);
    }
    push_integer(out, number);
}

pub(super) fn push_u128(out: &mut Vec<u8>, number: u128, dialect: Dialect) {
    match dialect {
        Dialect::Python => push_integer(out, number),
        Dialect::TypeScript => push_f64(out, number as f64, dialect),
    }
}

pub(super) fn push_i128(out: &mut Vec<u8>, number: i128, dialect: Dialect) {
    match dialect {
        Dialect::Python => push_integer(out, number),
        Dialect::TypeScript => push_f64(out, number as f64, dialect),
    }
}

pub(super) fn push_f64(out: &mut Vec<u8>, number: f64, dialect: Dialect) {
    if !number.is_finite() {
        return push_not_finite(out, number, dialect);
    }
    push_shortest(out, zmij::Buffer::new().format_finite(number), dialect);
}

/// By its own shortest digits: 0.1 stays `0.1`, as in its JSON text.
pub(super) fn push_f32(out: &mut Vec<u8>, number: f32, dialect: Dialect) {
    if !number.is_finite() {
        return push_not_finite(out, f64::from(number), dialect);
    }
    push_shortest(out, zmij::Buffer::new().format_finite(number), dialect);
}

/// A number of JSON text. An integer is one without point and exponent.
pub(super) fn push_json(out: &mut Vec<u8>, number: &str, integer: bool, dialect: Dialect) {
    let exact = match dialect {
        Dialect::Python => integer,
        // Fifteen digits at the most, so no rounding
        Dialect::TypeScript => integer && number.len() <= 15,
    };
    if exact {
        let number = if number == "-0" { "0" } else { number };
        return out.extend_from_slice(number.as_bytes());
    }
    // The parser accepts nothing that this does not
    push_f64(out, number.parse().unwrap_or(f64::NAN), dialect);
}

fn push_integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn push_not_finite(out: &mut Vec<u8>, number: f64, dialect: Dialect) {
    let text: &[u8] = match dialect {
        Dialect::TypeScript => b"null",
        Dialect::Python if number.is_nan() => b"NaN",
        Dialect::Python if number > 0.0 => b"Infinity",
        Dialect::Python => b"-Infinity",
    };
    out.extend_from_slice(text);
}

/// Spells the shortest digits anew; `text` is any decimal notation of them.
fn push_shortest(out: &mut Vec<u8>, text: &str, dialect: Dialect) {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut buffer = [0; MAX_DIGITS];
    let (digits, point) = decimal(text, &mut buffer);
    if negative && (!digits.is_empty() || dialect == Dialect::Python) {
        out.push(b'-');
    }
    match dialect {
        Dialect::Python if digits.is_empty() => out.extend_from_slice(b"0.0"),
        Dialect::Python if (-3..=16).contains(&point) => {
            positional(out, digits, point);
            if is_whole(digits, point) {
                out.extend_from_slice(b".0");
            }
        }
        Dialect::TypeScript if digits.is_empty() => out.push(b'0'),
        Dialect::TypeScript if (-5..=21).contains(&point) => positional(out, digits, point),
        Dialect::Python => scientific(out, digits, point - 1, 2),
        Dialect::TypeScript => scientific(out, digits, point - 1, 1),
    }
}

/// Doubles need 17; a positional notation may add zeros to them.
const MAX_DIGITS: usize = 32;

/// The digits without zeros at either end, and where the point stands: `0.DIGITS * 10^point`.
fn decimal<'b>(text: &str, buffer: &'b mut [u8; MAX_DIGITS]) -> (&'b [u8], i32) {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
        None => (text, 0),
    };
    let (mut len, mut point, mut fraction) = (0, exponent, false);
    for byte in mantissa.bytes() {
        match byte {
            b'.' => fraction = true,
            // Zeros in front count for the point alone
            b'0' if len == 0 => point -= i32::from(fraction),
            _ => {
                buffer[len] = byte;
                len += 1;
                point += i32::from(!fraction);
            }
        }
    }
    while len > 0 && buffer[len - 1] == b'0' {
        len -= 1;
    }
    (&buffer[..len], point)
}

fn is_whole(digits: &[u8], point: i32) -> bool {
    usize::try_from(point).is_ok_and(|point| point >= digits.len())
}

fn positional(out: &mut Vec<u8>, digits: &[u8], point: i32) {
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() => {
            out.extend_from_slice(digits);
            out.resize(out.len() + point - digits.len(), b'0');
        }
        Ok(point) if point > 0 => {
            out.extend_from_slice(&digits[..point]);
            out.push(b'.');
            out.extend_from_slice(&digits[point..]);
        }
        _ => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + point.unsigned_abs() as usize, b'0');
            out.extend_from_slice(digits);
        }
    }
}

fn scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32, width: usize) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(exponent.unsigned_abs());
    out.resize(out.len() + width.saturating_sub(text.len()), b'0');
    out.extend_from_slice(text.as_bytes());
}
