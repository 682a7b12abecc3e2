//! Around an axum router, as `lambda_http` serves it.

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{Request, Response, StatusCode},
    routing::post,
};
use powertools_idempotency::{IdempotencyLayer, Lease, Replayed};
use tower::{Layer, ServiceExt};

use crate::support::{Bed, Runs, TestStore, http_bed, read, secs};

fn router(runs: &Runs) -> Router {
    let runs = runs.clone();
    let order = async move |Path(id): Path<u8>, body: String| {
        runs.add();
        assert!(Lease::current().is_some());
        (StatusCode::CREATED, [("x-order", id.to_string())], body)
    };
    Router::new().route("/orders/{id}", post(order))
}

fn order(body: &'static str) -> Request<Body> {
    let request = Request::post("/orders/7").header("idempotency-key", "k");
    request.body(Body::from(body)).unwrap()
}

async fn check(bed: &Bed, layer: &IdempotencyLayer<TestStore>, service: Router) {
    for run in 0..2 {
        let answer: Response<Body> = match run {
            // As a layer of the router, and around it.
            0 => service
                .clone()
                .layer(layer.clone())
                .oneshot(order("a"))
                .await
                .unwrap(),
            _ => layer
                .layer(service.clone())
                .oneshot(order("b"))
                .await
                .unwrap(),
        };
        assert_eq!(answer.extensions().get::<Replayed>().is_some(), run == 1);
        assert_eq!(answer.headers()["x-order"], "7");
        assert_eq!(read(answer).await, (201, "a".into()));
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn its_answer_is_kept_and_given_again() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    check(&bed, &layer, router(&bed.runs)).await;
}

#[tokio::test]
async fn its_body_can_be_the_key() {
    let bed = Bed::default();
    let layer = bed.builder().key("body").build().unwrap();
    let service = router(&bed.runs).layer(layer);
    for (body, runs) in [("a", 1), ("b", 2), ("a", 2)] {
        let answer = service.clone().oneshot(order(body)).await.unwrap();
        assert_eq!(read(answer).await, (201, body.into()));
        assert_eq!(bed.runs.count(), runs);
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_no_error() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let service = router(&bed.runs).layer(layer);
    service.clone().oneshot(order("a")).await.unwrap();
    bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
    let answer = service.oneshot(order("a")).await.unwrap();
    assert_eq!(answer.status(), 409);
}
