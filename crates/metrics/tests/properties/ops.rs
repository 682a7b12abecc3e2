//! Any operations.

use std::{
    ops::Range,
    time::{Duration, SystemTime},
};

use powertools_metrics::{MetricsBuilder, Unit};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::support::{MAX_LINE, moment};

pub(crate) type Dimensions = Vec<(String, String)>;

/// What is done to the metrics; a number picks a scope, if there are so many.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Add(Option<usize>, String, Unit, bool, f64),
    /// So many values of one name.
    Values(Option<usize>, String, usize),
    /// So many names.
    Names(Option<usize>, usize),
    Dimension(String, String),
    Set(Dimensions),
    Default(String, String),
    ClearDefaults,
    Metadata(String, u8),
    Timestamp(u64),
    Scope(Option<usize>, Dimensions),
    At(Option<usize>, u64),
    /// So many scopes, with a value each.
    Scopes(usize),
    Single(String, Dimensions, f64),
    Flush,
    Clear,
    NearDeadline,
}

/// What the layer is built with.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) service: Option<String>,
    pub(crate) defaults: Dimensions,
    pub(crate) ids: bool,
    pub(crate) max_line: usize,
}

impl Setup {
    pub(crate) fn apply(&self, builder: MetricsBuilder) -> MetricsBuilder {
        let mut builder = builder
            .service(self.service.clone().unwrap_or_default())
            .capture_request_ids(self.ids)
            .max_line_bytes(self.max_line);
        for (name, value) in &self.defaults {
            builder = builder.default_dimension(name, value);
        }
        builder
    }
}

pub(crate) fn borrowed(set: &Dimensions) -> impl Iterator<Item = (&str, &str)> {
    set.iter().map(|(name, value)| (&**name, &**value))
}

/// So many seconds before [`moment`].
pub(crate) fn time(seconds: u64) -> SystemTime {
    moment() - Duration::from_secs(seconds)
}

/// Metadata of this number.
pub(crate) fn metadata(number: u8) -> Value {
    json!({"number": number, "text": ["a\n\"b", null, 0.5]})
}

pub(crate) fn setup() -> impl Strategy<Value = Setup> {
    let default = (select(vec!["env", "d", "service", "e"]), "[p-r]");
    (
        option::of(select(vec!["pay".to_owned(), "\"quoted\"".to_owned()])),
        vec(default, 0..3),
        any::<bool>(),
        select(vec![MAX_LINE, MAX_LINE, 16 * 1024]),
    )
        .prop_map(|(service, defaults, ids, max_line)| Setup {
            service,
            defaults: defaults
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            ids,
            max_line,
        })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-e]",
        2 => "[ \t]{0,2}[ab][ \n]{0,2}",
        1 => "[a\"\\\\é😀 {}]{1,5}",
        1 => select(vec![
            String::new(), " ".into(), "_aws".into(), "a\nb".into(), "service".into(), "id".into(),
            "x".repeat(255), "é".repeat(256), "function_request_id".into(), "\u{7f}".into(),
        ]),
        1 => "\\PC{0,4}",
    ]
}

fn dimension() -> impl Strategy<Value = (String, String)> {
    let name = prop_oneof![
        6 => "[c-g]",
        3 => "n([0-9]|[1-3][0-9])",
        1 => select(vec![
            String::new(), " ".into(), "_aws".into(), ":x".into(), "é".into(), "service".into(),
            "x y\"\\".into(), "n".repeat(251), "id".into(), "a".into(), "env".into(),
        ]),
    ];
    let value = prop_oneof![
        12 => "[u-w]",
        1 => "[ -~]{0,5}",
        1 => select(vec![String::new(), "  ".into(), "é".into(), "a\nb".into(), "v".repeat(1025)]),
    ];
    (name, value)
}

fn set() -> impl Strategy<Value = Dimensions> {
    prop_oneof![4 => vec(dimension(), 0..4), 1 => vec(dimension(), 20..32)]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![4 => (-9..9).prop_map(f64::from), 2 => -1e9..1e9, 1 => any::<f64>(), 1 => Just(f64::NAN)]
}

fn unit() -> impl Strategy<Value = Unit> {
    select(vec![
        Unit::Count,
        Unit::Count,
        Unit::Milliseconds,
        Unit::BytesPerSecond,
        Unit::None,
    ])
}

fn scope() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![Just(None), (0..6_usize).prop_map(Some)]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-g]",
        1 => select(vec![
            "_aws".to_owned(), "service".into(), "\u{1}".into(), String::new(),
            "function_request_id".into(),
        ]),
    ]
}

pub(crate) fn ops(count: Range<usize>) -> impl Strategy<Value = Vec<Op>> {
    let any = prop_oneof![
        30 => (scope(), name(), unit(), any::<bool>(), value())
            .prop_map(|(scope, name, unit, high, value)| Op::Add(scope, name, unit, high, value)),
        1 => (scope(), "[a-c]", 1..130_usize)
            .prop_map(|(scope, name, count)| Op::Values(scope, name, count)),
        1 => (scope(), 1..130_usize).prop_map(|(scope, count)| Op::Names(scope, count)),
        8 => dimension().prop_map(|(name, value)| Op::Dimension(name, value)),
        4 => set().prop_map(Op::Set),
        2 => dimension().prop_map(|(name, value)| Op::Default(name, value)),
        1 => Just(Op::ClearDefaults),
        4 => (key(), any::<u8>()).prop_map(|(key, value)| Op::Metadata(key, value)),
        2 => (0..5_u64).prop_map(Op::Timestamp),
        6 => (scope(), set()).prop_map(|(scope, set)| Op::Scope(scope, set)),
        2 => (scope(), 0..5_u64).prop_map(|(scope, time)| Op::At(scope, time)),
        1 => (1..120_usize).prop_map(Op::Scopes),
        2 => (name(), set(), value()).prop_map(|(name, set, value)| Op::Single(name, set, value)),
        3 => Just(Op::Flush),
        1 => Just(Op::Clear),
        1 => Just(Op::NearDeadline),
    ];
    vec(any, count)
}
