//! Answers that went to the wrong caller, or got lost.

use std::{future::pending, sync::Arc};

use http::{Request, Response};
use lambda_runtime::{Diagnostic, LambdaEvent};
use powertools_core::test_util::TestContext;
use powertools_idempotency::{
    Answer, Durable, IdempotencyErrorKind as Kind, Status, StoredRecord, idempotent,
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    self, Bed, Fault, Op, PausedClock, SECONDS, ask, event, event_of, host, http_bed, key, key_of,
    keyed, kill, kind, own, read, secs, text_of,
};

// 7, I4: the cache was filled before the payload was validated.

#[tokio::test]
async fn the_cache_does_not_answer_a_payload_that_was_tampered_with() {
    let bed = Bed::default();
    let amount = |amount| event_of(json!({"id": "k", "amount": amount}));
    let build = || {
        let builder = bed.builder().key("id").payload_validation("amount");
        builder.local_cache(8).build().unwrap()
    };
    let (layer, other) = (build(), build());
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    for layer in [&other, &layer, &other, &layer] {
        let tampered = bed.answer_to(layer, amount(100), json!(2)).await;
        assert!(own(tampered).is_payload_mismatch());
    }
    assert!(other.config().cached_keys().is_empty());
}

// 7, I4: validation was skipped on the path of the refused write.

#[tokio::test]
async fn validation_is_not_skipped_when_the_claim_is_refused() {
    for fault in [None, Some(Fault::RefusesBare)] {
        let bed = Bed::default();
        let amount = |amount| event_of(json!({"id": "k", "amount": amount}));
        let builder = bed.builder().key("id").payload_validation("amount");
        let layer = builder.build().unwrap();
        bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
        if let Some(fault) = fault {
            bed.store.next(Op::Claim, fault);
        }
        let tampered = bed.answer_to(&layer, amount(100), json!(2)).await;
        assert!(own(tampered).is_payload_mismatch());
    }
}

// I4: the check was reversed, so that the same payload failed.

#[tokio::test]
async fn the_same_payload_is_no_mismatch() {
    let bed = Bed::default();
    let layer = bed.builder().payload_validation("@").build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
}

// 8: a retry was served from the cache as in progress.

#[tokio::test]
async fn a_retry_after_a_failure_is_not_in_progress_by_the_cache() {
    let bed = Bed::default();
    let layer = bed.builder().local_cache(8).build().unwrap();
    support::inner(bed.fail(&layer, "declined").await);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
    bed.store.records.clear();
    layer.config().clear_cache();
    bed.running_elsewhere(&key(&layer), secs(9));
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.store.records.clear();
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

// 8: the identity of an error was lost across packages.

#[tokio::test]
async fn what_an_error_is_does_not_depend_on_its_type_name() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(9));
    let error = bed.next(&layer).await.unwrap_err();
    let own = error.as_layer().unwrap();
    assert!(own.is_in_progress());
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
    let found = boxed.downcast_ref::<powertools_idempotency::IdempotencyError>();
    assert!(found.unwrap().is_in_progress());
    let error = bed.next(&layer).await.unwrap_err();
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.error_type, "IdempotencyAlreadyInProgressError");
}

// I5: two functions shared keys; the store kept the configuration of the first.

#[tokio::test]
async fn two_functions_on_one_store_do_not_share_keys_or_settings() {
    let bed = Bed::default();
    let build = |id: &str, expires| {
        let builder = powertools_idempotency::IdempotencyConfig::builder(id, bed.store.clone());
        let builder = builder.host(host(bed.clock.shared()));
        builder.expires_after(expires).build_config().unwrap()
    };
    let (one, two) = (build("one", secs(3600)), build("two", secs(7200)));
    // One calls the other, with the same payload.
    let run = || async {
        let inner = || async { Ok::<_, String>("two") };
        let inner = idempotent(&two, &"k", async || {
            Ok::<_, String>(inner().await?.to_owned())
        });
        Ok::<_, String>(format!("one {}", inner.await.unwrap()))
    };
    assert_eq!(idempotent(&one, &"k", run).await.unwrap(), "one two");
    let payload = json!("k");
    for (config, expires) in [(&one, 3600), (&two, 7200)] {
        let key = key_of(config, &payload);
        let record = powertools_idempotency::IdempotencyStore::get(&bed.store.records, &key);
        let record = record.await.unwrap().unwrap();
        assert_eq!(record.status(), Status::Completed);
        assert_eq!(record.expiration(), SECONDS + expires);
    }
}

