//! The numbers of the README's table of limits.

/// Bytes of an expression's text.
pub(crate) const MAX_LENGTH: usize = 16 * 1024;

/// Operators and brackets that stand in one another; see `scan.rs` for how they are counted.
pub(crate) const MAX_DEPTH: usize = 128;

/// What one search may do: nodes evaluated, values and text built.
pub(crate) const MAX_STEPS: usize = 2_000_000;

/// Bytes that one call of `powertools_base64_gzip` inflates: Lambda's own limit for a payload.
pub(crate) const MAX_INFLATED: usize = 6 * 1024 * 1024;
