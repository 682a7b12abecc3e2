//! What a store keeps of a call.

use std::{error::Error, fmt, str::FromStr, sync::Arc};

/// How far the call of a record has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Somebody runs it, or ran it and did not come to an end.
    InProgress,
    /// It is done, and its answer is kept.
    Completed,
}

impl Status {
    /// The word that stands in records: `INPROGRESS` or `COMPLETED`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "INPROGRESS",
            Self::Completed => "COMPLETED",
        }
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        match word {
            "INPROGRESS" => Ok(Self::InProgress),
            "COMPLETED" => Ok(Self::Completed),
            _ => Err(UnknownStatus),
        }
    }
}

/// A record's status is neither `INPROGRESS` nor `COMPLETED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownStatus;

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the status of a record is neither INPROGRESS nor COMPLETED")
    }
}

impl Error for UnknownStatus {}

/// What a completed call left.
// Exhaustive: a store that did not know a kind of answer would lose it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// What it returned, as JSON. Other languages replay it too.
    Response(Arc<str>),
    /// The error that is its final answer, as JSON. Other languages see a record without a
    /// response.
    Error(Arc<str>),
    /// It returned something that was too large, and not kept.
    Omitted,
    /// What it returned lies in another store, under this reference.
    Overflow(Arc<str>),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Answers are payload.
        f.write_str(match self {
            Self::Response(_) => "Response(..)",
            Self::Error(_) => "Error(..)",
            Self::Omitted => "Omitted",
            Self::Overflow(_) => "Overflow(..)",
        })
    }
}

/// A record as a store has it.
///
/// ```
/// use powertools_idempotency::{Answer, Status, StoredRecord};
///
/// let record = StoredRecord::new(Status::Completed, 1_700_003_600)
///     .with_answer(Answer::Response("true".into()))
///     .with_owner("4f5f4713d180fb0cb1041f7caf4faaaa");
/// assert_eq!(record.status(), Status::Completed);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StoredRecord {
    status: Status,
    expiration: i64,
    in_progress_expiration: Option<i64>,
    payload_hash: Option<Arc<str>>,
    owner: Option<Arc<str>>,
    answer: Option<Answer>,
}

impl StoredRecord {
    /// A record of this status that counts until this second since 1970.
    #[must_use]
    pub fn new(status: Status, expiration: i64) -> Self {
        Self {
            status,
            expiration,
            in_progress_expiration: None,
            payload_hash: None,
            owner: None,
            answer: None,
        }
    }

    /// Sets the end of the lease, in milliseconds since 1970.
    #[must_use]
    pub fn with_in_progress_expiration(mut self, millis: impl Into<Option<i64>>) -> Self {
        self.in_progress_expiration = millis.into();
        self
    }

    /// Sets the hash that later payloads are compared with.
    #[must_use]
    pub fn with_payload_hash(mut self, hash: impl Into<Arc<str>>) -> Self {
        self.payload_hash = Some(hash.into());
        self
    }

    /// Sets the mark of the run that wrote it.
    #[must_use]
    pub fn with_owner(mut self, mark: impl Into<Arc<str>>) -> Self {
        self.owner = Some(mark.into());
        self
    }

    /// Sets what the call left.
    #[must_use]
    pub fn with_answer(mut self, answer: Answer) -> Self {
        self.answer = Some(answer);
        self
    }

    /// How far the call has come.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The last second since 1970 in which the record counts.
    #[must_use]
    pub fn expiration(&self) -> i64 {
        self.expiration
    }

    /// The last millisecond since 1970 of the lease under which the call runs. It stays on a
    /// completed record and means nothing there. Other languages may leave it out.
    #[must_use]
    pub fn in_progress_expiration(&self) -> Option<i64> {
        self.in_progress_expiration
    }

    /// The hash that payloads are compared with, if payloads are validated.
    #[must_use]
    pub fn payload_hash(&self) -> Option<&str> {
        self.payload_hash.as_deref()
    }

    /// The mark of the run that wrote it; other languages write none.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// What the call left. A completed record of another language may have nothing, which
    /// stands for `null`.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }
}

impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRecord")
            .field("status", &self.status)
            .field("expiration", &self.expiration)
            .field("in_progress_expiration", &self.in_progress_expiration)
            .field("owner", &self.owner)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_two_words() {
        for status in [Status::InProgress, Status::Completed] {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        for word in ["EXPIRED", "completed", ""] {
            assert_eq!(word.parse::<Status>(), Err(UnknownStatus), "{word}");
        }
    }

    #[test]
    fn debug_shows_no_payload() {
        let record = StoredRecord::new(Status::Completed, 1)
            .with_answer(Answer::Response("s3cret".into()))
            .with_payload_hash("h4sh");
        let text = format!("{record:?}");
        assert!(!text.contains("s3cret") && !text.contains("h4sh"), "{text}");
    }
}
