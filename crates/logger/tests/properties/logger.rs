//! Any logger.

use std::collections::BTreeMap;

use powertools_core::{Env, Host, test_util::CapturedOutput};
use powertools_logger::{LoggerBuilder, LoggerLayer};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::any::{name, object, text};

/// How a logger is made.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) max_line: usize,
    max_field: usize,
    service: String,
    keys: BTreeMap<String, Value>,
    order: Vec<String>,
    redact: Vec<String>,
    trace_id: String,
}

pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    (
        1024_usize..6000,
        prop_oneof![0_usize..100, 0_usize..10_000],
        text(),
        object(),
        vec(name(), 0..5),
        vec(name(), 0..2),
        text(),
    )
        .prop_map(
            |(max_line, max_field, service, mut keys, order, mut redact, trace_id)| {
                // Nothing but null may stand under these, and a mark is no null.
                let reserved = ["level", "location", "message", "timestamp"];
                redact.retain(|name| !reserved.contains(&name.to_lowercase().as_str()));
                for refused in reserved {
                    keys.entry(refused.to_owned())
                        .and_modify(|value| *value = Value::Null);
                }
                Settings {
                    max_line,
                    max_field,
                    service,
                    keys,
                    order,
                    redact,
                    trace_id,
                }
            },
        )
}

impl Settings {
    pub(crate) fn builder(&self, output: &CapturedOutput) -> LoggerBuilder {
        let env = Env::from_iter([("_X_AMZN_TRACE_ID", self.trace_id.clone())]);
        LoggerLayer::builder()
            .host(Host::default().with_env(env))
            .output(output.writer())
            .max_line_bytes(self.max_line)
            .max_field_bytes(self.max_field)
            .service(self.service.clone())
            .keys(&self.keys)
            .key_order(self.order.clone())
            .redact(self.redact.clone())
            .canonical_line(true)
            .sampling_rate(0.0)
    }
}

pub(crate) fn run<C, E>(logger: &LoggerLayer<C, E>, work: impl FnOnce()) {
    let subscriber = Registry::default().with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, work);
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.build().unwrap().block_on(future)
}
