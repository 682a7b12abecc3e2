//! Identifiers in the shapes that AWS gives them.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use powertools_core::SharedRandom;

/// Lower-case hexadecimal digits, two for each of `N` random bytes.
pub(crate) fn hex<const N: usize>(random: &SharedRandom) -> String {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    to_hex(&bytes)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A random UUID, version 4.
pub(crate) fn uuid(random: &SharedRandom) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = to_hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A trace root as API Gateway makes one: `1-<epoch>-<random>`.
pub(crate) fn trace_root(now: SystemTime, random: &SharedRandom) -> String {
    // Eight hexadecimal digits, as the format has room for.
    let seconds = since_epoch(now).as_secs() & 0xffff_ffff;
    format!("1-{seconds:08x}-{}", hex::<12>(random))
}

/// The trace header of a sampled invocation below `root`.
pub(crate) fn trace_header(root: &str, random: &SharedRandom) -> String {
    format!("Root={root};Parent={};Sampled=1", hex::<8>(random))
}

/// The time since the epoch; zero before it.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_the_shape_of_version_4() {
        let id = uuid(&SharedRandom::default());

        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        assert_ne!(id, uuid(&SharedRandom::default()));
    }

    #[test]
    fn a_trace_header_has_root_parent_and_decision() {
        let random = SharedRandom::default();
        let now = UNIX_EPOCH + Duration::from_secs(0x6553_f100);
        let root = trace_root(now, &random);
        assert!(root.starts_with("1-6553f100-"), "{root}");
        assert_eq!(root.len(), 35);

        let header = trace_header(&root, &random);
        assert!(
            header.starts_with(&format!("Root={root};Parent=")),
            "{header}"
        );
        assert!(header.ends_with(";Sampled=1"), "{header}");
        assert_eq!(header.len(), "Root=;Parent=;Sampled=1".len() + 35 + 16);
    }
}
