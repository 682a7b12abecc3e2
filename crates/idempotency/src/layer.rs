use std::fmt;

use tower_layer::Layer;

use crate::{
    Idempotency, IdempotencyBuilder, IdempotencyConfig, IdempotencyConfigError, IdempotencyStore,
    NoErrors, NoHook,
};

/// Layer under which a request with the same key runs once, and its answer is given again.
///
/// # Example
///
/// In the [documentation of the crate](crate).
///
/// # Order
///
/// Inside of the layers that observe, so that they see replays and refusals; around each record
/// of a batch; outside of a circuit breaker and of the handler.
///
/// # Errors
///
/// Around a `LambdaEvent` handler and a record's: [`LayerError`](powertools_core::LayerError),
/// which is the handler's own error or an [`IdempotencyError`](crate::IdempotencyError). Around
/// an http service its own; what the layer has to say is an answer.
///
/// # Concurrency
///
/// Nothing is kept in the layer but its settings and the local cache. The step that decides is
/// the store's. A handler finds its own [`Lease`](crate::Lease).
///
/// # Cost
///
/// One box for each call. A new key costs two writes to the store, a duplicate one that is
/// refused, or nothing where the local cache has its record.
pub struct IdempotencyLayer<St, H = NoHook, F = NoErrors> {
    config: IdempotencyConfig<St, H, F>,
}

impl<St: IdempotencyStore> IdempotencyLayer<St> {
    /// Begins with an id and a store. The id is a part of each key, so that two layers in one
    /// function never share keys, unless a prefix or the key format of TypeScript takes its place.
    pub fn builder(id: impl Into<String>, store: St) -> IdempotencyBuilder<St> {
        IdempotencyConfig::builder(id, store)
    }
}

impl<St: IdempotencyStore, H, F> IdempotencyBuilder<St, H, F> {
    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// Those of [`build_config`](Self::build_config).
    pub fn build(self) -> Result<IdempotencyLayer<St, H, F>, IdempotencyConfigError> {
        Ok(IdempotencyLayer::new(self.build_config()?))
    }
}

impl<St, H, F> IdempotencyLayer<St, H, F> {
    /// A layer with what was built before.
    #[must_use]
    pub fn new(config: IdempotencyConfig<St, H, F>) -> Self {
        Self { config }
    }

    /// What the layer was built with.
    #[must_use]
    pub fn config(&self) -> &IdempotencyConfig<St, H, F> {
        &self.config
    }
}

impl<St, H, F> Clone for IdempotencyLayer<St, H, F> {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
        }
    }
}

impl<S, St, H, F> Layer<S> for IdempotencyLayer<St, H, F> {
    type Service = Idempotency<S, St, H, F>;

    fn layer(&self, inner: S) -> Self::Service {
        Idempotency::new(inner, self.config.clone())
    }
}

impl<St, H, F> fmt::Debug for IdempotencyLayer<St, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyLayer")
            .field("config", &self.config)
            .finish()
    }
}
