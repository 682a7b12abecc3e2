use std::{sync::Mutex, time::Duration};

use fastrand::Rng;
use powertools_core::{Random, SharedClock, SharedRandom};
use powertools_idempotency::Now;
use testbed::process::Child;
use tokio::time::{sleep, timeout};

use crate::{
    event::Event,
    fate::Fate,
    history::History,
    order::{END, LEASE, Order, Point},
    place::{Network, Place},
};

const RANDOM_KILL: Duration = Duration::from_millis(600);

/// What was done to a process.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) number: usize,
    pub(crate) network: Network,
    pub(crate) fate: Fate,
    /// Whether the fate has come about.
    pub(crate) struck: bool,
    /// From and to when it was paused.
    pub(crate) pauses: Vec<(i64, i64)>,
}

impl Life {
    pub(crate) fn is_killed(&self) -> bool {
        self.struck && matches!(self.fate, Fate::KilledAt(..) | Fate::KilledAtRandom)
    }

    /// The point at which it was killed.
    pub(crate) fn killed_at(&self) -> Option<Point> {
        match self.fate {
            Fate::KilledAt(point, _) if self.struck => Some(point),
            _ => None,
        }
    }

    /// Whether it was paused between these times, beyond this one.
    pub(crate) fn is_paused(&self, from: i64, to: i64, beyond: i64) -> bool {
        let paused = |&(begin, end): &(i64, i64)| begin <= to && from <= end && beyond <= end;
        self.pauses.iter().any(paused)
    }
}

/// Starts a process, brings its fate about, and sees it to its end.
pub(crate) async fn live<P: Place>(
    number: usize,
    fate: Fate,
    order: &Order<P>,
    history: &History,
) -> Life {
    let mut builder = Child::builder(P::NAME).input(order).hold_at(END);
    if let Some((point, _)) = fate.stop() {
        builder = builder.hold_at(point.name());
    }
    let child = builder.spawn();
    let mut life = Life {
        number,
        network: order.network,
        fate,
        struck: false,
        pauses: Vec::new(),
    };
    let mut random = Rng::with_seed(order.seed);
    let read = async {
        while let Some(event) = child.next_report::<Event>().await {
            history.push(number, event);
        }
    };
    let ends = async {
        match fate {
            Fate::KilledAt(point, _) => {
                tokio::select! {
                    () = child.reached(point.name()) => life.struck = true,
                    () = child.reached(END) => {}
                }
            }
            Fate::KilledAtRandom => {
                history.lives(number).await;
                child.kill_within(RANDOM_KILL, &seeded(random)).await;
                life.struck = true;
            }
            Fate::PausedAt(point, _) => {
                tokio::select! {
                    () = child.reached(point.name()) => {
                        life.struck = true;
                        child.pause();
                        let from = now();
                        // The lease is over when this is.
                        sleep(LEASE + Duration::from_millis(100)).await;
                        // Somebody else takes the key over, unless all who may are gone.
                        let _ = timeout(2 * LEASE, history.taken_over(number, from)).await;
                        life.pauses.push((from, now()));
                        child.resume();
                        child.go(point.name());
                        child.reached(END).await;
                    }
                    () = child.reached(END) => {}
                }
            }
            Fate::Paused => {
                let at_end = child.reached(END);
                tokio::pin!(at_end);
                loop {
                    let awake = Duration::from_millis(random.u64(10..200));
                    if timeout(awake, &mut at_end).await.is_ok() {
                        break;
                    }
                    child.pause();
                    let from = now();
                    sleep(Duration::from_millis(random.u64(10..400))).await;
                    life.pauses.push((from, now()));
                    life.struck = true;
                    child.resume();
                }
            }
            Fate::Spared => child.reached(END).await,
        }
        if matches!(fate, Fate::KilledAt(..)) && life.struck {
            child.kill();
        } else if fate != Fate::KilledAtRandom {
            child.go(END);
        }
    };
    tokio::join!(read, ends);
    life
}

pub(crate) fn now() -> i64 {
    Now::from(SharedClock::default().now()).millis()
}

struct Seeded(Mutex<Rng>);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill(bytes);
    }
}

fn seeded(random: Rng) -> SharedRandom {
    SharedRandom::new(Seeded(Mutex::new(random)))
}
