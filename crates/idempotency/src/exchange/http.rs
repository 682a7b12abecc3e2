use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use powertools_core::http::{StoredResponse, collect_body, request_head_view, request_view};

use super::{Exchange, Kept, json};
use crate::{ExchangeSettings, IdempotencyError, IdempotencyErrorKind, Identity};

type BoxError = Box<dyn Error + Send + Sync>;

/// Stands in the extensions of an http answer that was given again and not made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed;

/// The payload is the view of the request that [`request_view`] gives, the answer a
/// [`StoredResponse`].
///
/// A body is read only if an expression needs it. Text bodies are passed on as text.
impl<B, RB, Err> Exchange<Response<RB>, Err> for Request<B>
where
    B: Body + From<String> + From<Vec<u8>> + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
    RB: Body + From<String> + From<Vec<u8>> + Send,
    RB::Data: Send,
    RB::Error: Into<BoxError>,
{
    type Error = Err;

    async fn identify(
        self,
        settings: &ExchangeSettings,
    ) -> Result<(Self, Identity), IdempotencyError> {
        let keys = settings.keys();
        if !keys.has_expression() {
            return Err(IdempotencyErrorKind::MissingExpression.into());
        }
        if !keys.needs_body() {
            let identity = keys.of_value(&request_head_view(&self))?;
            let identity = identity.with_method(self.method().clone());
            return Ok((self, identity));
        }
        let (parts, body) = self.into_parts();
        let body = collect_body(body, settings.max_body_len())
            .await
            .map_err(|error| {
                IdempotencyError::from(IdempotencyErrorKind::Body).with_source(error)
            })?;
        let identity = keys.of_value(&request_view(&parts, Some(&body)))?;
        let identity = identity.with_method(parts.method.clone());
        Ok((Self::from_parts(parts, rebuilt(body)), identity))
    }

    async fn keep(
        response: Response<RB>,
        identity: &Identity,
        settings: &ExchangeSettings,
    ) -> Kept<Response<RB>> {
        let (parts, body) = response.into_parts();
        if !settings.keeps(parts.status) {
            return Kept::Failure(Response::from_parts(parts, body));
        }
        let body = match body.collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => {
                let error =
                    IdempotencyError::from(IdempotencyErrorKind::ResponseBody).with_source(error);
                return Kept::Unstorable(error);
            }
        };
        let mut stored = StoredResponse::new(&parts, &body);
        if let Some(method) = identity.method() {
            stored = stored.with_method(method);
        }
        match json::text(&stored) {
            Ok(json) => Kept::Answer(Response::from_parts(parts, rebuilt(body)), json),
            Err(error) => Kept::Unstorable(error),
        }
    }

    fn replay(json: &str, identity: &Identity) -> Result<Response<RB>, IdempotencyError> {
        let stored: StoredResponse = json::replay(json)?;
        // The answer to a POST is none to a DELETE with the same key.
        if let (Some(stored), Some(method)) = (stored.method(), identity.method())
            && stored != method.as_str()
        {
            return Err(IdempotencyErrorKind::PayloadMismatch.into());
        }
        let mut response: Response<RB> = stored.into_response().map_err(|error| {
            IdempotencyError::from(IdempotencyErrorKind::UnreadableAnswer).with_source(error)
        })?;
        response.extensions_mut().insert(Replayed);
        Ok(response)
    }

    fn reject(
        error: IdempotencyError,
        settings: &ExchangeSettings,
    ) -> Result<Response<RB>, Self::Error> {
        let rejection = settings.rejection(&error);
        let error = &error as &(dyn Error + 'static);
        // The caller is told too little to find out what is wrong.
        if rejection.status().is_server_error() {
            tracing::warn!(target: "powertools::idempotency", error, "request not answered");
        } else {
            tracing::debug!(target: "powertools::idempotency", error, "request rejected");
        }
        Ok(rejection.map(rebuilt))
    }

    fn fail(error: Err, unfinished: Option<IdempotencyError>) -> Err {
        if let Some(unfinished) = unfinished {
            tracing::warn!(
                target: "powertools::idempotency",
                error = &unfinished as &(dyn Error + 'static),
                "the record of a failed call is left to its lease"
            );
        }
        error
    }
}

/// Text stays text: `lambda_http` sends anything else in base64.
fn rebuilt<B: From<String> + From<Vec<u8>>>(body: Bytes) -> B {
    match String::from_utf8(body.into()) {
        Ok(text) => text.into(),
        Err(error) => error.into_bytes().into(),
    }
}
