//! Http calls that are dropped, or panic, while a body is read. Of the answer's body: the service
//! has run.

use std::convert::Infallible;

use http::{Request, Response};
use powertools_idempotency::{AfterTimeout, IdempotencyLayer, Status};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    Bed, MILLIS, Op, Part, Scripted, TestStore, background, caught, drop_pending, http_bed, ms,
    secs,
};

/// Answers with this body.
async fn call(
    bed: &Bed,
    layer: &IdempotencyLayer<TestStore>,
    sent: Part,
    answer: Part,
) -> Result<Response<Scripted>, Infallible> {
    let runs = bed.runs.clone();
    let service = service_fn(move |_: Request<Scripted>| {
        runs.add();
        let answer = Scripted::new([Part::Data(b"a"), answer.clone()]);
        async { Ok(Response::new(answer)) }
    });
    let request = Request::builder().header("idempotency-key", "k");
    let request = request.body(Scripted::new([Part::Data(b"a"), sent]));
    layer.layer(service).oneshot(request.unwrap()).await
}

const MORE: Part = Part::Data(b"b");

#[tokio::test]
async fn while_the_body_of_the_request_is_read_nothing_is_left() {
    let bed = Bed::default();
    let layer = bed.builder().key("body").build().unwrap();
    drop_pending(call(&bed, &layer, Part::Hangs, MORE)).await;
    assert_eq!(bed.store.calls(), []);
    assert_eq!(bed.runs.count(), 0);
    let panicked = caught(call(&bed, &layer, Part::Panics, MORE)).await;
    assert!(panicked.is_err());
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn while_the_body_of_the_answer_is_read_the_record_is_left_to_its_lease() {
    for policy in POLICIES {
        let (bed, builder) = http_bed();
        let layer = builder.after_timeout(policy).build().unwrap();
        drop_pending(call(&bed, &layer, MORE, Part::Hangs)).await;
        left_to_its_lease(&bed, &layer, policy).await;
    }
}

#[tokio::test]
async fn a_panic_in_the_body_of_the_answer_goes_on_and_leaves_the_record_to_its_lease() {
    for policy in POLICIES {
        let (bed, builder) = http_bed();
        let layer = builder.after_timeout(policy).build().unwrap();
        let panicked = caught(call(&bed, &layer, MORE, Part::Panics)).await;
        assert!(panicked.is_err());
        background().await;
        left_to_its_lease(&bed, &layer, policy).await;
    }
}

const POLICIES: [AfterTimeout; 3] = [
    AfterTimeout::Retry,
    AfterTimeout::Hold(secs(9)),
    AfterTimeout::NeverRetry,
];

/// What the service did is done: the next call waits until nobody can be at it.
async fn left_to_its_lease(bed: &Bed, layer: &IdempotencyLayer<TestStore>, policy: AfterTimeout) {
    assert_eq!(bed.store.calls(), [Op::Claim], "{policy:?}");
    let record = bed.record().await;
    assert_eq!(record.status(), Status::InProgress, "{policy:?}");
    let end = record.in_progress_expiration().unwrap();
    bed.clock.advance(ms(u64::try_from(end - MILLIS).unwrap()));
    let refused = call(bed, layer, MORE, MORE).await.unwrap();
    assert_eq!(refused.status(), 409, "{policy:?}");
    assert_eq!(bed.runs.count(), 1);
    bed.clock.advance(ms(1));
    let again = call(bed, layer, MORE, MORE).await.unwrap();
    assert_eq!(again.status(), 200, "{policy:?}");
    assert_eq!(bed.runs.count(), 2);
}
