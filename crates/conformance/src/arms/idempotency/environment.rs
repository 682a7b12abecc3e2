//! An execution environment: a layer of its own over the store that all share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use powertools_core::Host;
use powertools_idempotency::{IdempotencyLayer, KeyFormat, ReplayHook, ReplayedRecord};

use super::{
    backend::Backend,
    failure,
    outcome::Boom,
    returned::Returned,
    setup::{Hook, Setup},
};
use crate::{arm::Refusal, json::Json};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct Environment<B: Backend> {
    pub(super) layer: IdempotencyLayer<B::Store, Hooking>,
    pub(super) hooked: Arc<Hooked>,
    /// The time that the context told which was registered last.
    pub(super) registered: Mutex<Option<i64>>,
}

/// What a hook was called with, or why it could not be.
#[derive(Debug, Default)]
pub(super) struct Hooked {
    calls: Mutex<Vec<Json>>,
    pub(super) refusal: Mutex<Option<Refusal>>,
}

impl Hooked {
    fn lock(&self) -> MutexGuard<'_, Vec<Json>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the calls.
    pub(super) fn take(&self) -> Vec<Json> {
        std::mem::take(&mut self.lock())
    }
}

impl<B: Backend> Environment<B> {
    /// A new one, or the error that there is instead.
    pub(super) fn new(setup: &Setup, backend: &B, host: &Host) -> Result<Self, Json> {
        let hooked = Arc::<Hooked>::default();
        let hook = Hooking {
            hook: setup.hook,
            hooked: Arc::clone(&hooked),
        };
        let config = setup
            .config
            .builder(
                &setup.id,
                KeyFormat::Python,
                setup.key_prefix.as_deref(),
                backend.store(host)?,
                host,
            )?
            .replay_hook(hook)
            .build_config();
        let config = config.map_err(|error| failure::of_config(&error))?;
        Ok(Self {
            layer: IdempotencyLayer::new(config),
            hooked,
            registered: Mutex::new(None),
        })
    }
}

/// The hook of a case.
pub(super) struct Hooking {
    hook: Option<Hook>,
    hooked: Arc<Hooked>,
}

impl<R: Returned> ReplayHook<R> for Hooking {
    fn replay(&self, response: R, record: &ReplayedRecord<'_>) -> Result<R, BoxError> {
        let Some(hook) = self.hook else {
            return Ok(response);
        };
        let integer = |number: i64| Json::Number(number.into());
        self.hooked.lock().push(Json::object([
            ("response", response.shown()),
            ("status", Json::text(record.status().as_str())),
            ("key", Json::text(record.key())),
            ("expiry", integer(record.expiration())),
            (
                "payload_hash",
                record.payload_hash().map_or(Json::Null, Json::text),
            ),
        ]));
        match hook {
            Hook::Raise => Err(Boom::new("hook").into()),
            Hook::Replace => response.replayed().map_err(|refusal| {
                let place = self.hooked.refusal.lock();
                *place.unwrap_or_else(PoisonError::into_inner) = Some(refusal);
                Boom::new("refused").into()
            }),
        }
    }
}
