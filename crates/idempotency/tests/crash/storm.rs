//! Starts the processes, waits for the end of all of them, and has everything judged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use fastrand::Rng;
use powertools_core::{Env, SharedRandom};
use testbed::proxy::Proxy;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    event::Said,
    fate::{self, Fate},
    faults::{self, Fired},
    histogram::Histogram,
    history::{Call, History},
    life::{self, Life},
    order::{Keys, LEASE, Order, Point},
    place::{Network, Place},
    verdict::{self, Verdict},
};

/// Processes at a time.
const PROCESSES: u32 = 8;
/// Calls at a time in each of them.
const TASKS: u32 = 6;
/// The last processes have keys of their own, which nobody finishes for them.
const LAST: [Point; PROCESSES as usize] = [
    Point::AfterPut,
    Point::BeforeEffect,
    Point::AfterEffect,
    Point::BeforeCompletion,
    Point::AfterPut,
    Point::BeforeEffect,
    Point::AfterEffect,
    Point::BeforeCompletion,
];
/// How many keys are called at a time. They move on, so that there are always new ones.
const WINDOW: u32 = 100;
/// Repeats a storm, as far as a storm can be repeated.
const SEED: &str = "CRASH_TEST_SEED";

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) keys: u32,
    /// At least.
    pub(crate) calls: usize,
    pub(crate) kills_at_a_point: usize,
    pub(crate) kills_at_random: usize,
    pub(crate) pauses_at_a_point: usize,
    pub(crate) paused: usize,
    pub(crate) spared: usize,
    /// At least so many effects are repeated, and claims recognised whose replies were lost.
    pub(crate) repeated: usize,
    pub(crate) recognised: usize,
}

impl Size {
    pub(crate) const FULL: Self = Self {
        keys: 500,
        calls: 10_000,
        kills_at_a_point: 10,
        kills_at_random: 16,
        pauses_at_a_point: 6,
        paused: 12,
        spared: 16,
        repeated: 30,
        recognised: 5,
    };

    /// With those of the last processes.
    fn all_keys(&self) -> u32 {
        self.keys + TASKS * PROCESSES
    }
}

struct Storm<P> {
    place: P,
    proxy: Proxy,
    size: Size,
    history: History,
    deck: Mutex<Deck>,
}

struct Deck {
    fates: Vec<Fate>,
    drawn: usize,
    random: Rng,
}

/// One storm, from the calm before to the calm after.
pub(crate) async fn rages<P: Place>(size: Size) {
    let seed = seed();
    println!("{}: {SEED}={seed}", P::NAME);
    let began = Instant::now();
    let mut random = Rng::with_seed(seed);
    let place = P::prepare().await;
    let proxy = Proxy::in_front_of(place.address(), P::PROTOCOL).await;
    proxy.set_rules(faults::rules::<P>());
    let storm = Arc::new(Storm {
        place,
        proxy,
        size,
        history: History::new(),
        deck: Mutex::new(Deck {
            fates: fate::deck(&size, &mut random),
            drawn: 0,
            random,
        }),
    });
    let mut lives = storm.rage().await;
    storm.end(&mut lives).await;
    let raged = began.elapsed();
    let in_storm = storm.history.calls();
    // Leases end, also of claims that nobody has reported and that come late.
    sleep(LEASE + faults::LATE + P::HELD_AFTER_LEASE).await;
    for _ in 0..2 {
        lives.push(storm.calm(lives.len()).await);
    }
    lives.sort_by_key(|life| life.number);

    let calls = storm.history.calls_made();
    let fired = Fired::new(&storm.proxy.firings());
    let mut verdict = verdict::judge(&calls, &lives, &fired);
    all_answered(&size, &calls, lives.len(), &mut verdict);
    let histogram = Histogram::new(&size, &calls, &lives, &fired, &verdict.repeated);
    let mut keys: BTreeSet<u32> = calls[..in_storm].iter().map(|call| call.key).collect();
    keys.retain(|key| *key < size.keys);
    println!("{} effects were repeated:", verdict.repeated.len());
    for repeated in &verdict.repeated {
        let since = |at: i64| at - calls[0].called;
        println!(
            "  key {}: {} at {} ms, {} at {} ms: {}",
            repeated.key,
            repeated.earlier.0,
            since(repeated.earlier.1),
            repeated.later.0,
            since(repeated.later.1),
            repeated.cause
        );
    }
    println!(
        "{in_storm} calls of {} keys by {} processes in {raged:.1?}, all in {:.1?}:\n{histogram}",
        keys.len(),
        lives.len(),
        began.elapsed()
    );
    assert!(
        verdict.violations.is_empty(),
        "{SEED}={seed}: {} violations, the first of them:\n{}",
        verdict.violations.len(),
        verdict.violations[..verdict.violations.len().min(10)].join("\n")
    );
    assert!(in_storm >= size.calls, "{in_storm} calls");
    assert_eq!(keys.len(), size.keys as usize, "keys");
    let missing = histogram.missing();
    assert!(missing.is_empty(), "{SEED}={seed}: too few: {missing:?}");
}

