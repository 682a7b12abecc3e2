use std::{
    error::Error,
    fmt,
    time::{Duration, SystemTime},
};

use powertools_core::EnvError;

use crate::{
    record::{Status, StoredRecord},
    store::{StoreError, StoreErrorKind},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// What the layer has to say instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdempotencyErrorKind {
    /// The payload has no key, and one is required.
    MissingKey,
    /// The invocation has no tenant, and keys are to be kept apart by tenant.
    MissingTenant,
    /// An http layer has no key expression.
    MissingExpression,
    /// The key expression, or that of the payload validation, failed on this payload.
    Expression,
    /// The payload is not JSON.
    Payload,
    /// The body of the request could not be read.
    Body,
    /// Another call with this key runs.
    InProgress,
    /// The key was used with another payload.
    PayloadMismatch,
    /// The record changed each time it was looked at.
    InconsistentState,
    /// The invocation was over when the claim came through. Nothing has run.
    NoTimeLeft,
    /// The call took longer than its lease, and somebody else has the key by now. Its own answer
    /// was not kept.
    LeaseLost,
    /// The claim could not be written. Nothing has run.
    Claim,
    /// The record could not be read. Nothing has run.
    Read,
    /// The call has run, but its answer could not be kept. A duplicate runs it again when the
    /// lease is over.
    Complete,
    /// The call has failed, and its record could not be deleted. A duplicate runs it again when
    /// the lease is over. It takes the place of the handler's error, but around an http service.
    Release,
    /// The call has run, but its answer is not JSON.
    Unstorable,
    /// The call has run, but its answer is larger than the store takes and was not kept.
    TooLarge,
    /// The call was done before; its answer was too large to be kept.
    ResponseOmitted,
    /// The call was done before; what is kept of it cannot be read as an answer of this handler.
    UnreadableAnswer,
    /// The response hook failed.
    Hook,
    /// The answer's body failed before its end.
    ResponseBody,
}

impl IdempotencyErrorKind {
    /// What happened, and what to do.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::MissingKey => "the request has no idempotency key",
            Self::MissingTenant => {
                "the invocation has no tenant id, which the idempotency key is to contain"
            }
            Self::MissingExpression => {
                "an idempotency layer around an http service needs a key expression: set one \
                 with `key`"
            }
            Self::Expression => "the expression for the idempotency key failed on this payload",
            Self::Payload => "the payload that the idempotency key is taken from is not JSON",
            Self::Body => "the body that the idempotency key is taken from could not be read",
            Self::InProgress => "execution already in progress with idempotency key",
            Self::PayloadMismatch => {
                "the payload does not match the stored record for this idempotency key"
            }
            Self::InconsistentState => "the idempotency record changed each time it was looked at",
            Self::NoTimeLeft => "the invocation was over before the call could run",
            Self::LeaseLost => {
                "the call took longer than its lease and its idempotency key was taken over; \
                 its answer was not kept"
            }
            Self::Claim => "failed to save the in-progress record to the idempotency store",
            Self::Read => "failed to get the record from the idempotency store",
            Self::Complete => {
                "failed to update the record to completed in the idempotency store, although \
                 the call has run"
            }
            Self::Release => "failed to delete the record of a failed call",
            Self::Unstorable => "the call has run, but its answer cannot be written as JSON",
            Self::TooLarge => {
                "the call has run, but its answer is larger than the idempotency store takes; \
                 see `too_large`"
            }
            Self::ResponseOmitted => {
                "the call was done before, and its answer was too large to be kept"
            }
            Self::UnreadableAnswer => {
                "the call was done before, and what is stored of it is not an answer of this \
                 handler"
            }
            Self::Hook => "the response hook failed",
            Self::ResponseBody => "the body of the answer failed before its end",
        }
    }

    /// The name that the other languages have for it, as the type of the invocation's error.
    #[cfg(feature = "lambda")]
    const fn type_name(self) -> &'static str {
        match self {
            Self::MissingKey | Self::MissingTenant => "IdempotencyKeyError",
            Self::InProgress => "IdempotencyAlreadyInProgressError",
            Self::PayloadMismatch => "IdempotencyValidationError",
            Self::InconsistentState => "IdempotencyInconsistentStateError",
            Self::LeaseLost => "IdempotencyLeaseLostError",
            Self::Hook => "IdempotencyResponseHookError",
            _ => "IdempotencyPersistenceLayerError",
        }
    }
}

/// The layer's own error. It shows the hashed key, never a payload.
pub struct IdempotencyError(Box<Inner>);

struct Inner {
    kind: IdempotencyErrorKind,
    key: Option<String>,
    record: Option<StoredRecord>,
    source: Option<BoxError>,
}

impl IdempotencyError {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> IdempotencyErrorKind {
        self.0.kind
    }

