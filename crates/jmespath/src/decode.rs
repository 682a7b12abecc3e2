//! The Powertools functions for base64: text of an event into the text that it holds.

use std::io::Read;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use flate2::bufread::GzDecoder;
use serde_json::Value;

use crate::{
    error::{Error, Kind},
    steps::Steps,
};

/// A member of a gzip file costs more than its bytes: it starts a new state.
const STEPS_OF_MEMBER: usize = 100;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

pub(crate) fn base64(text: &str, steps: &Steps) -> Result<Value, Error> {
    utf8(base64_bytes(text, steps)?)
}

pub(crate) fn base64_gzip(text: &str, max: usize, steps: &Steps) -> Result<Value, Error> {
    utf8(inflate(&base64_bytes(text, steps)?, max, steps)?)
}

fn utf8(bytes: Vec<u8>) -> Result<Value, Error> {
    String::from_utf8(bytes)
        .map(Value::String)
        .map_err(|_| Error::from(Kind::Utf8))
}

fn base64_bytes(text: &str, steps: &Steps) -> Result<Vec<u8>, Error> {
    steps.take_text(text.len())?;
    if let Ok(bytes) = general_purpose::STANDARD.decode(text) {
        return Ok(bytes);
    }
    let digits = base64_digits(text).ok_or_else(|| Error::from(Kind::Base64))?;
    LENIENT
        .decode(digits)
        .map_err(|_| Error::from(Kind::Base64))
}

/// The letters that count by Python's rule: others are skipped, and complete padding ends the
/// text.
fn base64_digits(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    let mut digits = Vec::with_capacity(text.len());
    let mut padding = 0;
    for byte in text.bytes() {
        match byte {
            b'=' if digits.len() % 4 >= 2 => {
                padding += 1;
                if digits.len() % 4 + padding >= 4 {
                    return Some(digits);
                }
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                padding = 0;
                digits.push(byte);
            }
            _ => {}
        }
    }
    digits.len().is_multiple_of(4).then_some(digits)
}

/// All members of the file, one after the other; zeros between them are allowed.
fn inflate(compressed: &[u8], max: usize, steps: &Steps) -> Result<Vec<u8>, Error> {
    let mut inflated = Vec::new();
    if compressed.is_empty() {
        return Ok(inflated);
    }
    let mut decoder = GzDecoder::new(compressed);
    loop {
        steps.take(STEPS_OF_MEMBER)?;
        let room = max - inflated.len();
        // One byte more tells that there is more
        let limit = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
        let read = decoder.by_ref().take(limit).read_to_end(&mut inflated);
        if inflated.len() > max {
            return Err(Error::from(Kind::Inflated { limit: max }));
        }
        read.map_err(|_| Error::from(Kind::Gzip))?;
        let rest = decoder.get_ref();
        let zeros = rest.iter().take_while(|byte| **byte == 0).count();
        let rest = &rest[zeros..];
        if rest.is_empty() {
            steps.take_text(inflated.len())?;
            return Ok(inflated);
        }
        decoder.reset(rest);
    }
}
