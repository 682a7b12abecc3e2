//! Carries out the steps of `protocol`.

use std::{
    error::Error,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use powertools_core::Invocation;

use crate::{
    Exchange, IdempotencyError, IdempotencyErrorKind, Identity, KeepErrors, Kept, ReplayHook,
    ReplayedRecord, TooLarge,
    decision::Decision,
    guard::Hold,
    lease::Lease,
    now::Now,
    protocol::{self, Protocol, Run, Step},
    record::{Answer, Status, StoredRecord},
    settings::Settings,
    shared::Shared,
    store::{Claim, Claimed, Finished, IdempotencyStore, StoreError, StoreErrorKind},
};

/// How long those who wait for a running call first sleep; then twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

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
    pub(crate) fn into_result<X, Res>(
        self,
        settings: &crate::ExchangeSettings,
    ) -> Result<Res, X::Error>
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
    let settings = &shared.settings;
    let Some(hash) = identity.key_hash() else {
        shared.warn_of_missing_key();
        return run().await.map_err(|error| Failure::Inner(error, None));
    };
    let key: Arc<str> = settings.key(invocation, hash)?.into();
    let protocol = Protocol::new(
        new_owner(settings),
        identity.payload_hash().map(Into::into),
        durable_replay,
        protocol::Lease {
            deadline: invocation.deadline().map(Now::from),
            otherwise: settings.lease,
            expires_after: settings.expires_after,
            after_timeout: settings.after_timeout,
        },
    );
    let mut call = Call {
        shared,
        invocation,
        key,
        identity,
        protocol,
        now: Now::from(settings.host.clock().now()),
    };
    match call.settle().await? {
        Settled::Replay(record) => call.replay::<X, _, _>(&record),
        Settled::Run(run_under, hold) => call.run::<X, _, _, _>(run_under, hold, run).await,
    }
}

/// 32 hexadecimal digits, new for each run.
fn new_owner(settings: &Settings) -> Box<str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; 16];
    settings.host.random().fill(&mut bytes);
    let digits = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]));
    let mut owner = String::with_capacity(32);
    owner.extend(digits);
    owner.into()
}

struct Call<'a, St, H, F> {
    shared: &'a Shared<St, H, F>,
    invocation: &'a Invocation,
    key: Arc<str>,
    identity: Identity,
    protocol: Protocol,
    now: Now,
}

/// What the steps of the protocol came to.
enum Outcome {
    Replay(StoredRecord),
    Run(Run),
}

/// The same, with what is left to do if the call is dropped.
enum Settled<St: IdempotencyStore> {
    Replay(StoredRecord),
    Run(Run, Hold<St>),
}

