/// What becomes of an answer that is larger than the store takes. Either way the record is
/// completed without it, since it would be too large each time that the call ran again: a
/// duplicate gets the [`omitted_response`](crate::IdempotencyBuilder::omitted_response), or an
/// error.
///
/// A final error that is too large is given to its caller, and not kept either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TooLarge {
    /// The caller gets an error.
    #[default]
    Error,
    /// The caller gets the answer.
    OmitResponse,
}
