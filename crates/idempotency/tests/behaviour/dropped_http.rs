//! Http calls that are dropped, or panic, while a body is read.

use std::convert::Infallible;

use http::{Request, Response};
use powertools_idempotency::{AfterTimeout, IdempotencyLayer, Status};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Bed, Op, Part, Scripted, TestStore, caught, drop_pending, http_bed, secs};

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
async fn while_the_body_of_the_answer_is_read_the_policy_decides() {
    for (policy, left) in [
        (AfterTimeout::Retry, None),
        (AfterTimeout::Hold(secs(9)), Some(Status::InProgress)),
        (AfterTimeout::NeverRetry, Some(Status::InProgress)),
    ] {
        let (bed, builder) = http_bed();
        let layer = builder.after_timeout(policy).build().unwrap();
        drop_pending(call(&bed, &layer, MORE, Part::Hangs)).await;
        assert_eq!(bed.runs.count(), 1);
        assert_eq!(bed.status().await, left, "{policy:?}");
    }
}

#[tokio::test]
async fn a_panic_in_the_body_of_the_answer_deletes_the_record_before_it_goes_on() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let panicked = caught(call(&bed, &layer, MORE, Part::Panics)).await;
    assert!(panicked.is_err());
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
    assert_eq!(bed.status().await, None);
}
