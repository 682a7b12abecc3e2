//! Keys that contain the tenant.

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_idempotency::IdempotencyErrorKind as Kind;
use serde_json::{Value, json};

use crate::support::{Bed, key, kind};

fn of(tenant: &str) -> LambdaEvent<Value> {
    let context = TestContext::new("r").tenant_id(tenant);
    context.event(json!({"id": "k"}))
}

#[tokio::test]
async fn tenants_never_share_them() {
    let bed = Bed::default();
    let layer = bed.builder().tenant_isolation(true).build().unwrap();
    // Not even such as try to look like another's key.
    let tenants = ["a", "b", "a#b", "#", "a ", "f.orders"];
    for tenant in tenants {
        let answer = bed.answer_to(&layer, of(tenant), json!(tenant)).await;
        assert_eq!(answer.unwrap(), json!(tenant));
    }
    for tenant in tenants {
        let answer = bed.answer_to(&layer, of(tenant), json!("again")).await;
        assert_eq!(answer.unwrap(), json!(tenant));
    }
    assert_eq!(bed.runs.count(), tenants.len());
    assert_eq!(bed.store.records.len(), tenants.len());
}

#[tokio::test]
async fn by_default_they_do() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer_to(&layer, of("a"), json!("a")).await.unwrap();
    let answer = bed.answer_to(&layer, of("b"), json!("b")).await;
    assert_eq!(answer.unwrap(), json!("a"));
}

#[tokio::test]
async fn an_invocation_without_one_is_refused() {
    let bed = Bed::default();
    let layer = bed.builder().tenant_isolation(true).build().unwrap();
    assert_eq!(kind(bed.next(&layer).await), Kind::MissingTenant);
    let empty = bed.answer_to(&layer, of(""), json!(1)).await;
    assert_eq!(kind(empty), Kind::MissingTenant);
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn the_local_cache_keeps_them_apart_too() {
    let bed = Bed::default();
    let builder = bed.builder().tenant_isolation(true).local_cache(8);
    let layer = builder.build().unwrap();
    for tenant in ["a", "b", "a", "b"] {
        let answer = bed.answer_to(&layer, of(tenant), json!(tenant)).await;
        assert_eq!(answer.unwrap(), json!(tenant));
    }
    assert_eq!(bed.runs.count(), 2);
}

#[tokio::test]
async fn key_from_json_has_the_tenant_of_the_invocation_it_is_called_in() {
    let bed = Bed::default();
    let layer = bed.builder().tenant_isolation(true).build().unwrap();
    let config = layer.config().clone();
    let keys = bed.store.records.clone();
    let compares = move || {
        let found = config.key_from_json(br#"{"id": "k"}"#);
        let keys = keys.keys();
        async move {
            assert_eq!(keys, [found.unwrap().unwrap()]);
            Ok(json!(1))
        }
    };
    bed.call_with(&layer, of("a"), compares).await.unwrap();
    let outside = layer.config().key_from_json(br#"{"id": "k"}"#);
    assert_eq!(outside.unwrap_err().kind(), Kind::MissingTenant);
    // Without isolation there is none to have.
    assert_eq!(key(&bed.layer()).matches('#').count(), 1);
}

#[tokio::test]
async fn key_of_has_the_tenant_of_the_invocation_it_is_called_in() {
    let bed = Bed::default();
    let layer = bed.builder().tenant_isolation(true).build().unwrap();
    let config = layer.config().clone();
    let asks = move || {
        let found = config.key_of(&json!({"id": "k"}));
        async move { Ok(json!(found.unwrap())) }
    };
    let mut keys = Vec::new();
    for tenant in ["a", "b"] {
        let key = bed.call_with(&layer, of(tenant), asks.clone()).await;
        keys.push(key.unwrap().as_str().unwrap().to_owned());
        assert!(bed.store.records.keys().contains(&keys[keys.len() - 1]));
    }
    assert_ne!(keys[0], keys[1]);
    let outside = layer.config().key_of(&json!({"id": "k"}));
    assert_eq!(outside.unwrap_err().kind(), Kind::MissingTenant);
}
