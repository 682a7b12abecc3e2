//! The key of a payload, in the spelling of another language.

use powertools_core::Host;
use powertools_idempotency::{IdempotencyConfig, IdempotencyError, InMemoryStore, KeyFormat};
use serde_json::{Value, value::RawValue};

use super::{answer::Answer, config::Config, failure, setup};
use crate::{
    arm::Refusal,
    arms::common::members::{self, unknown},
    json::{Json, Number, Object},
};

const MEMBERS: [&str; 7] = [
    "config",
    "event",
    "event_json",
    "key_prefix",
    "kind",
    "lambda_function_name",
    "qualified_name",
];

pub(super) fn run(input: &Json, format: KeyFormat) -> Result<Json, Refusal> {
    members::known(members::object(input, "the input")?, &MEMBERS)?;
    let text = payload(input)?;
    let keys = match Keys::of(input, format)? {
        Ok(keys) => keys,
        Err(error) => return Ok(Json::object([("error", error)])),
    };
    let by_text = keys.of_text(&text);
    let Some(value) = exact_value(&text, format) else {
        return Ok(by_text);
    };
    let by_value = keys.of_value(&value, &text);
    let raw = RawValue::from_string(text).ok();
    let by_raw = raw.map(|raw| {
        let text = || keys.config.key_text_from_json(raw.get().as_bytes());
        keys.told(keys.config.key_of(&raw), text, raw.get())
    });
    let is_same = |other: &Json| {
        ["error", "key"].map(|name| other.get(name)) == ["error", "key"].map(|n| by_text.get(n))
    };
    Ok(
        match by_value == by_text && by_raw.as_ref().is_none_or(is_same) {
            true => by_value,
            // Nothing of these names is expected anywhere.
            false => Json::object([
                ("as_value", by_value),
                ("as_json_text", by_text),
                ("as_raw_value", by_raw.unwrap_or(Json::Null)),
            ]),
        },
    )
}

/// The payload as JSON text.
fn payload(input: &Json) -> Result<String, Refusal> {
    match (input.get("event"), members::text(input, "event_json")?) {
        (Some(event), None) => Ok(event.to_string()),
        (None, Some(text)) => Ok(text.to_owned()),
        _ => Err(unknown("an input with not one event")),
    }
}

/// Whether the payload of a case is one that no value of `serde_json` holds.
pub(super) fn needs_text(input: &Json) -> bool {
    let kind = input.get("kind").and_then(Json::as_text);
    let format = match kind {
        Some("hash") => KeyFormat::Python,
        Some("hash_typescript") => KeyFormat::TypeScript,
        _ => return false,
    };
    payload(input).is_ok_and(|text| exact_value(&text, format).is_none())
}

/// The payload as a value that has all of it: numbers of 64 bits, whole texts, and for keys of
/// TypeScript the order of names that differ in nothing but their case.
fn exact_value(text: &str, format: KeyFormat) -> Option<Value> {
    let value = serde_json::from_str(text).ok()?;
    let needs_order = format == KeyFormat::TypeScript;
    is_exact(&Json::parse(text).ok()?, needs_order).then_some(value)
}

fn is_exact(json: &Json, needs_order: bool) -> bool {
    let fits = |number: &Number| {
        let is_whole = number.as_i64().is_some() || number.as_u64().is_some();
        // There is no integer -0 in a value.
        !number.is_integer() || (is_whole && number.as_written() != "-0")
    };
    match json {
        Json::Number(number) => fits(number),
        Json::Array(items) => items.iter().all(|item| is_exact(item, needs_order)),
        Json::Object(object) => {
            !(needs_order && have_order(object))
                && object.iter().all(|(_, value)| is_exact(value, needs_order))
        }
        _ => true,
    }
}

/// Whether two names would change places if they had not the order in which they are written.
fn have_order(object: &Object) -> bool {
    let mut names: Vec<String> = object.names().map(str::to_lowercase).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    names.len() < count
}

type Built = IdempotencyConfig<InMemoryStore>;

struct Keys {
    config: Built,
    /// The same for a payload that is what the expression selected.
    of_selected: Option<Built>,
    format: KeyFormat,
}

impl Keys {
    /// What makes keys, or the error that there is instead.
    fn of(input: &Json, format: KeyFormat) -> Result<Result<Self, Json>, Refusal> {
        let config = Config::read(members::must_fields(input, "config")?)?;
        let id = match format {
            // The key of TypeScript has no name of a handler.
            KeyFormat::TypeScript => "handler",
            _ => members::must_text(input, "qualified_name")?,
        };
        let prefix = members::text(input, "key_prefix")?;
        let host = setup::variables(input)?.host();
        let is_typescript = format == KeyFormat::TypeScript;
        let built = build(&config, id, format, prefix, &host).map(|built| {
            let selected = config.of_selected().filter(|_| is_typescript);
            let selected = selected.and_then(|c| build(&c, id, format, prefix, &host).ok());
            Self {
                config: built,
                of_selected: selected,
                format,
            }
        });
        Ok(built)
    }

    fn of_text(&self, json: &str) -> Json {
        let bytes = json.as_bytes();
        let key = self.config.key_from_json(bytes);
        self.told(key, || self.config.key_text_from_json(bytes), json)
    }

    fn of_value(&self, value: &Value, json: &str) -> Json {
        let key = self.config.key_of(value);
        self.told(key, || self.config.key_text(value), json)
    }

    fn told(
        &self,
        key: Result<Option<String>, IdempotencyError>,
        text: impl FnOnce() -> Result<Vec<u8>, IdempotencyError>,
        json: &str,
    ) -> Json {
        let told = || {
            let (mut key, text) = (key?, text()?);
            if let (None, Some(selected)) = (&key, &self.of_selected) {
                // TypeScript runs without a record. Its vectors tell the key all the same.
                key = selected.key_from_json(&text)?;
            }
            let is_missing = key.is_none();
            let mut told = Answer::default();
            if self.format != KeyFormat::TypeScript {
                told = told.with("missing", Json::Bool(is_missing));
            }
            told = told.with("key", key.map_or(Json::Null, Json::text));
            if !is_missing {
                let text = String::from_utf8_lossy(&text).into_owned();
                told = told.with("canonical", Json::text(text));
                let identity = self.config.identify(json.as_bytes())?;
                if let Some(hash) = identity.payload_hash() {
                    told = told.with("payload_hash", Json::text(hash));
                }
            }
            Ok(told.into_json())
        };
        told().unwrap_or_else(|error: IdempotencyError| {
            Json::object([("error", failure::of_key(&error))])
        })
    }
}

fn build(
    config: &Config,
    id: &str,
    format: KeyFormat,
    prefix: Option<&str>,
    host: &Host,
) -> Result<Built, Json> {
    let builder = config.builder(id, format, prefix, InMemoryStore::new(), host)?;
    let built = builder.build_config();
    built.map_err(|error| failure::of_config(&error))
}
