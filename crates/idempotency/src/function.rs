use std::future::Future;

use powertools_core::{Invocation, LayerError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    IdempotencyConfig, IdempotencyError, IdempotencyStore, KeepErrors, ReplayHook,
    engine::{Failure, execute},
    exchange::Function,
};

/// Runs a function once for each key of its payload, and gives its answer again.
pub async fn idempotent<P, Res, Err, Fut, St, H, F>(
    config: &IdempotencyConfig<St, H, F>,
    payload: &P,
    run: impl FnOnce() -> Fut,
) -> Result<Res, LayerError<Err, IdempotencyError>>
where
    P: Serialize + 'static,
    Res: Serialize + DeserializeOwned + Send,
    Fut: Future<Output = Result<Res, Err>>,
    St: IdempotencyStore,
    H: ReplayHook<Res>,
    F: KeepErrors<Err>,
{
    let settings = &config.shared.settings;
    if settings.disabled {
        return run().await.map_err(LayerError::Inner);
    }
    let identity = settings
        .exchange
        .keys
        .of(payload)
        .map_err(LayerError::Layer)?;
    let invocation = Invocation::current();
    execute::<Function<Res>, _, _, _, _, _, _>(
        &config.shared,
        &invocation,
        identity,
        config.replays,
        run,
    )
    .await
    .or_else(|failure: Failure<Err>| failure.into_result::<Function<Res>, _>(&settings.exchange))
}
