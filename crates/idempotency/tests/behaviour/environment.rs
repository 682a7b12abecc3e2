//! What the environment says.

use powertools_core::test_util::ManualClock;
use powertools_idempotency::{IdempotencyBuilder, IdempotencyLayer, idempotent};
use serde_json::json;

use crate::support::{Bed, Logs, Op, TestStore, host_with, moment};

fn switched(bed: &Bed, word: &str) -> IdempotencyBuilder<TestStore> {
    let env = [("POWERTOOLS_IDEMPOTENCY_DISABLED", word)];
    let host = host_with(ManualClock::at(moment()).shared(), env);
    IdempotencyLayer::builder("orders", bed.store.clone()).host(host)
}

#[tokio::test]
async fn disabled_every_call_runs_and_nothing_is_stored() {
    for word in ["1", "y", "yes", "t", "true", "on", "TRUE", "Yes", " on "] {
        let bed = Bed::default();
        let layer = switched(&bed, word).local_cache(8).build().unwrap();
        for run in 0..3 {
            assert_eq!(
                bed.answer(&layer, json!(run)).await.unwrap(),
                json!(run),
                "{word}"
            );
        }
        assert_eq!(bed.store.calls(), [], "{word}");
        assert!(layer.config().cached_keys().is_empty());
    }
}

#[tokio::test]
async fn not_disabled_a_new_key_costs_two_calls() {
    for word in ["0", "n", "no", "f", "false", "off", "False", ""] {
        let bed = Bed::default();
        let layer = switched(&bed, word).build().unwrap();
        bed.answer(&layer, json!(1)).await.unwrap();
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Complete], "{word}");
    }
}

#[tokio::test]
async fn another_word_is_an_error_when_it_is_built() {
    let bed = Bed::default();
    for word in ["maybe", "2", "disabled", "s3cret"] {
        let error = switched(&bed, word).build().unwrap_err();
        let text = crate::support::chain(&error);
        assert!(text.contains("POWERTOOLS_IDEMPOTENCY_DISABLED"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        switched(&bed, word).build_config().unwrap_err();
    }
}

#[tokio::test]
async fn it_is_warned_of_when_the_layer_is_built_and_not_at_each_call() {
    let logs = Logs::install();
    let bed = Bed::default();
    let layer = switched(&bed, "true").build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(logs.warnings().len(), 1, "{:?}", logs.warnings());
    bed.layer();
    assert_eq!(logs.warnings().len(), 1);
}

#[tokio::test]
async fn disabled_neither_keys_nor_errors_of_the_layer_matter() {
    let bed = Bed::default();
    let builder = switched(&bed, "true").key("powertools_json(no)");
    let layer = builder
        .require_key(true)
        .tenant_isolation(true)
        .build()
        .unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    let failed = bed.fail(&layer, "declined").await;
    assert_eq!(crate::support::inner(failed), "declined");
}

#[tokio::test]
async fn disabled_a_function_runs_each_time() {
    let bed = Bed::default();
    let config = switched(&bed, "true").build_config().unwrap();
    for run in 0..2 {
        let answer = idempotent(&config, &"k", || async { Ok::<_, String>(run) });
        assert_eq!(answer.await.unwrap(), run);
    }
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn it_is_read_when_the_layer_is_built() {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };
    let bed = Bed::default();
    let disabled = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&disabled);
    let env = powertools_core::Env::from_fn(move |name| {
        let disabled = asked.load(Ordering::Relaxed);
        (name == "POWERTOOLS_IDEMPOTENCY_DISABLED").then(|| disabled.to_string())
    });
    let host = powertools_core::Host::default().with_env(env);
    let layer = bed.builder().host(host).build().unwrap();
    disabled.store(false, Ordering::Relaxed);
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.store.calls(), []);
}
