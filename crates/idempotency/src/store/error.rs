use std::{error::Error, fmt};

use crate::record::UnknownStatus;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a store could not do its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// What the store has under the key is no record: it lacks a part, or a part has another
    /// type.
    InvalidRecord,
    /// The record has a status that is none.
    InvalidStatus,
    /// There is no such table.
    TableNotFound,
    /// The table's key is another than the one configured.
    KeySchema,
    /// The key is longer than the store takes.
    KeyTooLong,
    /// The record is larger than the store takes.
    TooLarge,
    /// The store takes no more requests for now.
    Throttled,
    /// These credentials may not do this.
    AccessDenied,
    /// The store did not answer, or its answer was lost: it may have written or not.
    Unavailable,
    /// Anything else.
    Other,
}

impl StoreErrorKind {
    /// What happened, and what to do.
    const fn text(self) -> &'static str {
        match self {
            Self::InvalidRecord => {
                "what is stored under the key is no record; delete it, or look for another \
                 writer with other attribute names"
            }
            Self::InvalidStatus => {
                "the status of the record is neither INPROGRESS nor COMPLETED; delete the \
                 record, or look for another writer with other attribute names"
            }
            Self::TableNotFound => "there is no such table; check its name, region and account",
            Self::KeySchema => {
                "the table has another key; check key_attr and sort_key_attr against it"
            }
            Self::KeyTooLong => "the key is longer than the store takes; use a shorter prefix",
            Self::TooLarge => "the record is larger than the store takes",
            Self::Throttled => {
                "the store takes no more requests for now; check the capacity of the table"
            }
            Self::AccessDenied => {
                "access was denied; check that the function's role allows the calls that the \
                 documentation lists"
            }
            Self::Unavailable => "the store did not answer; check the network and the endpoint",
            Self::Other => "the store failed",
        }
    }
}

/// The error of a store. It never shows a payload.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<BoxError>,
}

impl StoreError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Keeps what caused it. Its text is shown; it must not contain a payload.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<UnknownStatus> for StoreError {
    fn from(unknown: UnknownStatus) -> Self {
        Self::new(StoreErrorKind::InvalidStatus).with_source(unknown)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
