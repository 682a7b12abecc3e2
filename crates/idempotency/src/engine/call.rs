use std::{sync::Arc, time::Instant};

use powertools_core::Invocation;

use crate::{
    IdempotencyError, IdempotencyErrorKind, Identity,
    decision::{Decision, Question, decide},
    now::Now,
    protocol::{Protocol, Terms},
    record::StoredRecord,
    settings::Settings,
    shared::Shared,
    store::StoreError,
};

/// One call of an identified request.
pub(super) struct Call<'a, St, H, F> {
    pub(super) shared: &'a Shared<St, H, F>,
    pub(super) invocation: &'a Invocation,
    pub(super) key: Arc<str>,
    pub(super) identity: Identity,
    /// When the call came. No later time counts as an earlier one.
    pub(super) began: Now,
    durable_replay: bool,
}

impl<'a, St, H, F> Call<'a, St, H, F> {
    pub(super) fn new(
        shared: &'a Shared<St, H, F>,
        invocation: &'a Invocation,
        key: Arc<str>,
        identity: Identity,
        durable_replay: bool,
    ) -> Self {
        Self {
            shared,
            invocation,
            key,
            identity,
            began: shared.settings.host.clock().now().into(),
            durable_replay,
        }
    }

    pub(super) fn settings(&self) -> &'a Settings {
        &self.shared.settings
    }

    /// A clock that was put back during the call must not make a lease longer than the owner
    /// thinks, nor a record forgotten sooner.
    pub(super) fn now(&self) -> Now {
        Now::from(self.settings().host.clock().now()).max(self.began)
    }

    pub(super) fn instant(&self) -> Instant {
        self.settings().host.clock().instant()
    }

    pub(super) fn error(&self, kind: IdempotencyErrorKind) -> IdempotencyError {
        IdempotencyError::from(kind).with_key(&self.key)
    }

    pub(super) fn store_error(
        &self,
        kind: IdempotencyErrorKind,
        error: StoreError,
    ) -> IdempotencyError {
        self.error(kind).with_source(error)
    }

    pub(super) fn protocol(&self) -> Protocol {
        let settings = self.settings();
        Protocol::new(
            settings.new_owner(),
            self.identity.payload_hash().map(Into::into),
            self.durable_replay,
            Terms {
                deadline: self.invocation.deadline().map(Now::from),
                otherwise: settings.lease,
                expires_after: settings.expires_after,
                after_timeout: settings.after_timeout,
            },
        )
    }

    /// A completed record in the memory of this process. It is held against the payload like one
    /// of the store.
    pub(super) fn cached(&self, now: Now) -> Result<Option<StoredRecord>, IdempotencyError> {
        let Some(record) = self.settings().cache.get(&self.key, now) else {
            return Ok(None);
        };
        let question = Question {
            now,
            // No mark is empty: it is nobody's own.
            owner: "",
            payload_hash: self.identity.payload_hash(),
            durable_replay: self.durable_replay,
        };
        match decide(&record, &question) {
            Decision::Replay => Ok(Some(record)),
            Decision::Mismatch => {
                let error = self.error(IdempotencyErrorKind::PayloadMismatch);
                Err(error.with_record(record))
            }
            Decision::Run | Decision::InProgress | Decision::Mine | Decision::Retry => Ok(None),
        }
    }

    pub(super) fn cache(&self, record: impl FnOnce() -> StoredRecord) {
        self.settings().cache.insert(&self.key, record);
    }
}
