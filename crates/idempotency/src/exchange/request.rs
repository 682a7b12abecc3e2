use std::future::Future;

use powertools_core::InvocationRequest;

use crate::{ExchangeSettings, IdempotencyError, Identity};

/// A request that a layer can identify, and whose answer it can keep and give again.
///
/// It is implemented for `LambdaEvent<T>`, `http::Request<B>`, the
/// [`Record`](powertools_core::Record) of a batch, and each of them as a
/// [`Durable`](crate::Durable) one. Implement it for the request of a service of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` with the answer `{Res}` cannot go through an idempotency layer",
    note = "around a `LambdaEvent<T>` or a batch `Record<T>`: `T` must be `Serialize`, the answer \
            `Serialize` and `DeserializeOwned`",
    note = "around an http service: both bodies must be made of a `String` and of a `Vec<u8>`, as \
            `axum::body::Body` is; `tower_http::map_response_body` turns others into that"
)]
pub trait Exchange<Res, Err>: InvocationRequest + Sized + Send {
    /// The error of the wrapped service.
    type Error;

    /// Whether a durable function runs once more over what it has done.
    fn is_durable_replay(&self) -> bool {
        false
    }

    /// Identifies the request, and gives it back: a body that was read for it is put together
    /// again.
    ///
    /// # Errors
    ///
    /// Those of [`KeyPlan::of`](crate::KeyPlan::of), and a body that cannot be read.
    fn identify(
        self,
        settings: &ExchangeSettings,
    ) -> impl Future<Output = Result<(Self, Identity), IdempotencyError>> + Send;

    /// Writes the answer to the request of this identity as JSON.
    fn keep(
        response: Res,
        identity: &Identity,
        settings: &ExchangeSettings,
    ) -> impl Future<Output = Kept<Res>> + Send;

    /// Reads the answer to the request of this identity from JSON.
    ///
    /// # Errors
    ///
    /// It is not the answer of this service.
    fn replay(json: &str, identity: &Identity) -> Result<Res, IdempotencyError>;

    /// What the caller gets in the place of an answer.
    ///
    /// # Errors
    ///
    /// The layer's error, where the service's error type has room for it.
    fn reject(error: IdempotencyError, settings: &ExchangeSettings) -> Result<Res, Self::Error>;

    /// The service's own error. `unfinished` says that the record of the call could not be
    /// deleted or completed.
    fn fail(error: Err, unfinished: Option<IdempotencyError>) -> Self::Error;
}

/// What became of an answer that was to be kept.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kept<Res> {
    /// The answer, and its JSON.
    Answer(Res, String),
    /// An answer that says that the call has failed, and may run again.
    Failure(Res),
    /// The call has run, but its answer cannot be kept. Its record is left to its lease.
    Unstorable(IdempotencyError),
}
