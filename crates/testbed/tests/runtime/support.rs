//! What the tests share.

use std::{net::SocketAddr, time::Duration};

use powertools_core::SharedClock;
use powertools_local::Invoke;
use rustix::process::{Pid, test_kill_process};
use serde_json::Value;
use testbed::runtime::{Lambda, LambdaBuilder};
use tokio::net::TcpStream;

/// A time-out that no test is meant to reach.
pub(crate) const LONG: Duration = Duration::from_secs(45);

/// Which function to be.
pub(crate) const KIND: &str = "TEST_FUNCTION";

/// This executable as a function of a kind.
pub(crate) fn function(kind: &str) -> LambdaBuilder {
    Lambda::builder().env(KIND, kind).timeout(LONG)
}

pub(crate) fn event(event: &Value) -> Invoke {
    Invoke::new(event.to_string())
}

/// An event that says what to do.
pub(crate) fn act(what: &str) -> Invoke {
    event(&serde_json::json!({ "do": what }))
}

pub(crate) fn now_ms() -> u64 {
    let now = SharedClock::default().now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

/// Drops the environment, and waits until neither a process nor a port of it is left.
pub(crate) async fn finish(lambda: Lambda, pids: &[Option<u32>]) {
    let address = lambda.address();
    let last = lambda.pid();
    drop(lambda);
    for pid in pids.iter().copied().chain([last]).flatten() {
        while exists(pid) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    closed(address).await;
}

/// Waits until nobody accepts connections. A child that another test starts at this moment
/// has every port of this process, until it is the other program.
pub(crate) async fn closed(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Whether a process is there, running or not yet waited for.
pub(crate) fn exists(pid: u32) -> bool {
    let pid = pid.try_into().ok().and_then(Pid::from_raw).unwrap();
    test_kill_process(pid).is_ok()
}
