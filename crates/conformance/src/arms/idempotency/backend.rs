//! Where records live in a case: a table or a cache, and what it shows of itself.

use std::sync::Arc;

use powertools_core::Host;
use powertools_idempotency::{DynamoDbStore, IdempotencyStore, RedisStore};

use super::{
    cache::Connection,
    dynamodb::{Canned, Row, Service, TABLE, client},
    failure,
    setup::StoreOptions,
};
use crate::{
    arm::Refusal,
    arms::common::members::{self, unknown},
    json::Json,
    mapping,
};

pub(super) trait Backend: Clone + Send + Sync + 'static {
    type Store: IdempotencyStore;

    /// A store of an environment, or the error that there is instead.
    fn store(&self, host: &Host) -> Result<Self::Store, Json>;

    /// Puts there what a case begins with.
    fn seed(&self, seed: &Json) -> Result<(), Refusal>;

    fn put_item(&self, item: &Row) -> Result<(), Refusal>;

    fn clear(&self);

    fn answer_next(&self, fakes: &[Canned]) -> Result<(), Refusal>;

    /// Forgets the replies that nobody asked for.
    fn forget_replies(&self);

    /// How many calls there were.
    fn count(&self) -> usize;

    /// Takes the calls from this one on.
    fn take_calls(&self, from: usize) -> Vec<Json>;

    /// All that is kept, and what it is called.
    fn kept(&self) -> (&'static str, Json);

    /// What it was asked and does not know.
    fn unknown(&self) -> Option<String> {
        None
    }
}

#[derive(Clone)]
pub(super) struct Table {
    options: Arc<StoreOptions>,
    service: Service,
}

impl Table {
    pub(super) fn new(options: StoreOptions) -> Self {
        Self {
            service: Service::new(options.keys()),
            options: Arc::new(options),
        }
    }
}

impl Backend for Table {
    type Store = DynamoDbStore;

    fn store(&self, host: &Host) -> Result<Self::Store, Json> {
        let builder = DynamoDbStore::builder(client(&self.service), TABLE).host(host.clone());
        let options = &self.options;
        let set = |builder, name, set: fn(_, String) -> _| match options.get(name) {
            Some(value) => set(builder, value.to_owned()),
            None => builder,
        };
        let builder = set(builder, "key_attr", |b, name| b.key_attr(name));
        let builder = set(builder, "sort_key_attr", |b, name| b.sort_key_attr(name));
        let builder = set(builder, "static_pk_value", |b, value| {
            b.static_pk_value(value)
        });
        let builder = set(builder, "expiry_attr", |b, name| b.expiry_attr(name));
        let builder = set(builder, "in_progress_expiry_attr", |b, name| {
            b.in_progress_expiry_attr(name)
        });
        let builder = set(builder, "status_attr", |b, name| b.status_attr(name));
        let builder = set(builder, "data_attr", |b, name| b.data_attr(name));
        let builder = set(builder, "validation_key_attr", |b, name| {
            b.validation_key_attr(name)
        });
        builder.build().map_err(|error| failure::of_store(&error))
    }

    fn seed(&self, seed: &Json) -> Result<(), Refusal> {
        let rows = seed.as_array();
        let rows = rows.ok_or_else(|| unknown("a seed that is no list"))?;
        rows.iter()
            .try_for_each(|item| self.put_item(&super::step::row(item)?))
    }

    fn put_item(&self, item: &Row) -> Result<(), Refusal> {
        match self.service.put(item.clone()) {
            true => Ok(()),
            false => Err(unknown("a row without its key")),
        }
    }

    fn clear(&self) {
        self.service.clear();
    }

    fn answer_next(&self, fakes: &[Canned]) -> Result<(), Refusal> {
        self.service.answer_next(fakes.iter().cloned());
        Ok(())
    }

    fn forget_replies(&self) {
        self.service.forget_replies();
    }

    fn count(&self) -> usize {
        self.service.count()
    }

    fn take_calls(&self, from: usize) -> Vec<Json> {
        self.service.take_calls(from)
    }

