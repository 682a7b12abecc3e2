use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time,
};

use super::{
    listener::{Listener, Port},
    log::{Firing, Log},
    protocol::Protocol,
    request::Request,
    rule::Rule,
    state::{Command, State},
};

/// A proxy in front of a server, on a port of its own on 127.0.0.1.
///
/// Without rules everything goes through. Clones share the proxy; when the last one is
/// dropped, the port is closed and all connections end.
///
/// Every wait has a time limit, 20 seconds unless set. A wait in vain panics with the rules and
/// all that was seen, and so does every wait after a condition of a rule has panicked.
#[derive(Debug, Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
    limit: Duration,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    state: Arc<State>,
    listener: AbortHandle,
}

impl Proxy {
    /// Starts a proxy in front of the server at this address.
    ///
    /// The server is connected to when the first request is forwarded, with [`Protocol::Raw`]
    /// at once. A server that cannot be reached is seen as a connection that is reset.
    ///
    /// # Panics
    ///
    /// If 127.0.0.1 has no free port.
    // Async because it needs the runtime that the caller waits on.
    pub async fn in_front_of(upstream: SocketAddr, protocol: Protocol) -> Self {
        let port = Port::open().unwrap_or_else(|error| panic!("no port for a proxy: {error}"));
        let address = port.address();
        let (commands, asked) = mpsc::unbounded_channel();
        let state = Arc::new(State::new(commands));
        let listener = Listener::new(port, upstream, protocol, Arc::clone(&state));
        let listener = tokio::spawn(listener.run(asked)).abort_handle();
        let shared = Shared {
            address,
            state,
            listener,
        };
        Self {
            shared: Arc::new(shared),
            limit: Duration::from_secs(20),
        }
    }

    /// The same proxy with another time limit for the waits of this handle.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Replaces all rules. They are asked in this order and the first one that is due acts.
    /// What a rule that is taken away still holds is released.
    pub fn set_rules(&self, rules: impl IntoIterator<Item = Rule>) {
        self.shared.state.set_rules(rules);
    }

    /// Adds a rule after the others.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.state.add_rule(rule);
    }

    /// Takes all rules away. What has been seen stays known.
    pub fn clear(&self) {
        self.set_rules([]);
    }

    /// Lets what the rules of this name hold go on; see [`Fault::hang`](super::Fault::hang).
    pub fn release(&self, rule: &str) {
        self.shared.state.release(rule);
    }

    /// Closes the port and resets all open connections, as if the server had died: from now
    /// on connecting is refused, until [`accept`](Self::accept).
    ///
    /// # Panics
    ///
    /// If the runtime that the proxy began on has ended.
    pub async fn refuse(&self) {
        self.ask(|done| Command::Refuse { done }).await;
    }

    /// Opens the port again, with the same number.
    ///
    /// # Panics
    ///
    /// If the runtime that the proxy began on has ended.
    pub async fn accept(&self) {
        self.ask(|done| Command::Accept { done }).await;
    }

    /// Resets all open connections. New ones are accepted.
    ///
    /// # Panics
    ///
    /// If the runtime that the proxy began on has ended.
    pub async fn reset_connections(&self) {
        self.ask(|done| Command::Reset { done }).await;
    }

    /// How many connections were accepted since the proxy began.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.log(|log| log.connections)
    }

    /// Waits until no connection is open.
    ///
    /// # Panics
    ///
    /// If one still is at the time limit.
    pub async fn disconnected(&self) {
        self.wait("no open connection", |log| (log.open == 0).then_some(()))
            .await;
    }

    /// The requests since the proxy began, with their bytes, in the order in which they were
    /// read in full.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.log(|log| log.requests.clone())
    }

    /// The faults that happened, in their order.
    ///
    /// A fault before the server is noted when it begins; one of the reply when the server has
    /// answered in full, so after it has acted; with [`Protocol::Raw`] when it has sent anything
    /// at all.
    #[must_use]
    pub fn firings(&self) -> Vec<Firing> {
        self.log(|log| log.firings.clone())
    }

    /// How often a rule of this name has fired.
    #[must_use]
    pub fn times_fired(&self, rule: &str) -> usize {
        self.log(|log| log.count(rule))
    }

    /// Waits until a rule of this name has fired, and gives the first firing.
    ///
    /// # Panics
    ///
    /// If none has fired at the time limit.
    pub async fn fired(&self, rule: &str) -> Firing {
        self.fired_times(rule, 1).await
    }

    /// Waits until a rule of this name has fired this often, and gives that firing.
    ///
    /// # Panics
    ///
    /// If `times` is 0, and if it has not fired this often at the time limit.
    pub async fn fired_times(&self, rule: &str, times: usize) -> Firing {
        let before = times.checked_sub(1).expect("there is no 0th firing");
        let wanted = format!("firing {times} of {rule:?}");
        self.wait(&wanted, |log| log.of(rule).nth(before).cloned())
            .await
    }

    async fn wait<T>(&self, wanted: &str, find: impl Fn(&Log) -> Option<T>) -> T {
        let state = &self.shared.state;
        let mut log = state.log.subscribe();
        let ready = log.wait_for(|log| log.panic.is_some() || find(log).is_some());
        let Ok(ready) = time::timeout(self.limit, ready).await else {
            let (limit, report) = (self.limit, state.report());
            panic!("waited {limit:?} for {wanted}{report}");
        };
        let log = ready.expect("this handle keeps the log");
        if let Some(panic) = &log.panic {
            panic!("a condition of a rule has panicked: {panic}");
        }
        find(&log).expect("it was there, and nothing is taken away")
    }

    fn log<T>(&self, read: impl FnOnce(&Log) -> T) -> T {
        read(&self.shared.state.log.borrow())
    }

    async fn ask(&self, command: impl FnOnce(oneshot::Sender<()>) -> Command) {
        let (done, answer) = oneshot::channel();
        // If the listener is gone, `done` is dropped with the command.
        let _ = self.shared.state.commands.send(command(done));
        answer
            .await
            .expect("the runtime that the proxy began on has ended");
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
