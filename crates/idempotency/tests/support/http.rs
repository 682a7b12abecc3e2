//! An http service of text under the layer.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use powertools_idempotency::{
    IdempotencyBuilder, IdempotencyLayer, IdempotencyStore, KeepErrors, ReplayHook,
};
use tower::{Layer, ServiceExt, service_fn};

use super::{Bed, Runs, TestStore};

pub(crate) type Text = Full<Bytes>;

/// The key is a header.
pub(crate) fn http_bed() -> (Bed, IdempotencyBuilder<TestStore>) {
    let bed = Bed::default();
    let builder = bed.builder().key("headers.\"idempotency-key\"");
    (bed, builder)
}

/// A request with the key `k`.
pub(crate) fn keyed(body: &'static str) -> Request<Text> {
    let request = Request::builder()
        .method("POST")
        .header("idempotency-key", "k");
    request.body(Text::from(body)).unwrap()
}

/// Calls a service that counts its runs and gives this answer.
pub(crate) async fn ask<St, H, F>(
    runs: &Runs,
    layer: &IdempotencyLayer<St, H, F>,
    request: Request<Text>,
    answer: impl Fn(Request<Text>) -> Response<Text> + Clone + Send + 'static,
) -> Response<Text>
where
    St: IdempotencyStore,
    H: ReplayHook<Response<Text>>,
    F: KeepErrors<Infallible>,
{
    let runs = runs.clone();
    let service = service_fn(move |request| {
        runs.add();
        let answer = answer(request);
        async { Ok::<_, Infallible>(answer) }
    });
    let answered = layer.layer(service).oneshot(request).await;
    answered.unwrap_or_else(|never| match never {})
}

/// Status and body.
pub(crate) async fn read<B: Body<Error: std::fmt::Debug>>(response: Response<B>) -> (u16, Bytes) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, body)
}

pub(crate) fn text_of(text: &'static str) -> Response<Text> {
    Response::new(Text::from(text))
}
