use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use powertools_core::{Host, Invocation};

use crate::{
    AfterTimeout, IdempotencyError, IdempotencyErrorKind, KeyPlan, TooLarge, cache::LocalCache,
    problem,
};

/// Replaces the answer to a call that is not run.
pub(crate) type Rejection = Arc<dyn Fn(&IdempotencyError) -> Option<Response<Bytes>> + Send + Sync>;

/// Which statuses are kept and replayed.
pub(crate) type KeepStatus = Arc<dyn Fn(StatusCode) -> bool + Send + Sync>;

/// What a layer was built with.
pub(crate) struct Settings {
    pub(crate) prefix: Box<str>,
    pub(crate) by_tenant: bool,
    pub(crate) disabled: bool,
    pub(crate) expires_after: Duration,
    pub(crate) lease: Duration,
    pub(crate) after_timeout: AfterTimeout,
    pub(crate) wait: Option<Duration>,
    pub(crate) too_large: TooLarge,
    pub(crate) cache: LocalCache,
    pub(crate) exchange: ExchangeSettings,
    pub(crate) host: Host,
}

impl Settings {
    /// The whole key of a call.
    pub(crate) fn key(
        &self,
        invocation: impl FnOnce() -> Invocation,
        hash: &str,
    ) -> Result<String, IdempotencyError> {
        if !self.by_tenant {
            return Ok(self.compose(None, hash));
        }
        let invocation = invocation();
        let tenant = invocation.tenant_id();
        let tenant = tenant.ok_or(IdempotencyErrorKind::MissingTenant)?;
        Ok(self.compose(Some(tenant), hash))
    }

    /// 32 hexadecimal digits, new for each run.
    pub(crate) fn new_owner(&self) -> Arc<str> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0; 16];
        self.host.random().fill(&mut bytes);
        let mut owner = String::with_capacity(32);
        for byte in bytes {
            owner.push(char::from(DIGITS[usize::from(byte >> 4)]));
            owner.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        owner.into()
    }

    /// Neither hash contains a `#`, so that no tenant can be made to look like another's key.
    fn compose(&self, tenant: Option<&str>, hash: &str) -> String {
        let tenant_len = tenant.map_or(0, |tenant| tenant.len() + 1);
        let mut key = String::with_capacity(self.prefix.len() + tenant_len + 1 + hash.len());
        key.push_str(&self.prefix);
        if let Some(tenant) = tenant {
            key.push('#');
            key.push_str(tenant);
        }
        key.push('#');
        key.push_str(hash);
        key
    }
}

/// What a layer was built with, as far as a request and its answer need it: for
/// [`Exchange`](crate::Exchange).
pub struct ExchangeSettings {
    pub(crate) keys: KeyPlan,
    pub(crate) max_body_len: usize,
    pub(crate) keep_status: KeepStatus,
    pub(crate) rejection: Option<Rejection>,
}

impl ExchangeSettings {
    /// How the key is taken from a payload.
    #[must_use]
    pub fn keys(&self) -> &KeyPlan {
        &self.keys
    }

    /// How many bytes of a request's body are read for its key.
    #[must_use]
    pub fn max_body_len(&self) -> usize {
        self.max_body_len
    }

    /// Whether an http answer of this status is kept and replayed.
    #[must_use]
    pub fn keeps(&self, status: StatusCode) -> bool {
        (self.keep_status)(status)
    }

    /// The http answer in the place of the service's.
    #[must_use]
    pub fn rejection(&self, error: &IdempotencyError) -> Response<Bytes> {
        let replaced = self.rejection.as_ref().and_then(|replace| replace(error));
        replaced.unwrap_or_else(|| problem::answer(error))
    }
}

impl fmt::Debug for ExchangeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeSettings")
            .field("keys", &self.keys)
            .field("max_body_len", &self.max_body_len)
            .finish_non_exhaustive()
    }
}
