use std::{net::SocketAddr, time::Duration};

use powertools_idempotency::IdempotencyStore;
use serde::{Serialize, de::DeserializeOwned};
use testbed::proxy::{Protocol, Request};

use crate::event::Step;

/// A store's place on a server, known to all processes of a storm. A storm on another store needs
/// another of these, its scenario and a test.
pub(crate) trait Place:
    Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
    type Store: IdempotencyStore;

    /// Of the scenario.
    const NAME: &'static str;
    /// What a proxy reads.
    const PROTOCOL: Protocol;
    /// How long after the end of a lease a key may still be kept from others.
    const HELD_AFTER_LEASE: Duration;

    /// A new place.
    fn prepare() -> impl Future<Output = Self> + Send;

    fn address(&self) -> SocketAddr;

    /// The same place behind a proxy.
    #[must_use]
    fn through(&self, proxy: SocketAddr) -> Self;

    fn store(&self, network: Network) -> impl Future<Output = Self::Store> + Send;

    /// Which step of a store a request is.
    fn step(request: &Request) -> Option<Step>;
}

/// What a client has to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Network {
    /// Nothing breaks.
    Sound,
    /// It breaks, and the client tries again.
    Retried,
    /// It breaks, and the client gives up.
    Once,
}
