use std::time::Duration;

use powertools_core::Host;
use powertools_idempotency::{
    HashFunction, IdempotencyBuilder, IdempotencyConfig, IdempotencyStore, KeyFormat,
};

use crate::{
    arm::Refusal,
    arms::common::members::{self, given, unknown},
    json::Json,
    mapping,
};

/// The settings of a case, of which each environment builds its own layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    key: Option<String>,
    validation: Option<String>,
    hash_function: Option<String>,
    require_key: bool,
    expires_after: Option<Duration>,
    /// How many records the local cache holds, if there is one.
    pub(super) cache: Option<u64>,
}

const MEMBERS: [&str; 7] = [
    "event_key_jmespath",
    "expires_after_seconds",
    "hash_function",
    "local_cache_max_items",
    "payload_validation_jmespath",
    "raise_on_no_idempotency_key",
    "use_local_cache",
];

/// Python's default.
const CACHE_SIZE: u64 = 256;

impl Config {
    pub(super) fn read(config: &Json) -> Result<Self, Refusal> {
        members::known(members::object(config, "`config`")?, &MEMBERS)?;
        let text = |name| Ok::<_, Refusal>(members::text(config, name)?.map(str::to_owned));
        let flag = |name| Ok::<_, Refusal>(members::bool(config, name)?.unwrap_or(false));
        let size = match given(config, "local_cache_max_items") {
            None => CACHE_SIZE,
            Some(size) => size
                .as_number()
                .and_then(|size| size.as_u64())
                .ok_or_else(|| unknown("`local_cache_max_items` of this form"))?,
        };
        Ok(Self {
            key: text("event_key_jmespath")?,
            validation: text("payload_validation_jmespath")?,
            hash_function: text("hash_function")?,
            require_key: flag("raise_on_no_idempotency_key")?,
            expires_after: seconds(config)?,
            cache: flag("use_local_cache")?.then_some(size),
        })
    }

    /// The same for a payload that is the key itself; `None` if it is refused when it is missing.
    pub(super) fn of_selected(&self) -> Option<Self> {
        let key = None;
        (!self.require_key).then(|| Self {
            key,
            ..self.clone()
        })
    }

    /// A builder with these settings, or the kind of the error that there is instead.
    pub(super) fn builder<St: IdempotencyStore>(
        &self,
        id: &str,
        format: KeyFormat,
        key_prefix: Option<&str>,
        store: St,
        host: &Host,
    ) -> Result<IdempotencyBuilder<St>, Json> {
        let mut builder = IdempotencyConfig::builder(id, store)
            .key_format(format)
            .require_key(self.require_key)
            .host(host.clone());
        if let Some(prefix) = key_prefix {
            builder = builder.key_prefix(prefix);
        }
        if let Some(expression) = &self.key {
            builder = builder.key(expression);
        }
        if let Some(expression) = &self.validation {
            builder = builder.payload_validation(expression);
        }
        if let Some(name) = &self.hash_function {
            let name = match format {
                KeyFormat::TypeScript => mapping::node_hash_function(name).unwrap_or_default(),
                _ => name,
            };
            let function: HashFunction = name
                .parse()
                .map_err(|_| Json::object([("type", Json::text("hash_function"))]))?;
            builder = builder.hash_function(function);
        }
        if let Some(duration) = self.expires_after {
            builder = builder.expires_after(duration);
        }
        if let Some(size) = self.cache {
            builder = builder.local_cache(size);
        }
        Ok(builder)
    }
}

fn seconds(config: &Json) -> Result<Option<Duration>, Refusal> {
    let Some(seconds) = given(config, "expires_after_seconds") else {
        return Ok(None);
    };
    let seconds = seconds.as_number().map(crate::json::Number::as_f64);
    let seconds = seconds.ok_or_else(|| unknown("`expires_after_seconds` of this form"))?;
    let negative = || Refusal::NoCounterpart("a duration that is negative".to_owned());
    Duration::try_from_secs_f64(seconds)
        .map(Some)
        .map_err(|_| negative())
}
