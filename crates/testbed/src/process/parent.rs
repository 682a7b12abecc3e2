use std::{
    collections::HashMap,
    fmt,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::oneshot;

use super::message::{FromChild, FromParent, line};

/// The test, as its child sees it.
///
/// Clones speak through the same channel.
#[derive(Clone)]
pub struct Parent(Arc<Shared>);

struct Shared {
    input: Value,
    stream: Mutex<UnixStream>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    last: u64,
    at: HashMap<u64, oneshot::Sender<()>>,
}

impl Parent {
    /// Connects, waits for the input, and from then on ends this process as soon as the
    /// test's process is gone.
    pub(super) fn connect(path: &str) -> Self {
        let stream = UnixStream::connect(path).expect("the test listens");
        let reading = stream.try_clone().expect("a connected socket");
        let hello = line(&FromChild::Hello(process::id()));
        if (&stream).write_all(&hello).is_err() {
            orphaned();
        }
        let mut messages = BufReader::new(reading).lines().map_while(|line| {
            let line = line.ok()?;
            Some(serde_json::from_str(&line).expect("the test speaks our protocol"))
        });
        let Some(FromParent::Input(input)) = messages.next() else {
            orphaned();
        };
        let shared = Arc::new(Shared {
            input,
            stream: Mutex::new(stream),
            waiting: Mutex::default(),
        });
        let parent = Self(Arc::clone(&shared));
        thread::spawn(move || {
            for message in messages {
                if let FromParent::Go(number) = message
                    && let Some(waiting) = lock(&shared.waiting).at.remove(&number)
                {
                    // Whoever waited there may have been cancelled.
                    let _ = waiting.send(());
                }
            }
            orphaned();
        });
        parent
    }

    /// What the test gave to [`ChildBuilder::input`](super::ChildBuilder::input).
    ///
    /// # Panics
    ///
    /// If it is not a `T`.
    #[must_use]
    pub fn input<T: DeserializeOwned>(&self) -> T {
        T::deserialize(&self.0.input).expect("the input is of the type that the scenario reads")
    }

    /// Tells the test something. When this returns the operating system has it, so it
    /// arrives whatever happens to this process next.
    ///
    /// # Panics
    ///
    /// If `report` cannot be written as JSON.
    pub fn report(&self, report: &impl Serialize) {
        let report = serde_json::to_value(report).expect("a report can be written as JSON");
        self.send(&FromChild::Report(report));
    }

    /// A point with a name. Goes on at once, unless the test
    /// [holds](super::ChildBuilder::hold_at) it. Dropping the future leaves the point.
    pub async fn point(&self, name: &str) {
        let mut stay = self.arrive(name);
        // The sender lives until the answer is there, or this process ends.
        let _ = (&mut stay.go).await;
    }

    /// [`point`](Self::point) for code that is not async.
    ///
    /// # Panics
    ///
    /// On a thread that drives async tasks.
    pub fn blocking_point(&self, name: &str) {
        let mut stay = self.arrive(name);
        let (_, unused) = oneshot::channel();
        let _ = std::mem::replace(&mut stay.go, unused).blocking_recv();
    }

    fn arrive(&self, name: &str) -> Stay<'_> {
        let (sender, go) = oneshot::channel();
        let number = {
            let mut waiting = lock(&self.0.waiting);
            waiting.last += 1;
            let number = waiting.last;
            waiting.at.insert(number, sender);
            number
        };
        self.send(&FromChild::Point {
            name: name.to_owned(),
            number,
        });
        Stay {
            parent: self,
            number,
            go,
        }
    }

    fn send(&self, message: &FromChild) {
        if lock(&self.0.stream).write_all(&line(message)).is_err() {
            orphaned();
        }
    }
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parent").finish_non_exhaustive()
    }
}

/// Somebody at a point.
struct Stay<'a> {
    parent: &'a Parent,
    number: u64,
    go: oneshot::Receiver<()>,
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        let number = self.number;
        // Still there if nobody said go: a later `go` is not for this one any more.
        let left = lock(&self.parent.0.waiting).at.remove(&number);
        if left.is_some() {
            self.parent.send(&FromChild::Left { number });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::exit,
    reason = "nobody is left to whom anything could be returned"
)]
fn orphaned() -> ! {
    process::exit(3)
}
