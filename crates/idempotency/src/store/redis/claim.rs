//! The steps of a claim.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use redis::{ErrorKind, RedisError, ServerErrorKind, Value, aio::ConnectionLike};

use super::{
    error::{Failure, unexpected},
    names::Names,
    scripts::{CLAIM, Call, LOCK, READ, REPLACE, TAKE_OVER},
    wire::{self, Unreadable},
};
use crate::{
    Status, StoreError, StoredRecord,
    store::{Claim, Claimed},
};

/// For how many seconds nobody else takes over the same key: as Python has it. It only expires.
/// Whoever read the orphan before us, and asks for the lock after us, must not get it.
const LOCK_SECONDS: i64 = 10;

/// A claim, over all its attempts.
pub(super) struct Claiming<'a> {
    claim: &'a Claim<'a>,
    names: &'a Names,
    value: String,
    ttl: i64,
    /// Whether the key and its lock are on different servers, as far as is known.
    apart: &'a AtomicBool,
    /// What the record may have replaced without the lock in the same step.
    replaced: Mutex<Option<Vec<u8>>>,
}

type Outcome = Result<Result<Claimed, StoreError>, Failure>;

impl<'a> Claiming<'a> {
    pub(super) fn new(claim: &'a Claim<'a>, names: &'a Names, apart: &'a AtomicBool) -> Self {
        Self {
            claim,
            names,
            value: wire::write(&claim.record(), names),
            ttl: wire::ttl(claim.expiration(), claim.now()),
            apart,
            replaced: Mutex::default(),
        }
    }

    /// One attempt. It may be repeated: a record with these very bytes is ours, and written.
    pub(super) async fn attempt<C: ConnectionLike>(&self, connection: &mut C) -> Outcome {
        let keys = [self.claim.key()];
        let call = Call::new(&CLAIM, &keys).text(&self.value).number(self.ttl);
        let seen: Option<Vec<u8>> = call.run(connection).await?;
        let Some(seen) = seen else {
            return self.written(connection).await;
        };
        match wire::read(&seen, self.names) {
            Ok(record) if !self.is_orphan(&record) => Ok(Ok(Claimed::Refused(Some(record)))),
            Err(Unreadable::NoRecord(error)) => Ok(Err(error)),
            Ok(_) | Err(Unreadable::Damaged) => self.take_over(connection, &seen).await,
        }
    }

    /// Besides what any store may replace: a lease is over *in* its last millisecond. All
    /// writers to Redis have it so, while in DynamoDB it is over after that.
    fn is_orphan(&self, record: &StoredRecord) -> bool {
        let ends_now = record.in_progress_expiration() == Some(self.claim.now().millis());
        self.claim.may_replace(Some(record)) || (record.status() == Status::InProgress && ends_now)
    }

    async fn take_over<C: ConnectionLike>(&self, connection: &mut C, seen: &[u8]) -> Outcome {
        let lock = self.lock();
        if !self.apart.load(Ordering::Relaxed) {
            let keys = [self.claim.key(), &lock];
            let call = Call::new(&TAKE_OVER, &keys)
                .text(seen)
                .text(&self.value)
                .number(self.ttl)
                .number(LOCK_SECONDS);
            match call.run::<Value, _>(connection).await {
                Ok(Value::Int(0)) => return Ok(self.refused(seen)),
                Ok(Value::Int(1)) => return Ok(Ok(Claimed::Written)),
                Ok(Value::BulkString(there)) => return Ok(self.refused(&there)),
                Ok(_) => return Ok(Err(unexpected())),
                Err(error) if is_cross_slot(&error) => self.apart.store(true, Ordering::Relaxed),
                Err(error) => return Err(error.into()),
            }
        }
        self.take_over_in_steps(connection, seen, &lock).await
    }

    /// In a cluster the lock lies elsewhere, so no script can see both. The lock comes first,
    /// then the exchange, then a second look at the lock: if it is still ours, it has been ours
    /// since before the exchange, and no other writer can have begun one. If it is not, we were
    /// held up for longer than it lasts, and give back what was there.
    async fn take_over_in_steps<C: ConnectionLike>(
        &self,
        connection: &mut C,
        seen: &[u8],
        lock: &str,
    ) -> Outcome {
        let keys = [lock];
        let call = Call::new(&LOCK, &keys)
            .text(self.claim.owner())
            .number(LOCK_SECONDS);
        if !call.run::<bool, _>(connection).await? {
            return Ok(self.refused(seen));
        }
        let keys = [self.claim.key()];
        let call = Call::new(&REPLACE, &keys)
            .text(seen)
            .text(&self.value)
            .number(self.ttl);
        *self.replaced() = Some(seen.to_vec());
        match call.run::<Value, _>(connection).await? {
            Value::Int(1) => self.written(connection).await,
            Value::BulkString(there) => Ok(self.refused(&there)),
            _ => Ok(Err(unexpected())),
        }
    }

    /// The record is written: looks at the lock again, if it was not set in the same step.
    async fn written<C: ConnectionLike>(&self, connection: &mut C) -> Outcome {
        let Some(seen) = self.replaced().clone() else {
            return Ok(Ok(Claimed::Written));
        };
        let lock = self.lock();
        let keys = [&*lock];
        let holder: Option<Vec<u8>> = Call::new(&READ, &keys).run(connection).await?;
        if holder.is_some_and(|holder| holder == self.claim.owner().as_bytes()) {
            return Ok(Ok(Claimed::Written));
        }
        // Deleting ours would let the next claim in beside whoever has the lock. What was there
        // keeps everybody to the lock, for longer than that lasts.
        let keys = [self.claim.key()];
        let call = Call::new(&REPLACE, &keys)
            .text(&self.value)
            .text(&seen)
            .number(2 * LOCK_SECONDS);
        match call.run::<Value, _>(connection).await? {
            Value::BulkString(there) => Ok(self.refused(&there)),
            _ => Ok(self.refused(&seen)),
        }
    }

    fn lock(&self) -> String {
        format!("{}:lock", self.claim.key())
    }

    fn replaced(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody else is faster.
    fn refused(&self, there: &[u8]) -> Result<Claimed, StoreError> {
        match wire::read(there, self.names) {
            Ok(record) => Ok(Claimed::Refused(Some(record))),
            Err(Unreadable::Damaged) => Ok(Claimed::Refused(None)),
            Err(Unreadable::NoRecord(error)) => Err(error),
        }
    }
}

fn is_cross_slot(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::CrossSlot)
}
