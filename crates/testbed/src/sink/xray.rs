//! X-Ray's daemon.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    datagram::{Datagram, Refusal},
    inbox::Inbox,
    span::{self, OtlpSpan},
};

/// Larger than any datagram, so that none is cut.
const BUFFER: usize = 64 * 1024;

/// Takes what a tracer sends over UDP, as the daemon beside a function does.
///
/// A thread of its own reads the socket: a burst that is sent while the test does something
/// else is not lost for want of a reader. The system may still drop datagrams once its own
/// buffer is full.
#[derive(Debug)]
pub struct XrayDaemon {
    address: SocketAddr,
    limit: Duration,
    taken: AtomicUsize,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    socket: UdpSocket,
    stopping: AtomicBool,
    inbox: Inbox<Datagram>,
}

impl XrayDaemon {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If the system gives no socket.
    pub fn bind() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // As much as the system allows; it takes less without an error.
        socket2::SockRef::from(&socket).set_recv_buffer_size(4 * 1024 * 1024)?;
        let address = socket.local_addr()?;
        let shared = Arc::new(Shared {
            socket,
            stopping: AtomicBool::new(false),
            inbox: Inbox::new(),
        });
        let reader = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("xray-daemon".to_owned())
            .spawn(move || reader.run())?;
        Ok(Self {
            address,
            limit: Duration::from_secs(10),
            taken: AtomicUsize::new(0),
            shared,
            thread: Some(thread),
        })
    }

    /// How long a wait may last; 10 seconds without this.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The value for `AWS_XRAY_DAEMON_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every datagram so far, also those that were refused.
    #[must_use]
    pub fn received(&self) -> Vec<Datagram> {
        let all = self.shared.inbox.all();
        all.iter().map(|datagram| (**datagram).clone()).collect()
    }

    /// The documents so far.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        documents(&self.shared.inbox.all())
    }

    /// Why datagrams were refused so far.
    #[must_use]
    pub fn refused(&self) -> Vec<Refusal> {
        let received = self.shared.inbox.all();
        let refused = received.iter().filter_map(|datagram| datagram.refusal());
        refused.cloned().collect()
    }

    /// The spans so far that came in the framing of the AWS Distro for OpenTelemetry.
    #[must_use]
    pub fn spans(&self) -> Vec<OtlpSpan> {
        let received = self.shared.inbox.all();
        let requests = received.iter().filter_map(|datagram| datagram.spans());
        requests.flat_map(span::spans).collect()
    }

    /// The documents, once there are `count`; more may have come.
    ///
    /// # Panics
    ///
    /// If fewer come within the time limit, with everything that came.
    pub async fn wait_for(&self, count: usize) -> Vec<String> {
        let is_document = |datagram: &Datagram| usize::from(datagram.document().is_some());
        let wanted = (count, "documents");
        let inbox = &self.shared.inbox;
        documents(&inbox.wait(self.limit, wanted, is_document).await)
    }

    /// The next datagram that this was not given before, also a refused one.
    ///
    /// # Panics
    ///
    /// If none comes within the time limit, with everything that came.
    pub async fn next(&self) -> Datagram {
        loop {
            let position = self.taken.load(Ordering::Relaxed);
            let wanted = (position + 1, "datagrams");
            let all = self.shared.inbox.wait(self.limit, wanted, |_| 1).await;
            // Counted once it is there: a wait that is given up loses nothing. Another wait
            // may have been faster.
            let relaxed = Ordering::Relaxed;
            let taken = self
                .taken
                .compare_exchange(position, position + 1, relaxed, relaxed);
            if taken.is_ok() {
                return (*all[position]).clone();
            }
        }
    }
}

impl Drop for XrayDaemon {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        // Wakes the reader. If there is no room for it the reader has others to wake for.
        let _ = self.shared.socket.send_to(&[], self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut buffer = vec![0; BUFFER];
        loop {
            let received = self.socket.recv_from(&mut buffer);
            if self.stopping.load(Ordering::Acquire) {
                return;
            }
            // An error is one of a sender that is gone; the socket goes on.
            if let Ok((size, _)) = received {
                self.inbox.put(Datagram::read(&buffer[..size]));
            }
        }
    }
}

fn documents(received: &[Arc<Datagram>]) -> Vec<String> {
    let documents = received.iter().filter_map(|datagram| datagram.document());
    documents.map(str::to_owned).collect()
}
