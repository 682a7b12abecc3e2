use std::{
    error::Error,
    fmt,
    ops::RangeInclusive,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};
use powertools_core::{Env, Host};
use powertools_jmespath::{Expression, Functions};

use crate::{
    AfterTimeout, ExchangeSettings, FinalErrors, HashFunction, IdempotencyConfig,
    IdempotencyConfigError, IdempotencyError, IdempotencyStore, KeyFormat, KeyPlan, NoErrors,
    NoHook, ReplayedRecord, TooLarge, WithHook, WithOmitted,
    cache::LocalCache,
    settings::{KeepStatus, Rejection, Settings},
    shared::Shared,
    typescript,
};

/// Python's default, in seconds.
const EXPIRES_AFTER: Duration = Duration::from_secs(3600);
/// The longest that an invocation can take.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// What a record's times can be.
const DURATIONS: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(100 * 366 * 24 * 3600);
/// More than Lambda lets through.
const MAX_BODY_LEN: usize = 10 * 1024 * 1024;

impl<St: IdempotencyStore> IdempotencyConfig<St> {
    /// Begins with an id and a store. The id is a part of each key, so that two functions, or two
    /// layers in one, never share keys, unless a prefix or the key format of TypeScript takes its
    /// place.
    pub fn builder(id: impl Into<String>, store: St) -> IdempotencyBuilder<St> {
        IdempotencyBuilder::new(id.into(), store)
    }
}

/// Builder of an [`IdempotencyLayer`](crate::IdempotencyLayer) or an [`IdempotencyConfig`].
#[must_use = "a builder builds nothing until `build`"]
pub struct IdempotencyBuilder<St, H = NoHook, F = NoErrors> {
    id: String,
    store: St,
    hook: H,
    errors: F,
    parts: Parts,
}

/// What is set, before it is checked.
struct Parts {
    key: Option<String>,
    validation: Option<String>,
    functions: Option<Functions>,
    key_prefix: Option<String>,
    format: KeyFormat,
    function: Option<HashFunction>,
    require_key: bool,
    by_tenant: bool,
    expires_after: Duration,
    lease: Duration,
    after_timeout: AfterTimeout,
    wait: Option<Duration>,
    too_large: TooLarge,
    cache: LocalCache,
    max_body_len: usize,
    keep_status: KeepStatus,
    rejection: Option<Rejection>,
    host: Host,
}

impl<St: IdempotencyStore> IdempotencyBuilder<St> {
    fn new(id: String, store: St) -> Self {
        Self {
            id,
            store,
            hook: NoHook,
            errors: NoErrors,
            parts: Parts {
                key: None,
                validation: None,
                functions: None,
                key_prefix: None,
                format: KeyFormat::default(),
                function: None,
                require_key: false,
                by_tenant: false,
                expires_after: EXPIRES_AFTER,
                lease: LEASE,
                after_timeout: AfterTimeout::default(),
                wait: None,
                too_large: TooLarge::default(),
                cache: LocalCache::default(),
                max_body_len: MAX_BODY_LEN,
                keep_status: Arc::new(keeps),
                rejection: None,
                host: Host::default(),
            },
        }
    }
}

