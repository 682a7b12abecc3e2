//! Any handler.

use std::collections::BTreeMap;

use powertools_logger::{WithKeys, append_context_keys, append_keys, fields, json, remove_keys};
use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;

use crate::any::{AnyError, name, object, text, value};

/// What a handler does.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    appended: Vec<BTreeMap<String, Value>>,
    removed: Vec<String>,
    scoped: BTreeMap<String, Value>,
    future: BTreeMap<String, Value>,
    message: String,
    text: String,
    value: Value,
    members: BTreeMap<String, Value>,
    pub(crate) error: Option<Vec<String>>,
    counter: String,
}

pub(crate) fn work() -> impl Strategy<Value = Work> {
    (
        vec(object(), 0..3),
        vec(name(), 0..3),
        object(),
        object(),
        text(),
        text(),
        value(),
        object(),
        option::of(vec(text(), 1..3)),
        name(),
    )
        .prop_map(
            |(appended, removed, scoped, future, message, text, value, members, error, counter)| {
                Work {
                    appended,
                    removed,
                    scoped,
                    future,
                    message,
                    text,
                    value,
                    members,
                    error,
                    counter,
                }
            },
        )
}

impl Work {
    pub(crate) async fn run(&self) -> Result<(), String> {
        for keys in &self.appended {
            append_keys(keys);
        }
        remove_keys(self.removed.iter().map(String::as_str));
        powertools_logger::count(&self.counter, 1);
        let _scope = append_context_keys(&self.scoped);
        async { self.log() }.with_keys(&self.future).await;
        match &self.error {
            Some(texts) => Err(texts.concat()),
            None => Ok(()),
        }
    }

    fn log(&self) {
        let Self {
            message,
            text,
            value,
            members,
            ..
        } = self;
        let error = self.error.as_ref().map(|texts| {
            let link = |source, text: &String| Some(Box::new(AnyError(text.clone(), source)));
            *texts.iter().fold(None, link).unwrap()
        });
        let error = error.as_ref().map(|error| error as &dyn std::error::Error);
        tracing::info!(
            error,
            text,
            json = ?json(value),
            members = ?fields(members),
            debug = ?value,
            mixed = ?Some(json(members)),
            shown = %text,
            stack_trace = text,
            exception = text,
            keys_left_out = text,
            "{message}"
        );
        tracing::info!(members = ?fields(members), "{}", json(value));
        tracing::info!(target: "other", message = text, level = text, service = text);
    }
}