    /// Whether another call with this key runs.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.kind() == IdempotencyErrorKind::InProgress
    }

    /// Whether the key was used with another payload.
    #[must_use]
    pub fn is_payload_mismatch(&self) -> bool {
        self.kind() == IdempotencyErrorKind::PayloadMismatch
    }

    /// Whether the payload has no key, and one is required.
    #[must_use]
    pub fn is_missing_key(&self) -> bool {
        self.kind() == IdempotencyErrorKind::MissingKey
    }

    /// Whether the call was not the owner of its key any more when it ended.
    #[must_use]
    pub fn is_lease_lost(&self) -> bool {
        self.kind() == IdempotencyErrorKind::LeaseLost
    }

    /// Whether the handler has run in this call, so that its effects are there. What another
    /// call did is not meant.
    #[must_use]
    pub fn has_run(&self) -> bool {
        matches!(
            self.kind(),
            IdempotencyErrorKind::LeaseLost
                | IdempotencyErrorKind::Complete
                | IdempotencyErrorKind::Release
                | IdempotencyErrorKind::Unstorable
                | IdempotencyErrorKind::TooLarge
                | IdempotencyErrorKind::ResponseBody
        )
    }

    /// What kind of error the store had, if it is one of the store's.
    #[must_use]
    pub fn store(&self) -> Option<StoreErrorKind> {
        let source = self.0.source.as_deref()?;
        source.downcast_ref::<StoreError>().map(StoreError::kind)
    }

    /// The whole key, which has the hash of what the payload's key is.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// When the running call is over at the latest: the end of its lease.
    #[must_use]
    pub fn lease_ends_at(&self) -> Option<SystemTime> {
        let running = self
            .record()
            .filter(|record| record.status() == Status::InProgress);
        let millis = running?.in_progress_expiration()?;
        let since = Duration::from_millis(u64::try_from(millis).ok()?);
        SystemTime::UNIX_EPOCH.checked_add(since)
    }

    /// The record that stood in the way.
    #[must_use]
    pub fn record(&self) -> Option<&StoredRecord> {
        self.0.record.as_ref()
    }

    /// Keeps what caused it. Its text is shown; it must not contain a payload.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.0.key = Some(key.to_owned());
        self
    }

    pub(crate) fn with_record(mut self, record: impl Into<Option<StoredRecord>>) -> Self {
        self.0.record = record.into();
        self
    }
}

impl From<IdempotencyErrorKind> for IdempotencyError {
    fn from(kind: IdempotencyErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            key: None,
            record: None,
            source: None,
        }))
    }
}

impl fmt::Display for IdempotencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().text())?;
        match &self.0.key {
            Some(key) => write!(f, " (key {key})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for IdempotencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyError")
            .field("kind", &self.0.kind)
            .field("key", &self.0.key)
            .field("record", &self.0.record)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for IdempotencyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// With the error type that the other languages give, and the whole chain as the message.
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl From<IdempotencyError> for lambda_runtime::Diagnostic {
    fn from(error: IdempotencyError) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self {
            error_type: error.kind().type_name().to_owned(),
            error_message: message,
        }
    }
}

/// Why a layer could not be built.
#[derive(Debug)]
pub struct IdempotencyConfigError(Config);

#[derive(Debug)]
enum Config {
    Id,
    Duration(&'static str),
    Hold,
    Expression(powertools_jmespath::Error),
    Environment(EnvError),
}

impl IdempotencyConfigError {
    pub(crate) fn empty_id() -> Self {
        Self(Config::Id)
    }

    pub(crate) fn hold() -> Self {
        Self(Config::Hold)
    }

    pub(crate) fn duration(setting: &'static str) -> Self {
        Self(Config::Duration(setting))
    }
}

impl From<powertools_jmespath::Error> for IdempotencyConfigError {
    fn from(error: powertools_jmespath::Error) -> Self {
        Self(Config::Expression(error))
    }
}

impl From<EnvError> for IdempotencyConfigError {
    fn from(error: EnvError) -> Self {
        Self(Config::Environment(error))
    }
}

impl fmt::Display for IdempotencyConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Config::Duration(setting) => {
                return write!(f, "{setting} must be between a second and a hundred years");
            }
            Config::Hold => "the hold after a time-out must be at most a hundred years",
            Config::Id => "the id of an idempotency layer is empty: give each layer its own",
            Config::Expression(_) => "a key expression is not JMESPath",
            Config::Environment(_) => "an environment variable cannot be used",
        })
    }
}

impl Error for IdempotencyConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Config::Id | Config::Duration(_) | Config::Hold => None,
            Config::Expression(error) => Some(error),
            Config::Environment(error) => Some(error),
        }
    }
}
