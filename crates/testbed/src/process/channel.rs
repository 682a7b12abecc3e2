use std::{
    collections::{HashMap, HashSet, VecDeque},
    env, fmt, fs,
    path::PathBuf,
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::message::{CHANNEL, FromChild, FromParent, SCENARIO, line};

/// How long a test waits for a child before it is taken to be stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Until the next attempt to accept a connection.
const RETRY: Duration = Duration::from_millis(10);

/// The test's end of a side channel to children.
///
/// A [`Child`](super::Child) has one of its own. Open one by hand for a process that
/// something else starts, such as the function of a Runtime API: give it
/// [`environment`](Self::environment), and the executable runs that scenario. All
/// processes that are started with it share the channel.
///
/// It is a Unix socket: what a process has written there is with us, even if the process is
/// killed before it has read what we wrote. TCP would take it back.
pub struct SideChannel {
    path: PathBuf,
    state: Arc<Shared>,
    _server: JoinSet<()>,
}

/// How many processes connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peers {
    One,
    Many,
}

struct Shared {
    input: Value,
    held: HashSet<String>,
    /// The file to remove once somebody has connected, so that it does not stay if this
    /// process is killed.
    spent: Option<PathBuf>,
    /// Counts up with whatever happens, to wake those who wait for something.
    changes: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: usize,
    reports: VecDeque<Value>,
    /// The processes that came to a point, and those that ended; each until somebody has
    /// waited for it.
    reached: HashMap<String, VecDeque<u32>>,
    left: VecDeque<u32>,
    held: HashMap<String, VecDeque<Held>>,
}

struct Held {
    number: u64,
    go: mpsc::UnboundedSender<u64>,
}

impl SideChannel {
    /// Listens on a socket in the directory for temporary files, and gives `input` to each process that connects. The
    /// points in `held` hold whoever comes there until [`go`](Self::go).
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, if there can be no socket, and if the input cannot be
    /// written as JSON.
    #[must_use]
    pub fn open(input: &impl Serialize, held: &[&str]) -> Self {
        let input = serde_json::to_value(input).expect("the input can be written as JSON");
        let held = held.iter().map(|&name| name.to_owned()).collect();
        Self::listen(input, held, Peers::Many)
    }

    pub(super) fn listen(input: Value, held: HashSet<String>, peers: Peers) -> Self {
        // Process-wide, because the directory is too.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("testbed-{}-{number}", process::id()));
        // Of a process that had our id and was killed.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path)
            .unwrap_or_else(|error| panic!("no socket at {}: {error}", path.display()));
        let state = Arc::new(Shared {
            input,
            held,
            spent: (peers == Peers::One).then(|| path.clone()),
            changes: watch::Sender::new(0),
            state: Mutex::default(),
        });
        let mut server = JoinSet::new();
        server.spawn(accept(listener, Arc::clone(&state)));
        Self {
            path,
            state,
            _server: server,
        }
    }

