//! All of a datum but its values, as bytes: looked up without an allocation, kept in one.

use std::str;

use crate::{Resolution, Unit};

/// What makes two values part of one datum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key<'a, D> {
    pub(super) name: &'a str,
    pub(super) unit: Unit,
    pub(super) resolution: Resolution,
    pub(super) millis: u64,
    pub(super) dimensions: D,
}

/// What [`Key::write`] has written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) high_resolution: bool,
    /// Since the epoch, at the beginning of the period that CloudWatch keeps.
    pub(super) seconds: u64,
    pub(super) unit: &'a str,
    pub(super) name: &'a str,
    dimensions: &'a [u8],
}

/// In front of the texts: the resolution, then the seconds.
const FIXED: usize = 9;

impl<'d, D: IntoIterator<Item = (&'d str, &'d str)>> Key<'_, D> {
    /// Replaces what is there. The time is cut to the metric's resolution, as CloudWatch does.
    pub(super) fn write(self, key: &mut Vec<u8>) {
        let period = u64::from(self.resolution.seconds());
        let seconds = self.millis / 1000 / period * period;
        key.clear();
        key.push(u8::from(self.resolution == Resolution::High));
        key.extend_from_slice(&seconds.to_le_bytes());
        text(key, self.unit.as_str());
        text(key, self.name);
        for (name, value) in self.dimensions {
            text(key, name);
            text(key, value);
        }
    }
}

fn text(key: &mut Vec<u8>, text: &str) {
    // The rules of names and values allow far less.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    key.extend_from_slice(&length.to_le_bytes());
    key.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
}

impl<'a> Fields<'a> {
    /// Reads what [`Key::write`] has written.
    pub(super) fn read(key: &'a [u8]) -> Option<Self> {
        let (fixed, texts) = key.split_at_checked(FIXED)?;
        let (unit, texts) = next(texts)?;
        let (name, dimensions) = next(texts)?;
        Some(Self {
            high_resolution: fixed[0] == 1,
            seconds: u64::from_le_bytes(fixed[1..].try_into().ok()?),
            unit,
            name,
            dimensions,
        })
    }

    /// Names and values.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.dimensions;
        std::iter::from_fn(move || {
            let (name, more) = next(rest)?;
            let (value, more) = next(more)?;
            rest = more;
            Some((name, value))
        })
    }
}

fn next(texts: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = texts.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(resolution: Resolution, millis: u64) -> Vec<u8> {
        let mut key = b"before".to_vec();
        let dimensions = [("a", "1"), ("b", "")];
        Key {
            name: "m",
            unit: Unit::BytesPerSecond,
            resolution,
            millis,
            dimensions,
        }
        .write(&mut key);
        key
    }

    #[test]
    fn time_is_cut_to_the_resolution() {
        for (resolution, seconds) in [(Resolution::High, 119), (Resolution::Standard, 60)] {
            let key = written(resolution, 119_999);
            assert_eq!(Fields::read(&key).unwrap().seconds, seconds);
        }
        assert_eq!(
            written(Resolution::High, 5_000),
            written(Resolution::High, 5_999)
        );
        assert_ne!(
            written(Resolution::High, 0),
            written(Resolution::Standard, 0)
        );
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            name in ".{0,40}",
            dimensions in prop::collection::vec((".{0,9}", ".{0,40}"), 0..5),
            minutes in 0_u64..1 << 40,
        ) {
            let mut key = Vec::new();
            let pairs = || dimensions.iter().map(|(a, b)| (a.as_str(), b.as_str()));
            let given = Key {
                name: &name,
                unit: Unit::Percent,
                resolution: Resolution::High,
                millis: minutes * 60_000,
                dimensions: pairs(),
            };
            given.write(&mut key);
            let read = Fields::read(&key).unwrap();
            prop_assert!(read.high_resolution);
            prop_assert_eq!(read.seconds, minutes * 60);
            prop_assert_eq!((read.unit, read.name), ("Percent", name.as_str()));
            prop_assert!(read.dimensions().eq(pairs()));
        }
    }
}
