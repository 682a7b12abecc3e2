use std::future::Future;

use powertools_core::InvocationRequest;

use crate::{ExchangeSettings, IdempotencyError, Identity};

/// A request that a layer can identify, and whose answer it can keep and give again.
///
/// It is implemented for `LambdaEvent<T>`, `http::Request<B>`, the
/// [`Record`](powertools_core::Record) of a batch, and each of them as a
/// [`Durable`](crate::Durable) one. Implement it for the request of a service of your own.
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
    /// The call has run, but its answer cannot be kept.
    Unstorable(IdempotencyError),
    /// The answer broke before its end: the call has failed, and may run again.
    Broken(IdempotencyError),
}
