use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
};

use redis::{Client, aio::ConnectionLike};

use super::{
    claim::Claiming,
    connection::RedisConnection,
    error::Failure,
    names::Names,
    retry::Retry,
    scripts::{COMPLETE, Call, READ, RELEASE, Script},
    wire,
};
use crate::{
    StoreError, StoredRecord,
    store::{Claim, Claimed, Completion, Fence, Finished, IdempotencyStore, Release},
};

/// A string of Redis has 512 MB at most. The answer stands in it as a JSON string, which may
/// double its length, beside a few short members.
const MAX_ANSWER_LEN: usize = 255 * 1024 * 1024;

/// Records in Redis or Valkey, as Powertools for AWS Lambda in Python and TypeScript have them.
///
/// [`from_client`](Self::from_client) opens connections as a function on Lambda needs them.
/// [`new`](Self::new) takes a ready connection, that of a cluster for instance. Users, passwords
/// and TLS come with either.
///
/// ```no_run
/// use powertools_idempotency::{IdempotencyLayer, RedisStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // `rediss://` needs a TLS feature of the `redis` crate, such as `tokio-rustls-comp`.
/// let client = redis::Client::open("redis://orders:password@cache.internal:6379")?;
/// let idempotency =
///     IdempotencyLayer::builder("orders.create", RedisStore::from_client(client)).build()?;
/// # let _ = idempotency;
/// # Ok(())
/// # }
/// ```
///
/// # Taking over
///
/// A record whose owner's time is over, one that has expired, and one that is no JSON are taken
/// over in one step, if they are still the same to the byte. Python does it in several steps
/// under a lock, the key with `:lock` behind it, which nobody deletes and which expires after ten
/// seconds. That lock is asked for and set here as well, so functions in several languages may
/// share keys. So a key that was taken over can be taken over again after ten seconds at the
/// earliest; until then a duplicate gets an error of the kind `InconsistentState`. A call that
/// completes or fails is not affected, as it leaves no orphan.
///
/// In a cluster the lock is on another server than the record. It is then set first, and looked
/// at again after the step: a take-over costs four requests in place of two.
///
/// A lease is over in its last millisecond, as for the other writers to Redis; in DynamoDB it is
/// over after that.
///
/// # Errors
///
/// A request is repeated on a fresh connection when its reply was lost, three times within three
/// seconds by default. Each step recognises what it has done before, by the mark of the run.
/// An error never shows what was sent.
pub struct RedisStore<C = RedisConnection> {
    connection: C,
    names: Arc<Names>,
    retry: Retry,
    /// Found out once: a cluster refuses a script with both keys before it does anything.
    apart: Arc<AtomicBool>,
}

impl RedisStore {
    /// A store that opens its connection when it is first used, and again whenever it is in
    /// doubt: [`RedisConnection`].
    #[must_use]
    pub fn from_client(client: Client) -> Self {
        Self::new(RedisConnection::new(client))
    }
}

impl<C> RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// A store over a connection of the `redis` crate. It is used as it is: what opens it again,
    /// and how long it waits, is its own affair.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self::from_parts(connection, Arc::default(), Retry::default())
    }

    pub(super) fn from_parts(connection: C, names: Arc<Names>, retry: Retry) -> Self {
        Self {
            connection,
            names,
            retry,
            apart: Arc::default(),
        }
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let keys = [key];
        let call = Call::new(&READ, &keys);
        let attempt = async || Ok(call.run(&mut self.connection.clone()).await?);
        self.retry.run(attempt).await
    }

    async fn finish(&self, call: Call<'_>) -> Result<Finished, StoreError> {
        let attempt = async || {
            let done: bool = call.run(&mut self.connection.clone()).await?;
            Ok::<_, Failure>(done)
        };
        let done = self.retry.run(attempt).await?;
        Ok(if done {
            Finished::Done
        } else {
            Finished::NotOwner
        })
    }
}

/// Each step may come twice, or late, when a reply was lost:
///
/// - a claim finds its own bytes and counts them as written; once released or completed it is
///   written again at worst, under a lease that nobody uses and that ends in time;
/// - a read changes nothing;
/// - a completion finds its own mark and its own answer, and writes the same again;
/// - a release finds nothing, which is what it wants, or the record of a successor, which has
///   another mark and stays.
impl<C> IdempotencyStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        let claiming = Claiming::new(claim, &self.names, &self.apart);
        let attempt = async || claiming.attempt(&mut self.connection.clone()).await;
        self.retry.run(attempt).await?
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        let Some(value) = self.read(key).await? else {
            return Ok(None);
        };
        Ok(Some(wire::read(&value, &self.names)?))
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let value = wire::write(&completion.record(None), &self.names);
        // Without a hash of its own it leaves that of the record.
        let kept_member = match completion.payload_hash() {
            Some(_) => "",
            None => &*self.names.validation_key,
        };
        let keys = [completion.key()];
        let seen = seen(completion.fence());
        let call = self
            .fenced(&COMPLETE, &keys, completion.fence(), &seen)
            .text(&value)
            .number(wire::ttl(completion.expiration(), completion.now()))
            .text(kept_member)
            .text(&*self.names.data);
        self.finish(call).await
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        let keys = [release.key()];
        let seen = seen(release.fence());
        let call = self.fenced(&RELEASE, &keys, release.fence(), &seen);
        self.finish(call).await
    }

    fn max_answer_len(&self, _key: &str) -> Option<usize> {
        Some(MAX_ANSWER_LEN)
    }
}

/// The lease that a record of another language must have; empty if it must have none.
fn seen(fence: Fence<'_>) -> String {
    match fence {
        Fence::Lease(Some(end)) => end.to_string(),
        Fence::Lease(None) | Fence::Owner(_) => String::new(),
    }
}

impl<C> RedisStore<C> {
    /// A script that begins with a look at whose record it is.
    fn fenced<'a>(
        &'a self,
        script: &'a Script,
        keys: &'a [&'a str],
        fence: Fence<'a>,
        seen: &'a str,
    ) -> Call<'a> {
        let owner = match fence {
            Fence::Owner(mark) => mark,
            Fence::Lease(_) => "",
        };
        Call::new(script, keys)
            .text(owner)
            .text(&*self.names.status)
            .text(&*self.names.in_progress_expiry)
            .text(seen)
    }
}

impl<C: Clone> Clone for RedisStore<C> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            names: Arc::clone(&self.names),
            retry: self.retry,
            apart: Arc::clone(&self.apart),
        }
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("names", &self.names)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
