use std::future::Future;

use powertools_core::{Invocation, LayerError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    IdempotencyConfig, IdempotencyError, IdempotencyStore, KeepErrors, ReplayHook,
    engine::{Failure, execute},
    exchange::Function,
};

/// Runs a function once for each key of its payload, and gives its answer again.
///
/// The payload is identified at once, not when the future is polled: the future does not borrow
/// it, and may go to another thread even if the payload may not. Its lease comes from the
/// invocation that it runs in.
///
/// ```
/// use powertools_idempotency::{IdempotencyConfig, InMemoryStore, idempotent};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = IdempotencyConfig::builder("greet", InMemoryStore::new()).build_config()?;
/// let greet = async |name: &str| idempotent(&config, name, || async { Ok::<_, String>(1) }).await;
/// assert!(greet("Ada").await.is_ok());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`LayerError::Inner`] is the function's own error, [`LayerError::Layer`] that of
/// idempotency.
pub fn idempotent<'c, P, R, Res, Err, Fut, St, H, F>(
    config: &'c IdempotencyConfig<St, H, F>,
    payload: &P,
    run: R,
) -> impl Future<Output = Result<Res, LayerError<Err, IdempotencyError>>>
+ use<'c, P, R, Res, Err, Fut, St, H, F>
where
    P: Serialize + ?Sized,
    R: FnOnce() -> Fut,
    Res: Serialize + DeserializeOwned + Send,
    Fut: Future<Output = Result<Res, Err>>,
    St: IdempotencyStore,
    H: ReplayHook<Res>,
    F: KeepErrors<Err>,
{
    let settings = &config.shared.settings;
    let identity = (!settings.disabled).then(|| settings.exchange.keys.of(payload));
    async move {
        let Some(identity) = identity else {
            return run().await.map_err(LayerError::Inner);
        };
        let identity = identity.map_err(LayerError::Layer)?;
        let invocation = Invocation::current();
        execute::<Function<Res>, _, _, _, _, _, _>(
            &config.shared,
            &invocation,
            identity,
            config.replays,
            run,
        )
        .await
        .or_else(|failure: Failure<Err>| {
            failure.into_result::<Function<Res>, _>(&settings.exchange)
        })
    }
}

#[cfg(test)]
mod tests;
