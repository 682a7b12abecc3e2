use std::{future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time::{self, Instant},
};

use super::{
    connection::Connection,
    peer::Peer,
    protocol::Protocol,
    state::{Command, State},
    wire::Wire,
};

/// The proxy's port: held for its whole life, open or closed.
#[derive(Debug)]
pub(super) struct Port {
    /// Bound and never listening: nobody else can take the number while the port is closed,
    /// and connecting to it is refused.
    _held: TcpSocket,
    address: SocketAddr,
    listener: Option<TcpListener>,
}

impl Port {
    pub(super) fn open() -> io::Result<Self> {
        let held = bound(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = held.local_addr()?;
        let mut port = Self {
            _held: held,
            address,
            listener: None,
        };
        port.reopen()?;
        Ok(port)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn reopen(&mut self) -> io::Result<()> {
        if self.listener.is_none() {
            self.listener = Some(bound(self.address)?.listen(1024)?);
        }
        Ok(())
    }

    fn close(&mut self) {
        self.listener = None;
    }

    /// The next connection; while the port is closed there is none.
    async fn accept(&self) -> io::Result<TcpStream> {
        match &self.listener {
            Some(listener) => Ok(listener.accept().await?.0),
            None => future::pending().await,
        }
    }
}

/// The holder and the listener share the number, so both have to allow it. `SO_REUSEADDR` in
/// place of this would let anyone take the number while the port is closed.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Accepts connections and serves them. All of them are tasks of this one, so they end when
/// it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    port: Port,
    upstream: SocketAddr,
    protocol: Protocol,
    state: Arc<State>,
    connections: JoinSet<()>,
    /// Every connection waits for a change and then resets itself.
    resets: watch::Sender<()>,
    reopens_at: Option<Instant>,
}

impl Listener {
    pub(super) fn new(
        port: Port,
        upstream: SocketAddr,
        protocol: Protocol,
        state: Arc<State>,
    ) -> Self {
        Self {
            port,
            upstream,
            protocol,
            state,
            connections: JoinSet::new(),
            resets: watch::Sender::default(),
            reopens_at: None,
        }
    }

    pub(super) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            tokio::select! {
                accepted = self.port.accept() => match accepted {
                    Ok(stream) => self.serve(stream),
                    // Out of descriptors: others may be closed soon.
                    Err(_) => time::sleep(Duration::from_millis(10)).await,
                },
                // We hold a sender ourselves, so this never ends.
                Some(command) = commands.recv() => self.obey(command).await,
                () = until(self.reopens_at) => self.reopen(),
                Some(ended) = self.connections.join_next() => self.note_panic(ended),
            }
        }
    }

    fn serve(&mut self, stream: TcpStream) {
        let (number, open) = self.state.saw_connection();
        let wire = Wire::new(number, Peer::new(stream), self.upstream, self.protocol);
        let mut connection = Connection::new(wire, Arc::clone(&self.state), open);
        let mut reset = self.resets.subscribe();
        self.connections.spawn(async move {
            tokio::select! {
                () = connection.serve() => {}
                _ = reset.changed() => connection.break_on_drop(),
            }
        });
    }

    async fn obey(&mut self, command: Command) {
        let done = match command {
            Command::Refuse { done } => {
                self.port.close();
                self.reopens_at = None;
                self.reset_all().await;
                done
            }
            Command::RefuseFor {
                time,
                rule,
                request,
            } => {
                self.port.close();
                // A time that is too long for a clock ends with `accept` alone.
                self.reopens_at = Instant::now().checked_add(time);
                // Who hears of the firing finds the port closed; who sees the reset finds it too.
                self.state.fired(&rule, &request);
                return self.reset_all().await;
            }
            Command::Accept { done } => {
                self.reopen();
                done
            }
            Command::Reset { done } => {
                self.reset_all().await;
                done
            }
        };
        // Who asked may have stopped waiting.
        let _ = done.send(());
    }

    fn reopen(&mut self) {
        self.reopens_at = None;
        self.port
            .reopen()
            .expect("the port is held, so it can be opened again");
    }

    async fn reset_all(&mut self) {
        self.resets.send_replace(());
        while let Some(ended) = self.connections.join_next().await {
            self.note_panic(ended);
        }
    }

    fn note_panic(&self, ended: Result<(), JoinError>) {
        let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) else {
            return;
        };
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        self.state.panicked(text.unwrap_or_default());
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => time::sleep_until(time).await,
        None => future::pending().await,
    }
}