// I6: the replay of a durable function was seen as a duplicate.

#[tokio::test]
async fn the_replay_of_a_durable_function_is_no_duplicate_of_itself() {
    let bed = Bed::default();
    let layer = bed.layer();
    let suspended = service_fn(|_: Durable<LambdaEvent<Value>>| pending::<Result<Value, String>>());
    let mut first = Box::pin(layer.layer(suspended).oneshot(Durable::new(event(), false)));
    assert!(support::polled(first.as_mut()).await.is_none());
    kill(first);
    let goes_on =
        service_fn(|_: Durable<LambdaEvent<Value>>| async { Ok::<_, String>(json!("done")) });
    let replayed = layer
        .layer(goes_on)
        .oneshot(Durable::new(event(), true))
        .await;
    assert_eq!(replayed.unwrap(), json!("done"));
    assert_eq!(bed.status().await, Some(Status::Completed));
}

// I7: a concurrent duplicate was answered with 500, and could not wait.

#[tokio::test]
async fn a_concurrent_duplicate_is_not_answered_with_500() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
    let answer = ask(&bed.runs, &layer, keyed(""), |_| text_of("a")).await;
    assert_eq!(answer.status(), 409);
    assert!(answer.headers().contains_key("retry-after"));
}

#[tokio::test(start_paused = true)]
async fn a_concurrent_duplicate_can_wait() {
    let bed = Bed::default();
    let builder = bed.builder().host(host(PausedClock::shared()));
    let layer = builder.wait_in_progress(secs(9)).build().unwrap();
    let slow = bed.call(&layer, || async {
        tokio::time::sleep(secs(2)).await;
        Ok(json!("slow"))
    });
    let (first, second) = futures_util::future::join(slow, bed.next(&layer)).await;
    assert_eq!(first.unwrap(), json!("slow"));
    assert_eq!(second.unwrap(), json!("slow"));
}

// I8: an answer that was too large failed, and was lost.

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_lost() {
    use powertools_idempotency::TooLarge;
    let bed = Bed::default();
    bed.store.limit(10);
    let builder = bed.builder().too_large(TooLarge::OmitResponse);
    let layer = builder.build().unwrap();
    let large = json!("x".repeat(100));
    assert_eq!(bed.answer(&layer, large.clone()).await.unwrap(), large);
    assert_eq!(kind(bed.next(&layer).await), Kind::ResponseOmitted);
    assert_eq!(bed.runs.count(), 1, "nor run twice");
}

// I9: there was no idempotency for each record of a batch.

#[tokio::test]
async fn a_record_that_fails_does_not_run_the_others_again() {
    use powertools_core::Record;
    let bed = Bed::default();
    let layer = bed.layer();
    let runs = support::Runs::default();
    for round in 0..2 {
        for record in Record::batch(vec![json!("a"), json!("b"), json!("c")]) {
            let runs = runs.clone();
            let handler = service_fn(move |record: Record<Value>| {
                runs.add();
                let fails = round == 0 && *record == json!("b");
                async move {
                    if fails {
                        Err("no".to_owned())
                    } else {
                        Ok(json!(1))
                    }
                }
            });
            let _ = layer.layer(handler).oneshot(record).await;
        }
    }
    assert_eq!(runs.count(), 4);
}

// I10: the order of names and white space made another key.