/// Answers that are final: those that a repeated request would get again.
fn keeps(status: StatusCode) -> bool {
    !status.is_server_error()
        && !matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

impl<St: IdempotencyStore, H, F> IdempotencyBuilder<St, H, F> {
    /// The JMESPath expression that selects the key from the payload. Default: the whole
    /// payload; around an http service there must be one.
    pub fn key(mut self, expression: impl Into<String>) -> Self {
        self.parts.key = Some(expression.into());
        self
    }

    /// The JMESPath expression that selects what must not change while the key stays the same.
    /// Default: nothing is compared.
    pub fn payload_validation(mut self, expression: impl Into<String>) -> Self {
        self.parts.validation = Some(expression.into());
        self
    }

    /// The functions that expressions may use, in the place of the standard ones and those of
    /// Powertools.
    pub fn jmespath_functions(mut self, functions: Functions) -> Self {
        self.parts.functions = Some(functions);
        self
    }

    /// What keys begin with, verbatim, in the place of `<AWS_LAMBDA_FUNCTION_NAME>.<id>`: to
    /// share keys with a function in another language.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.parts.key_prefix = Some(prefix.into());
        self
    }

    /// How keys are spelled.
    pub fn key_format(mut self, format: KeyFormat) -> Self {
        self.parts.format = format;
        self
    }

    /// The function that hashes keys and payloads. Default: SHA-256, for the formats of other
    /// languages MD5.
    pub fn hash_function(mut self, function: HashFunction) -> Self {
        self.parts.function = Some(function);
        self
    }

    /// Whether a payload without a key is refused. Default: no, it runs without a record.
    pub fn require_key(mut self, on: bool) -> Self {
        self.parts.require_key = on;
        self
    }

    /// Whether keys contain the tenant of the invocation, so that tenants never share them.
    /// Default: no. An invocation without a tenant is refused.
    pub fn tenant_isolation(mut self, on: bool) -> Self {
        self.parts.by_tenant = on;
        self
    }

    /// How long a completed record is replayed, from the end of the call. Default: an hour.
    /// Whole seconds count.
    pub fn expires_after(mut self, duration: Duration) -> Self {
        self.parts.expires_after = duration;
        self
    }

    /// The lease of a call whose invocation has no known deadline. Default: 15 minutes. With a
    /// deadline the lease is what is left of the invocation.
    pub fn lease(mut self, duration: Duration) -> Self {
        self.parts.lease = duration;
        self
    }

    /// What a duplicate meets when the first call has not ended in its time. Default: it runs.
    pub fn after_timeout(mut self, policy: AfterTimeout) -> Self {
        self.parts.after_timeout = policy;
        self
    }

    /// How long a duplicate waits for the answer of the running call. Default: not at all. It
    /// never waits for more than nine tenths of its own time.
    pub fn wait_in_progress(mut self, limit: Duration) -> Self {
        self.parts.wait = Some(limit);
        self
    }

    /// What becomes of an answer that is larger than the store takes. Default: an error.
    pub fn too_large(mut self, policy: TooLarge) -> Self {
        self.parts.too_large = policy;
        self
    }

    /// Keeps up to this many completed records in the memory of the process; those used least
    /// recently go first. Default: none.
    #[cfg(feature = "local-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "local-cache")))]
    pub fn local_cache(mut self, size: u64) -> Self {
        self.parts.cache = LocalCache::of_size(size);
        self
    }

    /// How many bytes of an http request's body are read for its key. Default: 10 MiB.
    pub fn max_body_len(mut self, bytes: usize) -> Self {
        self.parts.max_body_len = bytes;
        self
    }

    /// Which http statuses are final: kept and replayed. After others the call may run again.
    /// Default: all but 408, 425, 429 and 5xx.
    pub fn keep_status(
        mut self,
        keeps: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.parts.keep_status = Arc::new(keeps);
        self
    }

    /// Replaces http answers to calls that are not run; `None` leaves the usual one.
    pub fn rejection(
        mut self,
        answer: impl Fn(&IdempotencyError) -> Option<Response<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        self.parts.rejection = Some(Arc::new(answer));
        self
    }

    /// Has each replayed answer go through a closure, which gives the answer that the caller
    /// gets.
    pub fn response_hook<Res, C>(self, hook: C) -> IdempotencyBuilder<St, WithHook<H, C>, F>
    where
        C: Fn(Res, &ReplayedRecord<'_>) -> Result<Res, Box<dyn Error + Send + Sync>>,
    {
        self.map_hook(|before| WithHook::new(before, hook))
    }

    /// The answer in the place of one that was too large to be kept.
    pub fn omitted_response<Res, O>(
        self,
        omitted: O,
    ) -> IdempotencyBuilder<St, WithOmitted<H, O>, F>
    where
        O: Fn(&ReplayedRecord<'_>) -> Res,
    {
        self.map_hook(|before| WithOmitted::new(before, omitted))
    }

    /// Replaces what sees replayed answers by an implementation of
    /// [`ReplayHook`](crate::ReplayHook).
    pub fn replay_hook<H2>(self, hook: H2) -> IdempotencyBuilder<St, H2, F> {
        self.map_hook(|_| hook)
    }

    fn map_hook<H2>(self, map: impl FnOnce(H) -> H2) -> IdempotencyBuilder<St, H2, F> {
        IdempotencyBuilder {
            id: self.id,
            store: self.store,
            hook: map(self.hook),
            errors: self.errors,
            parts: self.parts,
        }
    }

    /// Keeps errors that are final by this predicate, and replays them. One that cannot be written
    /// as JSON is kept without its text, and a duplicate gets another error. Default: after an error
    /// the call may run again.
    pub fn final_errors<Err, P>(self, is_final: P) -> IdempotencyBuilder<St, H, FinalErrors<Err, P>>
    where
        P: Fn(&Err) -> bool,
    {
        self.keep_errors(FinalErrors::new(is_final))
    }

    /// As [`final_errors`](Self::final_errors), for errors that serde cannot write and read.
    pub fn keep_errors<F2>(self, errors: F2) -> IdempotencyBuilder<St, H, F2> {
        IdempotencyBuilder {
            id: self.id,
            store: self.store,
            hook: self.hook,
            errors,
            parts: self.parts,
        }
    }

    /// Replaces environment, clock and randomness of the process.
    pub fn host(mut self, host: Host) -> Self {
        self.parts.host = host;
        self
    }

    /// Builds what [`idempotent`](crate::idempotent) takes.
    ///
    /// # Errors
    ///
    /// The id is empty, an expression is not JMESPath, a duration is out of range, or
    /// `POWERTOOLS_IDEMPOTENCY_DISABLED` is neither true nor false.
    pub fn build_config(self) -> Result<IdempotencyConfig<St, H, F>, IdempotencyConfigError> {
        let parts = self.parts;
        for (setting, duration) in [
            ("expires_after", parts.expires_after),
            ("lease", parts.lease),
        ] {
            if !DURATIONS.contains(&duration) {
                return Err(IdempotencyConfigError::duration(setting));
            }
        }
        if matches!(parts.after_timeout, AfterTimeout::Hold(hold) if hold > *DURATIONS.end()) {
            return Err(IdempotencyConfigError::hold());
        }
        let env = parts.host.env();
        let disabled = env
            .get_bool("POWERTOOLS_IDEMPOTENCY_DISABLED")?
            .unwrap_or(false);
        if disabled {
            tracing::warn!(
                target: "powertools::idempotency",
                "idempotency is disabled by POWERTOOLS_IDEMPOTENCY_DISABLED; never do so in \
                 production"
            );
        }
        let prefix = prefix(&self.id, parts.key_prefix, parts.format, env)?;
        let expression = |text: Option<String>| {
            let text = text.filter(|text| !text.is_empty());
            text.map(|text| match &parts.functions {
                None if parts.format == KeyFormat::TypeScript => {
                    Expression::with_functions(&text, &typescript::functions())
                }
                None => Expression::new(&text),
                Some(functions) => Expression::with_functions(&text, functions),
            })
            .transpose()
        };
        let keys = KeyPlan {
            expression: expression(parts.key)?,
            validation: expression(parts.validation)?,
            format: parts.format,
            function: parts.function.unwrap_or(parts.format.default_function()),
            require_key: parts.require_key,
        };
        let settings = Settings {
            prefix: prefix.into(),
            by_tenant: parts.by_tenant,
            disabled,
            expires_after: parts.expires_after,
            lease: parts.lease,
            after_timeout: parts.after_timeout,
            wait: parts.wait,
            too_large: parts.too_large,
            cache: parts.cache,
            exchange: ExchangeSettings {
                keys,
                max_body_len: parts.max_body_len,
                keep_status: parts.keep_status,
                rejection: parts.rejection,
            },
            host: parts.host,
        };
        Ok(IdempotencyConfig {
            shared: Arc::new(Shared {
                settings,
                store: Arc::new(self.store),
                hook: self.hook,
                errors: self.errors,
                warned: AtomicBool::new(false),
            }),
            replays: false,
        })
    }
}

fn prefix(
    id: &str,
    key_prefix: Option<String>,
    format: KeyFormat,
    env: &Env,
) -> Result<String, IdempotencyConfigError> {
    if id.is_empty() {
        return Err(IdempotencyConfigError::empty_id());
    }
    let function = env.get("AWS_LAMBDA_FUNCTION_NAME");
    Ok(
        match (format, key_prefix.filter(|prefix| !prefix.is_empty())) {
            (KeyFormat::TypeScript, Some(prefix)) if !prefix.trim().is_empty() => {
                prefix.trim().to_owned()
            }
            (KeyFormat::TypeScript, _) => function.unwrap_or_default(),
            (_, Some(prefix)) => prefix,
            // What Python takes outside of Lambda.
            (_, None) => format!("{}.{id}", function.as_deref().unwrap_or("test-func")),
        },
    )
}

impl<St, H, F> fmt::Debug for IdempotencyBuilder<St, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyBuilder")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
