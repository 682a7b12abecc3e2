use std::{fmt, sync::Arc};

use powertools_core::Invocation;
use serde::Serialize;
use serde_json::Value;

use crate::{IdempotencyError, IdempotencyStore, Identity, NoErrors, NoHook, shared::Shared};

/// What an idempotent call is done with: by [`idempotent`](crate::idempotent), or by a layer.
/// Clones share it.
pub struct IdempotencyConfig<St, H = NoHook, F = NoErrors> {
    pub(crate) shared: Arc<Shared<St, H, F>>,
    pub(crate) replays: bool,
}

impl<St: IdempotencyStore, H, F> IdempotencyConfig<St, H, F> {
    /// The whole key of a payload; `None` if it has no key. With it a record can be looked up in
    /// the [`store`](Self::store). With [`tenant_isolation`] it is that of the tenant whose
    /// invocation this runs in.
    ///
    /// [`tenant_isolation`]: crate::IdempotencyBuilder::tenant_isolation
    ///
    /// # Errors
    ///
    /// The payload does not serialise, an expression fails on it, or it has no key although one
    /// is required.
    pub fn key_of<T>(&self, payload: &T) -> Result<Option<String>, IdempotencyError>
    where
        T: Serialize + 'static,
    {
        let identity = self.shared.settings.exchange.keys.of_static(payload)?;
        self.key(&identity)
    }

    /// The whole key of a payload that is JSON text, as a call with that payload as a
    /// `Box<RawValue>` has it: without loss of digits. `None` if it has no key.
    ///
    /// # Errors
    ///
    /// The text is not JSON, an expression fails on it, or it has no key although one is
    /// required.
    pub fn key_from_json(&self, payload: &[u8]) -> Result<Option<String>, IdempotencyError> {
        let identity = self.identify(payload)?;
        self.key(&identity)
    }

    /// The text that is hashed into the key of a payload, to find out why two keys differ. It is
    /// payload: do not log it.
    ///
    /// # Errors
    ///
    /// Those of [`key_of`](Self::key_of), but for a missing key.
    pub fn key_text(&self, payload: &Value) -> Result<Vec<u8>, IdempotencyError> {
        self.shared.settings.exchange.keys.text_of_value(payload)
    }

    /// The same for a payload that is JSON text.
    ///
    /// # Errors
    ///
    /// Those of [`key_from_json`](Self::key_from_json), but for a missing key.
    pub fn key_text_from_json(&self, payload: &[u8]) -> Result<Vec<u8>, IdempotencyError> {
        self.shared.settings.exchange.keys.text_of_json(payload)
    }

    /// The hashes of a payload that is JSON text: that in its key, and that which later payloads
    /// are compared with.
    ///
    /// # Errors
    ///
    /// Those of [`key_from_json`](Self::key_from_json).
    pub fn identify(&self, payload: &[u8]) -> Result<Identity, IdempotencyError> {
        self.shared.settings.exchange.keys.of_json(payload)
    }

    fn key(&self, identity: &Identity) -> Result<Option<String>, IdempotencyError> {
        let key = |hash| self.shared.settings.key(Invocation::current, hash);
        identity.key_hash().map(key).transpose()
    }

    /// The same settings for a durable function that runs once more over what it has done, if
    /// `replays` is true: a call that stands as running goes on, see [`Durable`](crate::Durable).
    #[must_use]
    pub fn durable_replay(&self, replays: bool) -> Self {
        Self {
            replays,
            ..self.clone()
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &St {
        &self.shared.store
    }

    /// The keys in the local cache, in no order.
    #[cfg(feature = "local-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "local-cache")))]
    #[must_use]
    pub fn cached_keys(&self) -> Vec<String> {
        self.shared.settings.cache.keys()
    }

    /// Empties the local cache, as after a restore from a snapshot.
    #[cfg(feature = "local-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "local-cache")))]
    pub fn clear_cache(&self) {
        self.shared.settings.cache.clear();
    }
}

impl<St, H, F> Clone for IdempotencyConfig<St, H, F> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            replays: self.replays,
        }
    }
}

impl<St, H, F> fmt::Debug for IdempotencyConfig<St, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyConfig")
            .field("prefix", &self.shared.settings.prefix)
            .finish_non_exhaustive()
    }
}
