use std::future::Future;

use powertools_core::Invocation;

use super::{call::Call, settle::Settled};
use crate::{
    Exchange, ExchangeSettings, IdempotencyError, IdempotencyErrorKind, IdempotencyStore, Identity,
    KeepErrors, ReplayHook, shared::Shared,
};

/// Why there is no answer.
pub(crate) enum Failure<Err> {
    /// The layer has something to say.
    Own(IdempotencyError),
    /// The function failed; maybe its record could not be finished either.
    Inner(Err, Option<IdempotencyError>),
}

impl<Err> From<IdempotencyError> for Failure<Err> {
    fn from(error: IdempotencyError) -> Self {
        Self::Own(error)
    }
}

impl<Err> From<IdempotencyErrorKind> for Failure<Err> {
    fn from(kind: IdempotencyErrorKind) -> Self {
        Self::Own(kind.into())
    }
}

impl<Err> Failure<Err> {
    /// What the caller of an exchange gets.
    pub(crate) fn into_result<X, Res>(self, settings: &ExchangeSettings) -> Result<Res, X::Error>
    where
        X: Exchange<Res, Err>,
    {
        match self {
            Self::Own(error) => X::reject(error, settings),
            Self::Inner(error, unfinished) => Err(X::fail(error, unfinished)),
        }
    }
}

/// One call, identified: replays it, refuses it, or runs it.
pub(crate) async fn execute<X, Res, Err, St, H, F, Fut>(
    shared: &Shared<St, H, F>,
    invocation: &Invocation,
    identity: Identity,
    durable_replay: bool,
    run: impl FnOnce() -> Fut,
) -> Result<Res, Failure<Err>>
where
    X: Exchange<Res, Err>,
    St: IdempotencyStore,
    H: ReplayHook<Res>,
    F: KeepErrors<Err>,
    Fut: Future<Output = Result<Res, Err>>,
{
    let Some(hash) = identity.key_hash() else {
        shared.warn_of_missing_key();
        return run().await.map_err(|error| Failure::Inner(error, None));
    };
    let key = shared.settings.key(|| invocation.clone(), hash)?.into();
    let call = Call::new(shared, invocation, key, identity, durable_replay);
    match call.settle().await? {
        Settled::Replay(record) => call.replay::<X, _, _>(&record).await,
        Settled::Run(run_under, hold) => call.run::<X, _, _, _>(run_under, hold, run).await,
    }
}
