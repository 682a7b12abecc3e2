use std::time::Duration;

use tokio::runtime::Handle;

use super::{call::Call, waiting::Waiting};
use crate::{
    IdempotencyError, IdempotencyErrorKind,
    guard::Hold,
    lease::Lease,
    protocol::{Protocol, Run, Step},
    record::StoredRecord,
    store::{Claim, Claimed, IdempotencyStore, StoreErrorKind},
};

/// How long the release of a claim may take that came to nothing.
const RELEASE: Duration = Duration::from_secs(1);

/// What the store has settled.
pub(super) enum Settled<St: IdempotencyStore> {
    /// The call was done before.
    Replay(StoredRecord),
    /// The function is to run, and this is left to do for its key.
    Run(Run, Hold<St>),
}

impl<St: IdempotencyStore, H, F> Call<'_, St, H, F> {
    /// Finds out whether the call is to be replayed or run.
    pub(super) async fn settle(&self) -> Result<Settled<St>, IdempotencyError> {
        if let Some(record) = self.cached(self.began)? {
            return Ok(Settled::Replay(record));
        }
        let protocol = self.protocol();
        let mut hold = Hold::new(
            &self.shared.store,
            &self.key,
            protocol.owner(),
            protocol.payload_hash(),
        );
        let settled = self.steps(protocol, &mut hold).await;
        let error = match settled {
            Ok(Step::Run(run)) => return Ok(Settled::Run(run, hold)),
            Ok(Step::Replay(record)) => {
                hold.nothing_left();
                self.cache(|| record.clone());
                return Ok(Settled::Replay(record));
            }
            Ok(Step::InProgress(record)) => self
                .error(IdempotencyErrorKind::InProgress)
                .with_record(record),
            Ok(Step::Mismatch(record)) => self
                .error(IdempotencyErrorKind::PayloadMismatch)
                .with_record(record),
            Ok(Step::NoTimeLeft) => self.error(IdempotencyErrorKind::NoTimeLeft),
            Ok(Step::Claim(_) | Step::Read | Step::Inconsistent) => {
                self.error(IdempotencyErrorKind::InconsistentState)
            }
            Err(error) => error,
        };
        if hold.has_claimed() || may_have_claimed(&error) {
            // Nothing has run: the next call should not have to wait for our lease. Awaited,
            // since a process may be frozen after its answer; a drop goes on with it.
            if Handle::try_current().is_ok() {
                let _ = tokio::time::timeout(RELEASE, hold.release()).await;
            }
        }
        hold.nothing_left();
        Err(error)
    }

    /// Goes through the steps of the protocol, up to one that settles the call.
    async fn steps(
        &self,
        mut protocol: Protocol,
        hold: &mut Hold<St>,
    ) -> Result<Step, IdempotencyError> {
        let mut waiting = None;
        let mut now = self.began;
        let mut step = protocol.begin(now);
        loop {
            step = match step {
                Step::Claim(times) => {
                    let claim = Claim::new(&self.key, protocol.owner(), now, times)
                        .with_payload_hash(protocol.payload_hash().map(AsRef::as_ref));
                    hold.claiming();
                    let claimed = self.shared.store.claim(&claim).await;
                    now = self.now();
                    match claimed {
                        Ok(Claimed::Written) => {
                            hold.claimed();
                            protocol.claimed(now)
                        }
                        Ok(Claimed::Refused(record)) => protocol.refused(record, now),
                        Err(error) => {
                            return Err(self.store_error(IdempotencyErrorKind::Claim, error));
                        }
                    }
                }
                Step::Read => {
                    let record = self.shared.store.get(&self.key).await;
                    now = self.now();
                    match record {
                        Ok(record) => protocol.read(record, now),
                        // Who waits looks again.
                        Err(_) if self.wait(&mut waiting).await => Step::Read,
                        Err(error) => {
                            return Err(self.store_error(IdempotencyErrorKind::Read, error));
                        }
                    }
                }
                Step::InProgress(record) => {
                    hold.nothing_left();
                    waiting = waiting.or_else(|| self.waiting());
                    if !self.wait(&mut waiting).await {
                        return Ok(Step::InProgress(record));
                    }
                    protocol.waited()
                }
                settled => return Ok(settled),
            };
        }
    }

    /// The wait for the running call, if there is to be one. A call that runs inside of the one
    /// that it would wait for does not.
    fn waiting(&self) -> Option<Waiting> {
        let limit = self.settings().wait?;
        if Lease::holds(&self.key) {
            return None;
        }
        Some(Waiting::new(
            self.instant(),
            limit,
            self.invocation.remaining(),
        ))
    }

    /// Sleeps before the next look; false when there is none.
    async fn wait(&self, waiting: &mut Option<Waiting>) -> bool {
        let pause = waiting
            .as_mut()
            .and_then(|waiting| waiting.next(self.instant()));
        match pause {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                true
            }
            None => false,
        }
    }
}

/// Whether a claim of ours may stand in the store although the call is not run. The error tells
/// of the last attempt; one before it may have come through.
fn may_have_claimed(error: &IdempotencyError) -> bool {
    match error.kind() {
        // A claim that was sent twice is refused by itself.
        IdempotencyErrorKind::NoTimeLeft | IdempotencyErrorKind::Read => true,
        IdempotencyErrorKind::Claim => matches!(
            error.store(),
            Some(StoreErrorKind::Unavailable | StoreErrorKind::Throttled | StoreErrorKind::Other)
        ),
        _ => false,
    }
}
