//! What an http caller is told by each kind of error.

use std::{
    convert::Infallible,
    future::Ready,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use http::Response;
use powertools_core::{InvocationRequest, Observe, Outcome};
use powertools_idempotency::{
    Exchange, ExchangeSettings, IdempotencyError, IdempotencyErrorKind as Kind, Identity, Kept,
};
use tower::{Layer, Service, ServiceExt};

use crate::{
    http_rejections::told,
    support::{Text, http_bed},
};

#[tokio::test]
async fn the_answer_to_each_kind_is_that_of_the_table() {
    let (_, builder) = http_bed();
    let (seen, layer) = (Arc::new(Mutex::new(None)), builder);
    let shown = Arc::clone(&seen);
    let layer = layer.rejection(move |error| {
        *shown.lock().unwrap() = Some(error.kind());
        None
    });
    let service = layer.build().unwrap().layer(Refuses);
    for (kinds, status, retry) in [
        (&[Kind::InProgress, Kind::LeaseLost][..], 409, Some("1")),
        (&[Kind::PayloadMismatch], 422, None),
        (
            &[
                Kind::MissingKey,
                Kind::MissingTenant,
                Kind::Expression,
                Kind::Payload,
                Kind::Body,
            ],
            400,
            None,
        ),
        (
            &[
                Kind::Claim,
                Kind::Read,
                Kind::InconsistentState,
                Kind::NoTimeLeft,
            ],
            503,
            Some("1"),
        ),
        (
            &[
                Kind::Complete,
                Kind::Release,
                Kind::Unstorable,
                Kind::TooLarge,
                Kind::ResponseBody,
                Kind::ResponseOmitted,
                Kind::UnreadableAnswer,
                Kind::Hook,
                Kind::MissingExpression,
            ],
            500,
            None,
        ),
    ] {
        for kind in kinds {
            let request = Told(*kind);
            let answer = service.clone().oneshot(request).await.unwrap();
            assert_eq!(*seen.lock().unwrap(), Some(*kind));
            let (found, found_retry, _) = told(answer).await;
            assert_eq!((found, found_retry.as_deref()), (status, retry), "{kind:?}");
        }
    }
}

/// A request that cannot be identified, for this reason.
struct Told(Kind);

/// Never called.
#[derive(Clone)]
struct Refuses;

impl Service<Told> for Refuses {
    type Response = Response<Text>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Text>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Told) -> Self::Future {
        panic!("it is not identified")
    }
}

impl InvocationRequest for Told {}

impl Observe<Response<Text>, Infallible> for Told {
    fn outcome(_result: &Result<Response<Text>, Infallible>) -> Outcome {
        Outcome::Ok
    }
}

impl Exchange<Response<Text>, Infallible> for Told {
    type Error = Infallible;

    async fn identify(
        self,
        _settings: &ExchangeSettings,
    ) -> Result<(Self, Identity), IdempotencyError> {
        Err(self.0.into())
    }

    async fn keep(
        _response: Response<Text>,
        _identity: &Identity,
        _settings: &ExchangeSettings,
    ) -> Kept<Response<Text>> {
        panic!("it does not run")
    }

    fn replay(_json: &str, _identity: &Identity) -> Result<Response<Text>, IdempotencyError> {
        panic!("it is not identified")
    }

    fn reject(
        error: IdempotencyError,
        settings: &ExchangeSettings,
    ) -> Result<Response<Text>, Infallible> {
        Ok(settings.rejection(&error).map(Text::from))
    }

    fn fail(error: Infallible, _unfinished: Option<IdempotencyError>) -> Infallible {
        error
    }
}
