//! The numbers of the README's table of limits.

/// Bytes of an expression's text.
pub(crate) const MAX_LENGTH: usize = 16 * 1024;

/// Operators and brackets that stand in one another; see `scan.rs` for how they are counted.
pub(crate) const MAX_DEPTH: usize = 128;

/// What one search may do for each `MAX_INFLATED` that inflated data may have: nodes evaluated,
/// values and text read and built. See `steps.rs` for what takes how many.
pub(crate) const MAX_STEPS: usize = 2_000_000;

/// Bytes that one call of `powertools_base64_gzip` inflates: Lambda's own limit for a payload.
pub(crate) const MAX_INFLATED: usize = 6 * 1024 * 1024;