    fn kept(&self) -> (&'static str, Json) {
        let mut rows = self.service.rows();
        rows.sort_by_cached_key(|row| serde_json::to_string(row).unwrap_or_default());
        let rows = rows.into_iter().map(serde_json::Value::Object);
        (
            "items",
            Json::Array(rows.map(|row| (&row).into()).collect()),
        )
    }
}

#[derive(Clone)]
pub(super) struct Cache {
    options: Arc<StoreOptions>,
    connection: Connection,
}

impl Cache {
    pub(super) fn new(options: StoreOptions, connection: Connection) -> Self {
        let options = Arc::new(options);
        Self {
            options,
            connection,
        }
    }
}

impl Backend for Cache {
    type Store = RedisStore<Connection>;

    fn store(&self, _host: &Host) -> Result<Self::Store, Json> {
        let mut builder = RedisStore::builder(self.connection.clone());
        let options = &self.options;
        if let Some(name) = options.get("expiry_attr") {
            builder = builder.expiry_attr(name);
        }
        if let Some(name) = options.get("in_progress_expiry_attr") {
            builder = builder.in_progress_expiry_attr(name);
        }
        if let Some(name) = options.get("status_attr") {
            builder = builder.status_attr(name);
        }
        if let Some(name) = options.get("data_attr") {
            builder = builder.data_attr(name);
        }
        if let Some(name) = options.get("validation_key_attr") {
            builder = builder.validation_key_attr(name);
        }
        let named = |error: powertools_idempotency::store::redis::RedisConfigError| {
            let message = Json::text(error.to_string());
            Json::object([("type", Json::text("store")), ("message", message)])
        };
        builder.build().map_err(named)
    }

    fn seed(&self, seed: &Json) -> Result<(), Refusal> {
        let entries = seed.as_array();
        let entries = entries.ok_or_else(|| unknown("a seed that is no list"))?;
        for entry in entries {
            let object = members::object(entry, "an entry")?;
            members::known(object, &["key", "ttl_s", "value"])?;
            let value = match entry.get("value") {
                Some(Json::Text(text)) => text.clone(),
                Some(value @ Json::Object(_)) => mapping::clock_times(value).to_string(),
                _ => return Err(unknown("an entry whose value is neither text nor object")),
            };
            let ttl = entry.get("ttl_s").and_then(Json::as_number);
            let ttl = ttl.and_then(|ttl| ttl.as_i64());
            let ttl = ttl.ok_or_else(|| unknown("an entry without whole seconds to live"))?;
            let key = members::must_text(entry, "key")?;
            self.connection.set(key, &value, Some(ttl));
        }
        Ok(())
    }

    fn put_item(&self, _item: &Row) -> Result<(), Refusal> {
        Err(unknown("a row in a cache"))
    }

    fn clear(&self) {
        self.connection.clear();
    }

    fn answer_next(&self, fakes: &[Canned]) -> Result<(), Refusal> {
        match fakes.is_empty() {
            true => Ok(()),
            false => Err(unknown("replies of DynamoDB from a cache")),
        }
    }

    fn forget_replies(&self) {}

    fn count(&self) -> usize {
        0
    }

    fn take_calls(&self, _from: usize) -> Vec<Json> {
        Vec::new()
    }

    fn kept(&self) -> (&'static str, Json) {
        let entries = self.connection.entries().into_iter();
        let entries = entries.map(|(key, value, left)| {
            let value = match Json::parse(&value) {
                Ok(object @ Json::Object(_)) => object,
                _ => Json::text(value),
            };
            let left = left.map_or(Json::Null, seconds);
            Json::object([("key", Json::text(key)), ("value", value), ("ttl_s", left)])
        });
        ("entries", Json::Array(entries.collect()))
    }

    fn unknown(&self) -> Option<String> {
        self.connection.unknown()
    }
}

fn seconds(millis: i64) -> Json {
    let (whole, rest) = (millis / 1000, millis % 1000);
    Json::parse(&format!("{whole}.{rest:03}")).unwrap_or(Json::Null)
}
