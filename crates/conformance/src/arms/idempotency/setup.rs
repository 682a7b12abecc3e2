use std::collections::BTreeMap;

use super::config::Config;
use crate::{
    arm::Refusal,
    arms::common::{
        host::Variables,
        members::{self, given, unknown},
    },
    json::Json,
};

/// The clock of every case begins here, in milliseconds since 1970.
pub(super) const T0_MS: i64 = 1_700_000_000_000;

/// What stands around the steps of a scenario.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) variables: Variables,
    /// The name of the function, as a part of keys.
    pub(super) id: String,
    pub(super) key_prefix: Option<String>,
    pub(super) config: Config,
    pub(super) is_handler: bool,
    pub(super) hook: Option<Hook>,
    pub(super) serializer: Serializer,
}

/// What a hook does with a replayed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    Replace,
    Raise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serializer {
    None,
    Typed,
    Custom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    DynamoDb,
    Cache,
}

/// A store, and the attributes whose names are not the usual ones.
#[derive(Debug)]
pub(super) struct StoreOptions {
    pub(super) store: Store,
    options: BTreeMap<String, String>,
}

const NAMES: [&str; 5] = [
    "data_attr",
    "expiry_attr",
    "in_progress_expiry_attr",
    "status_attr",
    "validation_key_attr",
];
const KEYS: [&str; 3] = ["key_attr", "sort_key_attr", "static_pk_value"];

impl Setup {
    pub(super) fn read(input: &Json) -> Result<Self, Refusal> {
        let word = |name| Ok::<_, Refusal>(members::text(input, name)?.map(str::to_owned));
        let is_handler = match members::must_text(input, "target")? {
            "handler" => true,
            "function" => false,
            other => return Err(unknown(format!("the target `{other}`"))),
        };
        let hook = match members::text(input, "response_hook")? {
            None => None,
            Some("replace") => Some(Hook::Replace),
            Some("raise") => Some(Hook::Raise),
            Some(other) => return Err(unknown(format!("the hook `{other}`"))),
        };
        let serializer = match members::text(input, "serializer")? {
            None => Serializer::None,
            Some("dataclass" | "pydantic") => Serializer::Typed,
            Some("custom") => Serializer::Custom,
            Some(other) => return Err(unknown(format!("the serializer `{other}`"))),
        };
        if let Some(t0) = given(input, "t0")
            && *t0 != Json::Number((T0_MS / 1000).into())
        {
            return Err(unknown("a clock that begins elsewhere"));
        }
        Ok(Self {
            variables: variables(input)?,
            id: members::must_text(input, "qualified_name")?.to_owned(),
            key_prefix: word("key_prefix")?,
            config: Config::read(members::must_fields(input, "config")?)?,
            is_handler,
            hook,
            serializer,
        })
    }
}

/// The environment, with the name of the function.
pub(super) fn variables(input: &Json) -> Result<Variables, Refusal> {
    let variables = Variables::default();
    variables.set(given(input, "environment"))?;
    if let Some(name) = members::text(input, "lambda_function_name")? {
        let name = Json::object([("AWS_LAMBDA_FUNCTION_NAME", Json::text(name))]);
        variables.set(Some(&name))?;
    }
    Ok(variables)
}

impl StoreOptions {
    pub(super) fn read(input: &Json) -> Result<Self, Refusal> {
        let options = members::must_fields(input, "store")?;
        let (store, known) = match members::must_text(options, "type")? {
            "dynamodb" => (Store::DynamoDb, [&["type"], &NAMES[..], &KEYS].concat()),
            "cache" => (Store::Cache, [&["type"], &NAMES[..]].concat()),
            other => return Err(unknown(format!("the store `{other}`"))),
        };
        members::known(members::object(options, "`store`")?, &known)?;
        let mut read = BTreeMap::new();
        for name in known {
            if let Some(value) = members::text(options, name)? {
                read.insert(name.to_owned(), value.to_owned());
            }
        }
        let options = read;
        Ok(Self { store, options })
    }

    /// A table with the usual names.
    pub(super) fn usual() -> Self {
        Self {
            store: Store::DynamoDb,
            options: BTreeMap::new(),
        }
    }

    /// What this option was set to.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// The attributes that are the key of a row.
    pub(super) fn keys(&self) -> Vec<String> {
        let key = self.get("key_attr").unwrap_or("id");
        let keys = [Some(key), self.get("sort_key_attr")];
        keys.into_iter().flatten().map(str::to_owned).collect()
    }
}