    /// The variables that make this executable run `scenario` and speak here.
    #[must_use]
    pub fn environment(&self, scenario: &str) -> [(&'static str, String); 2] {
        [
            (SCENARIO, scenario.to_owned()),
            (CHANNEL, self.path.display().to_string()),
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

    /// Waits until a process comes to this point, and gives its id. Each arrival is given
    /// once.
    ///
    /// # Panics
    ///
    /// If that takes more than a minute.
    pub async fn reached(&self, point: &str) -> u32 {
        let what = format!("a process at the point `{point}`");
        let reached = self.eventually(&what, |state| {
            state.reached.get_mut(point).and_then(VecDeque::pop_front)
        });
        reached.await
    }

    /// Waits until a process has left, and gives its id: it ended, and everything that it
    /// said was read. Each end is given once.
    ///
    /// # Panics
    ///
    /// If that takes more than a minute.
    pub async fn left(&self) -> u32 {
        let left = self.eventually("the end of a process", |state| state.left.pop_front());
        left.await
    }

    /// Lets go on whoever has been held longest at this point. That a process was killed
    /// there is known only after it has [left](Self::left).
    ///
    /// # Panics
    ///
    /// If nobody is held there: wait with [`reached`](Self::reached) first.
    pub fn go(&self, point: &str) {
        let mut state = self.state.lock();
        let held = state.held.entry(point.to_owned()).or_default();
        // Who was killed there does not go on.
        held.retain(|held| !held.go.is_closed());
        let first = held.pop_front();
        let first = first.unwrap_or_else(|| panic!("nobody is held at the point `{point}`"));
        // It may end at this very moment.
        let _ = first.go.send(first.number);
    }

    /// The next report; `None` if there is none and `ended` says that none will come.
    pub(super) async fn report_before<T: DeserializeOwned>(
        &self,
        ended: impl Future<Output = ()>,
    ) -> Option<T> {
        let report = self.before("a report", ended, |state| state.reports.pop_front());
        report.await.map(read)
    }

    /// Whether a process comes to the point before `ended` says that none will come.
    pub(super) async fn reached_before(
        &self,
        point: &str,
        ended: impl Future<Output = ()>,
    ) -> bool {
        let what = format!("a process at the point `{point}`");
        let reached = self.before(&what, ended, |state| {
            state.reached.get_mut(point).and_then(VecDeque::pop_front)
        });
        reached.await.is_some()
    }

    /// What the only process sent before its end may be read after it.
    async fn before<T>(
        &self,
        what: &str,
        ended: impl Future<Output = ()>,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            found = self.eventually(what, &mut look) => return Some(found),
            () = ended => {}
        }
        let last = self.eventually("the end of the side channel", |state| {
            let found = look(state);
            (found.is_some() || state.connections == 0).then_some(found)
        });
        last.await
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
            .unwrap_or_else(|_| {
                let state = self.state.lock();
                panic!(
                    "waited {PATIENCE:?} for {what}; {} processes are connected, not yet asked \
                     for are {} reports and these arrivals: {:?}",
                    state.connections,
                    state.reports.len(),
                    state.reached
                )
            })
    }
}

impl Drop for SideChannel {
    fn drop(&mut self) {
        // Nothing is lost if it stays.
        let _ = fs::remove_file(&self.path);
    }
}

impl fmt::Debug for SideChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideChannel")
            .field("path", &self.path)
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

async fn accept(listener: UnixListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
            // Too many open files, or a peer that has gone: the others must not suffer.
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

async fn serve(stream: UnixStream, shared: Arc<Shared>) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let Some(FromChild::Hello(process)) = next(&mut lines).await else {
        return;
    };
    if let Some(path) = &shared.spent {
        let _ = fs::remove_file(path);
    }
    // Before the scenario may start: who counts connections later misses none.
    shared.change(|state| state.connections += 1);
    let (go, mut going) = mpsc::unbounded_channel();
    let write = async {
        let mut message = FromParent::Input(shared.input.clone());
        while writing.write_all(&line(&message)).await.is_ok()
            && let Some(number) = going.recv().await
        {
            message = FromParent::Go(number);
        }
        // That it cannot be written to says nothing of what it has said before.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = read_all(&mut lines, process, &shared, go) => {}
        () = write => {}
    }
    // Whoever is held here is beyond reach from now on.
    drop(going);
    shared.change(|state| {
        state.connections -= 1;
        state.left.push_back(process);
    });
}

async fn read_all(
    lines: &mut Lines,
    process: u32,
    shared: &Shared,
    go: mpsc::UnboundedSender<u64>,
) {
    while let Some(message) = next(lines).await {
        match message {
            FromChild::Hello(_) => {}
            FromChild::Report(report) => shared.change(|state| state.reports.push_back(report)),
            FromChild::Point { name, number } => {
                let holds = shared.held.contains(&name);
                shared.change(|state| {
                    if holds {
                        let go = go.clone();
                        let held = state.held.entry(name.clone()).or_default();
                        held.push_back(Held { number, go });
                    } else {
                        // The writer is gone only if the process is.
                        let _ = go.send(number);
                    }
                    state.reached.entry(name).or_default().push_back(process);
                });
            }
            FromChild::Left { number } => shared.change(|state| {
                for held in state.held.values_mut() {
                    held.retain(|held| held.number != number || !held.go.same_channel(&go));
                }
            }),
        }
    }
}

type Lines = tokio::io::Lines<BufReader<OwnedReadHalf>>;

/// The next message; `None` at the end, also if it is cut off in the middle because the
/// process was killed while it wrote.
async fn next(lines: &mut Lines) -> Option<FromChild> {
    let line = lines.next_line().await.ok()??;
    serde_json::from_str(&line).ok()
}

fn read<T: DeserializeOwned>(report: Value) -> T {
    let shown = report.to_string();
    serde_json::from_value(report)
        .unwrap_or_else(|error| panic!("the report {shown} is not what the test expects: {error}"))
}
