//! How long a line may be.

/// CloudWatch counts so many bytes for an event besides its text.
const OVERHEAD: usize = 26;

/// What a line on Lambda's way to CloudWatch may have.
pub(crate) const LAMBDA_BYTES: usize = 256 * 1024 - OVERHEAD;

/// What a log event may have.
pub(crate) const EVENT_BYTES: usize = 1024 * 1024 - OVERHEAD;

/// What is wrong with the size of a line, which counts without its newline.
pub(crate) fn too_long(line: &[u8], most: usize) -> Option<String> {
    let length = line.strip_suffix(b"\n").unwrap_or(line).len();
    (length > most).then(|| format!("{length} bytes of at most {most}"))
}
