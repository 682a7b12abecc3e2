use std::time::Duration;

use crate::{
    Answer, Now,
    decision::Times,
    store::{Claim, Completion, Fence, Release},
};

/// How long the lease of [`Caller::claim`] is.
const LEASE: Duration = Duration::from_secs(30);
/// How long its record counts.
const EXPIRES_AFTER: Duration = Duration::from_secs(3600);

/// Whoever calls a store: makes claims, completions and releases of one key under one mark.
///
/// ```
/// use powertools_idempotency::{Answer, Now, test_util::Caller};
///
/// let caller = Caller::new("orders#1", "4f5f4713d180fb0cb1041f7caf4faaaa");
/// let now = Now::from_millis(4_000_000_000_000);
/// let claim = caller.claim(now);
/// assert_eq!(claim.in_progress_expiration(), now.millis() + 30_000);
/// let answer = Answer::Response("true".into());
/// assert_eq!(caller.complete(&answer, now).expiration(), now.seconds() + 3600);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    key: &'a str,
    fence: Fence<'a>,
    payload_hash: Option<&'a str>,
}

impl<'a> Caller<'a> {
    /// A run of this key with this mark.
    #[must_use]
    pub const fn new(key: &'a str, owner: &'a str) -> Self {
        Self {
            key,
            fence: Fence::Owner(owner),
            payload_hash: None,
        }
    }

    /// A run that finishes a record of another language, which has no mark, and this lease.
    #[must_use]
    pub const fn unmarked(key: &'a str, in_progress_expiration: Option<i64>) -> Self {
        Self {
            key,
            fence: Fence::Lease(in_progress_expiration),
            payload_hash: None,
        }
    }

    /// Sets the hash of the payload.
    #[must_use]
    pub fn with_payload_hash(mut self, hash: &'a str) -> Self {
        self.payload_hash = Some(hash);
        self
    }

    /// A claim with a lease of 30 seconds, of a record that counts for an hour.
    ///
    /// # Panics
    ///
    /// Without a mark.
    #[must_use]
    pub fn claim(&self, now: Now) -> Claim<'a> {
        let expiration = now.after(EXPIRES_AFTER).seconds();
        self.claim_until(now, expiration, now.after(LEASE).millis())
    }

    /// A claim of a record that counts up to and in this second, with a lease up to and in this
    /// millisecond.
    ///
    /// # Panics
    ///
    /// Without a mark.
    #[must_use]
    pub fn claim_until(&self, now: Now, expiration: i64, in_progress_expiration: i64) -> Claim<'a> {
        let times = Times {
            expiration,
            in_progress_expiration,
            lease_end: in_progress_expiration,
        };
        let Fence::Owner(owner) = self.fence else {
            panic!("who claims has a mark");
        };
        Claim::new(self.key, owner, now, times).with_payload_hash(self.payload_hash)
    }

    /// A completion with a record that counts for an hour from now.
    #[must_use]
    pub fn complete(&self, answer: &'a Answer, now: Now) -> Completion<'a> {
        let expiration = now.after(EXPIRES_AFTER).seconds();
        Completion::new(self.key, self.fence, answer, now, expiration)
            .with_payload_hash(self.payload_hash)
    }

    /// A release.
    #[must_use]
    pub fn release(&self) -> Release<'a> {
        Release::new(self.key, self.fence)
    }
}