fn seed() -> u64 {
    let given = Env::process().get(SEED);
    given.map_or_else(
        || {
            let mut bytes = [0; 4];
            SharedRandom::default().fill(&mut bytes);
            u32::from_le_bytes(bytes).into()
        },
        |seed| seed.parse().expect("a number"),
    )
}

/// After the storm two callers have called each key, one after the other: both have got the same
/// answer.
fn all_answered(size: &Size, calls: &[Call], lives: usize, verdict: &mut Verdict) {
    let mut answers: BTreeMap<u32, Vec<&Said>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.life + 2 >= lives) {
        answers.entry(call.key).or_default().extend(&call.said);
    }
    for key in 0..size.all_keys() {
        match answers.get(&key).map(Vec::as_slice) {
            Some([Said::Answer(one), Said::Answer(two)]) if one == two => {}
            said => verdict
                .violations
                .push(format!("key {key} after the storm: {said:?}")),
        }
    }
}

impl<P: Place> Storm<P> {
    /// Until every fate has come about and there were enough calls.
    async fn rage(self: &Arc<Self>) -> Vec<Life> {
        let mut running = JoinSet::new();
        let mut lives = Vec::new();
        let mut number = 0;
        loop {
            while running.len() < PROCESSES as usize
                && let Some((fate, order)) = self.draw()
            {
                let storm = Arc::clone(self);
                running
                    .spawn(async move { life::live(number, fate, &order, &storm.history).await });
                number += 1;
            }
            match running.join_next().await {
                Some(life) => lives.push(life.unwrap()),
                None => return lives,
            }
        }
    }

    /// The next fate, and the order to the process that is to have it.
    fn draw(&self) -> Option<(Fate, Order<P>)> {
        let mut deck = self.deck.lock().unwrap();
        let fate = match deck.fates.get(deck.drawn) {
            Some(fate) => *fate,
            None if self.history.calls() < self.size.calls => Fate::Spared,
            None => return None,
        };
        let middle = self.size.keys as usize * deck.drawn.min(deck.fates.len());
        let middle = u32::try_from(middle / deck.fates.len()).unwrap();
        deck.drawn += 1;
        let network = match deck.random.u32(..4) {
            0 | 1 => Network::Sound,
            2 => Network::Retried,
            _ => Network::Once,
        };
        let order = Order {
            place: match network {
                Network::Sound => self.place.clone(),
                _ => self.place.through(self.proxy.address()),
            },
            network,
            deadline: deck.random.bool(),
            seed: deck.random.u64(..),
            keys: Keys::Among {
                from: middle.saturating_sub(WINDOW / 2),
                to: self.size.keys.min(middle + WINDOW / 2),
            },
            calls: fate.calls(),
            tasks: TASKS,
            stop: fate.stop(),
        };
        Some((fate, order))
    }

    /// The last processes are killed, each with a key that is left as it is.
    async fn end(self: &Arc<Self>, lives: &mut Vec<Life>) {
        let mut running = JoinSet::new();
        for (from, point) in (self.size.keys..).step_by(TASKS as usize).zip(LAST) {
            let (storm, number) = (Arc::clone(self), lives.len() + running.len());
            let order = Order {
                keys: Keys::Each { from },
                calls: TASKS,
                tasks: TASKS,
                stop: Some((point, 1)),
                ..self.sound()
            };
            running.spawn(async move {
                life::live(number, Fate::KilledAt(point, 1), &order, &storm.history).await
            });
        }
        lives.extend(running.join_all().await);
    }

    /// Calls each key once, when nothing breaks any more.
    async fn calm(&self, number: usize) -> Life {
        let order = Order {
            calls: self.size.all_keys(),
            ..self.sound()
        };
        life::live(number, Fate::Spared, &order, &self.history).await
    }

    /// Nothing breaks.
    fn sound(&self) -> Order<P> {
        Order {
            place: self.place.clone(),
            network: Network::Sound,
            deadline: false,
            seed: 0,
            keys: Keys::Each { from: 0 },
            calls: 0,
            tasks: 2 * TASKS,
            stop: None,
        }
    }
}
