use std::{net::SocketAddr, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
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
#[derive(Debug, Clone)]
pub struct Proxy(Arc<Shared>);

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
        Self(Arc::new(Shared {
            address,
            state,
            listener,
        }))
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Replaces all rules. They are asked in this order and the first one that is due acts.
    /// What a rule that is taken away still holds is released.
    pub fn set_rules(&self, rules: impl IntoIterator<Item = Rule>) {
        self.0.state.set_rules(rules);
    }

    /// Adds a rule after the others.
    pub fn add_rule(&self, rule: Rule) {
        self.0.state.add_rule(rule);
    }

    /// Takes all rules away. What has been seen stays known.
    pub fn clear(&self) {
        self.set_rules([]);
    }

    /// Lets what the rules of this name hold go on; see [`Fault::hang`](super::Fault::hang).
    pub fn release(&self, rule: &str) {
        self.0.state.release(rule);
    }

    /// Closes the port and resets all open connections, as if the server had died: from now
    /// on connecting is refused, until [`accept`](Self::accept).
    pub async fn refuse(&self) {
        self.ask(|done| Command::Refuse {
            time: None,
            done: Some(done),
        })
        .await;
    }

    /// Opens the port again, with the same number.
    pub async fn accept(&self) {
        self.ask(|done| Command::Accept { done }).await;
    }

    /// Resets all open connections. New ones are accepted.
    pub async fn reset_connections(&self) {
        self.ask(|done| Command::Reset { done }).await;
    }

    /// How many connections were accepted since the proxy began.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.log(|log| log.connections)
    }

    /// Waits until no connection is open.
    pub async fn disconnected(&self) {
        let mut log = self.0.state.log.subscribe();
        let none = log.wait_for(|log| log.open == 0).await;
        none.expect("this handle keeps the log");
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
    /// answered in full, so after it has acted.
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
    pub async fn fired(&self, rule: &str) -> Firing {
        self.fired_times(rule, 1).await
    }

    /// Waits until a rule of this name has fired this often, and gives that firing.
    ///
    /// # Panics
    ///
    /// If `times` is 0.
    pub async fn fired_times(&self, rule: &str, times: usize) -> Firing {
        let before = times.checked_sub(1).expect("there is no 0th firing");
        let mut log = self.0.state.log.subscribe();
        let enough = log.wait_for(|log| log.count(rule) >= times).await;
        let enough = enough.expect("this handle keeps the log");
        let firing = enough.of(rule).nth(before);
        firing.expect("that many have fired").clone()
    }

    fn log<T>(&self, read: impl FnOnce(&Log) -> T) -> T {
        read(&self.0.state.log.borrow())
    }

    async fn ask(&self, command: impl FnOnce(oneshot::Sender<()>) -> Command) {
        let (done, answer) = oneshot::channel();
        // Both fail only when the runtime that the proxy began on has ended, and then there
        // is neither a port nor a connection.
        let _ = self.0.state.commands.send(command(done));
        let _ = answer.await;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
