/// What becomes of an answer that is larger than the store takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TooLarge {
    /// The caller gets an error, and the record stays as that of a running call until its lease
    /// is over.
    #[default]
    Error,
    /// The caller gets the answer, and the record is completed without it. A duplicate gets the
    /// [`omitted_response`](crate::IdempotencyBuilder::omitted_response), or an error.
    OmitResponse,
}
