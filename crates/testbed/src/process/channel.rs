use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::message::{CHANNEL, FromChild, FromParent, SCENARIO, line};

/// How long a test waits for a child before it is taken to be stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test's end of a side channel to children.
///
/// A [`Child`](super::Child) has one of its own. Open one by hand for a process that
/// something else starts, such as the function of a Runtime API: give it
/// [`environment`](Self::environment), and the executable runs that scenario. All
/// processes that are started with it share the channel.
pub struct SideChannel {
    address: SocketAddr,
    state: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    input: Value,
    held: HashSet<String>,
    /// Counts up with whatever happens, to wake those who wait for something.
    changes: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: usize,
    left: Count,
    reports: VecDeque<Value>,
    reached: HashMap<String, Count>,
    waiting: HashMap<String, VecDeque<Held>>,
}

/// How often something happened, and how often that was waited for.
#[derive(Default)]
struct Count {
    times: usize,
    seen: usize,
}

struct Held {
    number: u64,
    go: mpsc::UnboundedSender<u64>,
}

impl SideChannel {
    /// Listens on a loopback port, and gives `input` to each process that connects. The
    /// points in `held` hold whoever comes there until [`go`](Self::go).
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, without a free port, and if the input cannot be written
    /// as JSON.
    #[must_use]
    pub fn open(input: &impl Serialize, held: &[&str]) -> Self {
        let input = serde_json::to_value(input).expect("the input can be written as JSON");
        Self::listen(input, held.iter().map(|&name| name.to_owned()).collect())
    }

    pub(super) fn listen(input: Value, held: HashSet<String>) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener)
            })
            .expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Shared {
            input,
            held,
            changes: watch::Sender::new(0),
            state: Mutex::default(),
        });
        let mut server = JoinSet::new();
        server.spawn(accept(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            _server: server,
        }
    }

    /// The variables that make this executable run `scenario` and speak here.
    #[must_use]
    pub fn environment(&self, scenario: &str) -> [(&'static str, String); 2] {
        [
            (SCENARIO, scenario.to_owned()),
            (CHANNEL, self.address.to_string()),
        ]
    }

    /// Waits for the next report.
    ///
    /// # Panics
    ///
    /// If none comes within a minute, or it is not a `T`.
    pub async fn report<T: DeserializeOwned>(&self) -> T {
        let report = self.eventually("a report", |state| state.reports.pop_front());
        read(report.await)
    }

    /// Waits until a process has come to this point, once more than this was asked before.
    ///
    /// # Panics
    ///
    /// If that takes more than a minute.
    pub async fn reached(&self, point: &str) {
        let seen = self.eventually(point, |state| {
            let reached = state.reached.get_mut(point)?;
            (reached.seen < reached.times).then(|| reached.seen += 1)
        });
        seen.await;
    }

    /// Waits until a process has left, once more than this was asked before: it ended, and
    /// everything that it said was read.
    ///
    /// # Panics
    ///
    /// If that takes more than a minute.
    pub async fn left(&self) {
        let left = self.eventually("its end", |state| {
            (state.left.seen < state.left.times).then(|| state.left.seen += 1)
        });
        left.await;
    }

    /// Lets go on whoever has been held longest at this point. Of a process that was killed
    /// there it is known only after it has [left](Self::left).
    ///
    /// # Panics
    ///
    /// If nobody is held there: wait with [`reached`](Self::reached) first.
    pub fn go(&self, point: &str) {
        let mut state = self.state.lock();
        let waiting = state.waiting.entry(point.to_owned()).or_default();
        // Who was killed there does not go on.
        waiting.retain(|held| !held.go.is_closed());
        let held = waiting.pop_front();
        let held = held.unwrap_or_else(|| panic!("nobody is held at the point `{point}`"));
        // It may end at this very moment.
        let _ = held.go.send(held.number);
    }

    /// The next report; `None` if there is none and `ended` says that none will come.
    pub(super) async fn report_before<T: DeserializeOwned>(
        &self,
        ended: impl Future<Output = ()>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            report = self.report() => return Some(report),
            () = ended => {}
        }
        // What the process sent before its end may not have been read yet.
        let last = self.eventually("the end of the side channel", |state| {
            let report = state.reports.pop_front();
            (report.is_some() || state.connections == 0).then_some(report)
        });
        last.await.map(read)
    }

    async fn eventually<T>(&self, what: &str, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.state.changes.subscribe();
        let found = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = look(&mut self.state.lock()) {
                    return found;
                }
                changes.changed().await.expect("we hold the sender");
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| panic!("no child came to `{what}` within {PATIENCE:?}"))
    }
}

impl fmt::Debug for SideChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideChannel")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, how: impl FnOnce(&mut State)) {
        how(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // A small message must not wait for the acknowledgement of the last one.
    let _ = stream.set_nodelay(true);
    // Before the scenario may start: who counts connections later misses none.
    shared.change(|state| state.connections += 1);
    let (reading, mut writing) = stream.into_split();
    let (go, mut going) = mpsc::unbounded_channel();
    let write = async {
        let mut message = FromParent::Input(shared.input.clone());
        while writing.write_all(&line(&message)).await.is_ok() {
            let Some(number) = going.recv().await else {
                return;
            };
            message = FromParent::Go(number);
        }
    };
    tokio::select! {
        () = read_all(reading, &shared, go) => {}
        () = write => {}
    }
    // Whoever is held here is beyond reach from now on.
    drop(going);
    shared.change(|state| {
        state.connections -= 1;
        state.left.times += 1;
    });
}

async fn read_all(reading: OwnedReadHalf, shared: &Shared, go: mpsc::UnboundedSender<u64>) {
    let mut lines = BufReader::new(reading).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(FromChild::Report(report)) => {
                shared.change(|state| state.reports.push_back(report));
            }
            Ok(FromChild::Point { name, number }) => {
                let held = shared.held.contains(&name);
                shared.change(|state| {
                    if held {
                        let go = go.clone();
                        let waiting = state.waiting.entry(name.clone()).or_default();
                        waiting.push_back(Held { number, go });
                    } else {
                        // The writer is gone only if the process is.
                        let _ = go.send(number);
                    }
                    state.reached.entry(name).or_default().times += 1;
                });
            }
            // Cut off in the middle: the process was killed while it wrote.
            Err(_) => return,
        }
    }
}

fn read<T: DeserializeOwned>(report: Value) -> T {
    let shown = report.to_string();
    serde_json::from_value(report)
        .unwrap_or_else(|error| panic!("the report {shown} is not what the test expects: {error}"))
}