#[tokio::test]
async fn the_order_of_names_and_white_space_make_no_other_key() {
    let bed = Bed::default();
    let layer = bed.layer();
    for text in [
        r#"{"a":1,"b":{"c":2,"d":3}}"#,
        "{ \"b\" : {\"d\":3,\n\"c\":2}, \"a\":1 }",
    ] {
        let payload: Value = text.parse().unwrap();
        bed.answer_to(&layer, event_of(payload), json!(1))
            .await
            .unwrap();
    }
    assert_eq!(bed.runs.count(), 1);
}

// I11: the record was not shown on a mismatch.

#[tokio::test]
async fn a_mismatch_shows_the_record() {
    let bed = Bed::default();
    let amount = |amount| event_of(json!({"id": "k", "amount": amount}));
    let builder = bed.builder().key("id").payload_validation("amount");
    let layer = builder.build().unwrap();
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    let error = own(bed.answer_to(&layer, amount(2), json!(2)).await);
    assert_eq!(
        error.record().and_then(StoredRecord::answer),
        Some(&Answer::Response("1".into()))
    );
}

// 19: the static partition key was overwritten by the record's own.

#[tokio::test]
async fn a_replay_does_not_change_the_key_under_which_a_record_is_cached() {
    let bed = Bed::default();
    let layer = bed.builder().local_cache(8).build().unwrap();
    bed.answer(&bed.layer(), json!(1)).await.unwrap();
    bed.next(&layer).await.unwrap();
    assert_eq!(layer.config().cached_keys(), [key(&layer)]);
    bed.store.calls();
    bed.next(&layer).await.unwrap();
    assert_eq!(bed.store.calls(), []);
}

// Of the specification's quirks: falsy answers were replayed as null.

#[tokio::test]
async fn a_falsy_answer_is_not_replayed_as_null() {
    for answer in [json!(0), json!(false), json!(""), json!([]), json!({})] {
        let bed = Bed::default();
        let layer = bed.layer();
        bed.answer(&layer, answer.clone()).await.unwrap();
        assert_eq!(bed.next(&layer).await.unwrap(), answer);
    }
}

// A handler that changed its event changed the key under which it was completed.

#[tokio::test]
async fn a_handler_that_changes_its_event_does_not_change_the_key() {
    let bed = Bed::default();
    let layer = bed.layer();
    let changes = service_fn(|mut event: LambdaEvent<Value>| {
        event.payload["id"] = json!("changed");
        async move { Ok::<_, String>(event.payload) }
    });
    layer.layer(changes).oneshot(event()).await.unwrap();
    assert_eq!(bed.store.records.keys(), [key(&layer)]);
}

// 3 and the pattern of keys by thread or trace id: an answer reached another tenant.

#[tokio::test]
async fn an_answer_does_not_reach_another_tenant() {
    let bed = Bed::default();
    let builder = bed.builder().tenant_isolation(true).local_cache(8);
    let layer = Arc::new(builder.build().unwrap());
    let of = |tenant: &str| {
        let context = TestContext::new("r").xray_header("Root=1-2-3");
        context.tenant_id(tenant).event(json!({"id": "k"}))
    };
    for tenant in ["a", "b", "a"] {
        let answer = bed.answer_to(&layer, of(tenant), json!(tenant)).await;
        assert_eq!(answer.unwrap(), json!(tenant));
    }
}

// 18: an error of the body was a panic.

#[tokio::test]
async fn an_error_of_the_body_is_no_panic() {
    use support::{Part, Scripted};
    let bed = Bed::default();
    let layer = bed.builder().key("body").build().unwrap();
    let service = service_fn(|_: Request<Scripted>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Scripted::new([Part::Fails("reset")])))
    });
    for (part, status) in [(Part::Fails("reset"), 400), (Part::Data(b"key"), 500)] {
        let request = Request::new(Scripted::new([part]));
        let answer = layer.layer(service).oneshot(request).await.unwrap();
        assert_eq!(read(answer).await.0, status);
    }
}
