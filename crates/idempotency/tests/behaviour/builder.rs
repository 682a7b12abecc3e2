//! What is said when a layer cannot be built, and what is shown of one that was.

use std::{error::Error, time::Duration};

use powertools_idempotency::{AfterTimeout, IdempotencyConfig, IdempotencyLayer, InMemoryStore};
use serde_json::json;

use crate::support::{Bed, chain, ms, secs};

#[test]
fn an_empty_id_is_an_error_also_with_a_prefix() {
    let error = IdempotencyLayer::builder("", InMemoryStore::new()).build();
    let error = error.unwrap_err();
    assert!(error.to_string().contains("id"), "{error}");
    assert!(error.source().is_none());
    let builder = IdempotencyLayer::builder("", InMemoryStore::new()).key_prefix("p");
    builder.build().unwrap_err();
}

#[test]
fn an_expression_that_is_not_jmespath_is_an_error_that_says_why() {
    let bed = Bed::default();
    for error in [
        bed.builder().key("a[").build().map(drop).unwrap_err(),
        bed.builder()
            .payload_validation("a[")
            .build()
            .map(drop)
            .unwrap_err(),
        bed.builder()
            .key("nothing(a)")
            .build_config()
            .map(drop)
            .unwrap_err(),
    ] {
        assert!(error.source().is_some(), "{}", chain(&error));
        assert!(error.to_string().contains("JMESPath"), "{error}");
    }
}

#[test]
fn a_hold_is_at_most_a_hundred_years() {
    let century = secs(100 * 366 * 24 * 3600);
    let built = |hold| {
        let builder = Bed::default().builder();
        builder
            .after_timeout(AfterTimeout::Hold(hold))
            .build()
            .map(drop)
    };
    for fits in [Duration::ZERO, ms(1), century] {
        built(fits).unwrap();
    }
    for no in [century + ms(1), Duration::MAX] {
        let text = built(no).unwrap_err().to_string();
        assert_eq!(
            text,
            "the hold after a time-out must be at most a hundred years"
        );
    }
}

#[test]
fn expiry_and_lease_are_between_a_second_and_a_hundred_years() {
    let [second, century] = [secs(1), secs(100 * 366 * 24 * 3600)];
    let bed = Bed::default();
    for fits in [second, century] {
        bed.builder().expires_after(fits).build().unwrap();
        bed.builder().lease(fits).build().unwrap();
    }
    for no in [
        Duration::ZERO,
        second - ms(1),
        century + ms(1),
        Duration::MAX,
    ] {
        let expiry = bed.builder().expires_after(no).build().map(drop);
        let lease = bed.builder().lease(no).build_config().map(drop);
        for (built, setting) in [(expiry, "expires_after"), (lease, "lease")] {
            let error = built.unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(setting), "{no:?}: {text}");
            assert!(
                text.contains("between a second and a hundred years"),
                "{text}"
            );
            assert!(error.source().is_none());
        }
    }
}

#[test]
fn what_is_built_shows_its_prefix_and_no_more() {
    let bed = Bed::default();
    let builder = bed.builder().key("s3cret");
    assert!(format!("{builder:?}").contains("orders"));
    let layer = builder.build().unwrap();
    let shown = format!("{layer:?} {:?}", layer.config());
    assert!(
        shown.contains("f.orders") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[tokio::test]
async fn clones_of_a_config_share_it_and_a_layer_can_be_made_of_it() {
    let config = IdempotencyConfig::builder("id", InMemoryStore::new());
    let config = config.build_config().unwrap();
    let bed = Bed::default();
    let layer = IdempotencyLayer::new(config.clone());
    bed.answer_to(&layer, crate::support::event(), json!(1))
        .await
        .unwrap();
    assert_eq!(config.store().len(), 1);
    assert_eq!(layer.config().store().len(), 1);
}
