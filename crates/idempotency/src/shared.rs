use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::settings::Settings;

/// What the clones of a layer share. Nothing here belongs to one invocation.
pub(crate) struct Shared<St, H, F> {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<St>,
    pub(crate) hook: H,
    pub(crate) errors: F,
    pub(crate) warned: AtomicBool,
}

impl<St, H, F> Shared<St, H, F> {
    /// Once per layer: payloads without a key may be many.
    pub(crate) fn warn_of_missing_key(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "powertools::idempotency",
                "a payload has no idempotency key and runs without a record; `require_key` \
                 refuses such"
            );
        }
    }
}
