//! Any text, name, value, error, bytes.

use std::{collections::BTreeMap, fmt};

use powertools_core::Extract;
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

/// Any text: control characters, quotes, what needs more bytes than it has letters, huge
/// ones.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[\\x00-\\x1f\"\\\\a-z\u{7f}-\u{9f}é世🦀\u{2028}\u{feff}]{0,40}",
        2 => any::<String>(),
        1 => (any::<char>(), 0_usize..3000).prop_map(|(char, times)| char.to_string().repeat(times)),
    ]
}

/// Names: few of them, so that they meet, those with a meaning, and any.
pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "a", "b", "level", "location", "message", "timestamp", "service", "sampling_rate",
            "xray_trace_id", "function_name", "correlation_id", "exception", "exception_name",
            "stack_trace", "keys_left_out", "_keys_left_out", "cookie", "outcome", "", "[cut]",
            "log.target", "static", "debug",
        ])
        .prop_map(ToOwned::to_owned),
        2 => text(),
        1 => "[n\"]{250,260}",
    ]
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    });
    (
        tree,
        prop_oneof![9 => Just(0), 1 => 1_usize..=300],
        any::<bool>(),
    )
        .prop_map(|(tree, depth, arrays)| {
            (0..depth).fold(tree, |inner, _| match arrays {
                true => Value::Array(vec![inner]),
                false => Value::Object([("n".to_owned(), inner)].into_iter().collect()),
            })
        })
}

pub(crate) fn object() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(name(), value(), 0..5)
}

/// An error whose text and `Debug` may be anything.
pub(crate) struct AnyError(pub(crate) String, pub(crate) Option<Box<AnyError>>);

impl fmt::Debug for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AnyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

/// Any bytes at all as the correlation id.
#[derive(Debug, Clone)]
pub(crate) struct AnyBytes(pub(crate) Vec<u8>);

impl<R> Extract<R> for AnyBytes {
    fn extract(&self, _: &R) -> Option<String> {
        None
    }

    fn extract_json(&self, _: &R, json: &mut Vec<u8>) -> bool {
        json.extend_from_slice(&self.0);
        true
    }
}

pub(crate) fn id() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        value().prop_map(|value| serde_json::to_vec_pretty(&value).unwrap()),
        // Half a character, and JSON that is not on one line.
        Just(br#""\ud800""#.to_vec()),
        Just(b"{\"a\":\r\n[1]}".to_vec()),
    ]
}