impl<St: IdempotencyStore, H, F> Call<'_, St, H, F> {
    fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    fn now(&self) -> Now {
        self.settings().host.clock().now().into()
    }

    fn instant(&self) -> Instant {
        self.settings().host.clock().instant()
    }

    fn error(&self, kind: IdempotencyErrorKind) -> IdempotencyError {
        IdempotencyError::from(kind).with_key(&self.key)
    }

    fn store_error(&self, kind: IdempotencyErrorKind, error: StoreError) -> IdempotencyError {
        self.error(kind).with_source(error)
    }

    /// Finds out whether the call is to be replayed or run.
    async fn settle(&mut self) -> Result<Settled<St>, IdempotencyError> {
        if let Some(record) = self.cached()? {
            return Ok(Settled::Replay(record));
        }
        let mut hold = Hold::new(
            &self.shared.store,
            &self.key,
            self.protocol.owner(),
            self.protocol.payload_hash(),
        );
        match self.steps().await {
            Ok(Outcome::Run(run)) => Ok(Settled::Run(run, hold)),
            Ok(Outcome::Replay(record)) => {
                hold.nothing();
                Ok(Settled::Replay(record))
            }
            Err(error) => {
                // A claim whose reply was lost may have left a record: dropping the hold
                // releases it.
                let maybe_claimed = error.kind() == IdempotencyErrorKind::Claim
                    && error.store() == Some(StoreErrorKind::Unavailable);
                if !maybe_claimed {
                    hold.nothing();
                }
                Err(error)
            }
        }
    }

    /// Goes through the steps of the protocol.
    async fn steps(&mut self) -> Result<Outcome, IdempotencyError> {
        let mut waiting = Waiting::default();
        let mut step = self.protocol.begin(self.now);
        loop {
            step = match step {
                Step::Claim(times) => {
                    let claim = Claim::new(&self.key, self.protocol.owner(), self.now, times)
                        .with_payload_hash(self.protocol.payload_hash());
                    let claimed = self.shared.store.claim(&claim).await;
                    self.now = self.now();
                    match claimed
                        .map_err(|error| self.store_error(IdempotencyErrorKind::Claim, error))?
                    {
                        Claimed::Written => self.protocol.claimed(times, self.now),
                        Claimed::Refused(record) => self.protocol.refused(record, self.now),
                    }
                }
                Step::Read => {
                    let record = self.shared.store.get(&self.key).await;
                    self.now = self.now();
                    let record = record
                        .map_err(|error| self.store_error(IdempotencyErrorKind::Read, error))?;
                    self.protocol.read(record, self.now)
                }
                Step::InProgress(_) if self.wait(&mut waiting).await => Step::Read,
                Step::InProgress(record) => {
                    let error = self.error(IdempotencyErrorKind::InProgress);
                    return Err(error.with_record(record));
                }
                Step::Run(run) => return Ok(Outcome::Run(run)),
                Step::Replay(record) => {
                    self.cache(|| record.clone());
                    return Ok(Outcome::Replay(record));
                }
                Step::Mismatch(record) => {
                    let error = self.error(IdempotencyErrorKind::PayloadMismatch);
                    return Err(error.with_record(record));
                }
                Step::Inconsistent => {
                    return Err(self.error(IdempotencyErrorKind::InconsistentState));
                }
            };
        }
    }

    /// Sleeps before the next look; false when the time for it is over.
    async fn wait(&self, waiting: &mut Waiting) -> bool {
        let Some(limit) = self.settings().wait else {
            return false;
        };
        let since = *waiting.since.get_or_insert_with(|| self.instant());
        let waited = self.instant().saturating_duration_since(since);
        let mut left = limit.saturating_sub(waited);
        if let Some(remaining) = self.invocation.remaining() {
            // Some time must be left to tell the caller.
            left = left.min(remaining / 10 * 9);
        }
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(waiting.next().min(left)).await;
        true
    }

    /// Runs the function under its lease, and brings its record to an end.
    async fn run<X, Res, Err, Fut>(
        self,
        run_under: Run,
        mut hold: Hold<St>,
        run: impl FnOnce() -> Fut,
    ) -> Result<Res, Failure<Err>>
    where
        X: Exchange<Res, Err>,
        F: KeepErrors<Err>,
        Fut: Future<Output = Result<Res, Err>>,
    {
        let clock = self.settings().host.clock().clone();
        let lease = Lease::new(run_under.owner.clone(), run_under.lease_end, clock);
        hold.running(run_under.owner, self.settings().after_timeout);
        // `run` itself may panic as well, before there is a future.
        let settings = &self.settings().exchange;
        let identity = &self.identity;
        let kept = async { Ok(X::keep(run().await?, identity, settings).await) };
        match AssertUnwindSafe(lease.scope(kept)).catch_unwind().await {
            Ok(Ok(kept)) => self.keep(kept, &mut hold).await.map_err(Failure::Own),
            Ok(Err(error)) => {
                let unfinished = match self.shared.errors.keep(&error) {
                    Some(json) => self.complete(&mut hold, Answer::Error(json.into())).await,
                    None => self.release(&mut hold).await,
                };
                Err(Failure::Inner(error, unfinished.err()))
            }
            Err(panic) => {
                self.release_or_warn(&mut hold).await;
                resume_unwind(panic)
            }
        }
    }

    /// Brings the record of a call to an end that has answered.
    async fn keep<Res>(
        &self,
        kept: Kept<Res>,
        hold: &mut Hold<St>,
    ) -> Result<Res, IdempotencyError> {
        match kept {
            Kept::Answer(response, json) => {
                let answer = self.fitting(json).inspect_err(|_| hold.nothing())?;
                self.complete(hold, answer).await?;
                Ok(response)
            }
            Kept::Unstorable(error) => {
                // It has run: only the lease may let it run again.
                hold.nothing();
                Err(error.with_key(&self.key))
            }
            Kept::Failure(response) => {
                self.release_or_warn(hold).await;
                Ok(response)
            }
            Kept::Broken(error) => {
                self.release_or_warn(hold).await;
                Err(error.with_key(&self.key))
            }
        }
    }

    async fn release_or_warn(&self, hold: &mut Hold<St>) {
        if let Err(error) = self.release(hold).await {
            tracing::warn!(
                target: "powertools::idempotency",
                error = &error as &(dyn Error + 'static),
                "the record of a failed call is left to its lease"
            );
        }
    }

    /// The answer as it fits into the store.
    fn fitting(&self, json: String) -> Result<Answer, IdempotencyError> {
        let fits = self
            .shared
            .store
            .max_answer_len(&self.key)
            .is_none_or(|max| json.len() <= max);
        match self.settings().too_large {
            _ if fits => Ok(Answer::Response(json.into())),
            TooLarge::OmitResponse => Ok(Answer::Omitted),
            TooLarge::Error => Err(self.error(IdempotencyErrorKind::TooLarge)),
        }
    }

    async fn complete(&self, hold: &mut Hold<St>, answer: Answer) -> Result<(), IdempotencyError> {
        let now = self.now();
        let expiration = now.after(self.settings().expires_after).seconds();
        match hold.complete(answer.clone(), now, expiration).await {
            Ok(Finished::Done) => {
                self.cache(|| {
                    let record =
                        StoredRecord::new(Status::Completed, expiration).with_answer(answer);
                    match self.protocol.payload_hash() {
                        Some(hash) => record.with_payload_hash(hash),
                        None => record,
                    }
                });
                Ok(())
            }
            Ok(Finished::NotOwner) => Err(self.error(IdempotencyErrorKind::LeaseLost)),
            Err(error) => Err(self.store_error(IdempotencyErrorKind::Complete, error)),
        }
    }

    /// Deletes the record. One that belongs to somebody else by now is theirs to finish.
    async fn release(&self, hold: &mut Hold<St>) -> Result<(), IdempotencyError> {
        self.uncache();
        match hold.release().await {
            Ok(Finished::Done | Finished::NotOwner) => Ok(()),
            Err(error) => Err(self.store_error(IdempotencyErrorKind::Release, error)),
        }
    }

    fn replay<X, Res, Err>(&self, record: &StoredRecord) -> Result<Res, Failure<Err>>
    where
        X: Exchange<Res, Err>,
        H: ReplayHook<Res>,
        F: KeepErrors<Err>,
    {
        let replayed = ReplayedRecord::new(&self.key, record);
        let json = match record.answer() {
            Some(Answer::Response(json)) => json,
            // Another language's way to say that there was none.
            None => "null",
            Some(Answer::Error(json)) => {
                let error = self.shared.errors.replay(json);
                return Err(match error {
                    Some(error) => Failure::Inner(error, None),
                    None => self.error(IdempotencyErrorKind::UnreadableAnswer).into(),
                });
            }
            Some(Answer::Omitted) => {
                let answer = self.shared.hook.omitted(&replayed);
                return answer.ok_or_else(|| {
                    let error = self.error(IdempotencyErrorKind::ResponseOmitted);
                    error.with_record(record.clone()).into()
                });
            }
            Some(Answer::Overflow(_)) => {
                return Err(self.error(IdempotencyErrorKind::UnreadableAnswer).into());
            }
        };
        let response =
            X::replay(json, &self.identity).map_err(|error| error.with_key(&self.key))?;
        self.shared
            .hook
            .replay(response, &replayed)
            .map_err(|error| {
                Failure::Own(self.error(IdempotencyErrorKind::Hook).with_source(error))
            })
    }

    /// A completed record in the memory of this process.
    fn cached(&self) -> Result<Option<StoredRecord>, IdempotencyError> {
        let Some(record) = self.settings().cache.get(&self.key, self.now) else {
            return Ok(None);
        };
        match self.protocol.decide(&record, self.now) {
            Decision::Replay => Ok(Some(record)),
            Decision::Mismatch => {
                let error = self.error(IdempotencyErrorKind::PayloadMismatch);
                Err(error.with_record(record))
            }
            _ => Ok(None),
        }
    }

    fn cache(&self, record: impl FnOnce() -> StoredRecord) {
        self.settings().cache.insert(&self.key, record);
    }

    fn uncache(&self) {
        self.settings().cache.remove(&self.key);
    }
}

/// How long a call has waited for another.
#[derive(Default)]
struct Waiting {
    since: Option<Instant>,
    last: Option<Duration>,
}

impl Waiting {
    fn next(&mut self) -> Duration {
        let next = self
            .last
            .map_or(FIRST_WAIT, |last| (last * 2).min(LONGEST_WAIT));
        self.last = Some(next);
        next
    }
}
