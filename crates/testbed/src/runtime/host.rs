//! Where a function runs.

use std::{net::SocketAddr, sync::Arc};

use powertools_local::{Exit, FunctionProcess, ShutdownReason};
use tokio::time::Instant;

use super::{
    environment::Environment,
    in_process::InProcess,
    ready::{NotReady, Ready},
    report::Init,
};

pub(super) enum Host {
    Process(Environment),
    InProcess(InProcess),
}

impl Host {
    /// Waits until a process that is on its way to its end is gone.
    pub(super) async fn settled(&self) {
        if let Self::Process(environment) = self {
            environment.settled().await;
        }
    }

    /// Waits for a function that takes events, for an invocation that began at `began`, or
    /// begins later than that.
    pub(super) async fn ready(&self, began: &mut Instant) -> Result<Ready, NotReady> {
        match self {
            Self::Process(environment) => environment.ready(began).await,
            Self::InProcess(_) => Ok(Ready {
                process: None,
                init: Init::Warm,
                init_duration: None,
            }),
        }
    }

    /// The next invocation waits for the end of this process, and has another one.
    pub(super) fn retire(&self, ready: &Ready) {
        if let (Self::Process(environment), Some(process)) = (self, &ready.process) {
            environment.retire(process);
        }
    }

    pub(super) fn process(&self) -> Option<Arc<FunctionProcess>> {
        match self {
            Self::Process(environment) => environment.process(),
            Self::InProcess(_) => None,
        }
    }

    pub(super) fn address(&self, shared: SocketAddr) -> SocketAddr {
        self.process().map_or(shared, |process| process.address())
    }

    pub(super) async fn shut_down(&self, reason: ShutdownReason) -> Option<Exit> {
        match self {
            Self::Process(environment) => environment.shut_down(reason).await,
            Self::InProcess(workers) => {
                workers.stop().await;
                None
            }
        }
    }
}
