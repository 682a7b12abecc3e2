//! A fleet in two languages: Python's commands, in its order, between ours.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use redis::{aio::MultiplexedConnection, cmd};
use serde_json::{Value, json};
use tokio::sync::{Barrier, watch};

use crate::{
    apart::cross_slot,
    bed::{Bed, Broken, Config, Counter, PATIENCE, key, within},
};

/// Much later than the leases of all orphans, and than those that are won.
const RUNNING: &str = r#"{"status": "INPROGRESS", "expiration": 4000000000, "in_progress_expiration": 4000000000000}"#;

/// How far both sides are in one round: who comes first changes from round to round.
struct Stages {
    python: watch::Sender<usize>,
    ours: watch::Sender<usize>,
}

impl Stages {
    fn new() -> Self {
        Self {
            python: watch::Sender::new(0),
            ours: watch::Sender::new(0),
        }
    }
}

fn reach(stage: &watch::Sender<usize>, now: usize) {
    stage.send_modify(|stage| *stage = now.max(*stage));
}

async fn reached(stage: &watch::Sender<usize>, at_least: usize) {
    let mut stage = stage.subscribe();
    stage.wait_for(|now| *now >= at_least).await.unwrap();
}

/// One claim as Python makes it; true if its function would run. It may be held up between
/// finding the orphan and asking for the lock until one of ours is through.
async fn claims(
    mut on: MultiplexedConnection,
    key: &str,
    stages: &Stages,
    is_held_up: bool,
) -> bool {
    let on = &mut on;
    let mut set = cmd("SET");
    set.arg(key).arg(RUNNING).arg("EX").arg(3600).arg("NX");
    let set: Option<String> = set.query_async(on).await.unwrap();
    reach(&stages.python, 1);
    if set.is_some() {
        return true;
    }
    let there: Option<String> = cmd("GET").arg(key).query_async(on).await.unwrap();
    reach(&stages.python, 2);
    let Some(there) = there else {
        return false;
    };
    let is_live = serde_json::from_str::<Value>(&there).is_ok_and(|record| {
        record["status"] == "COMPLETED" || record["in_progress_expiration"].as_i64() > Some(5)
    });
    if is_live {
        return false;
    }
    if is_held_up {
        reached(&stages.ours, 1).await;
    }
    let mut lock = cmd("SET");
    let name = format!("{key}:lock");
    lock.arg(name).arg("True").arg("EX").arg(10).arg("NX");
    let lock: Option<String> = lock.query_async(on).await.unwrap();
    reach(&stages.python, 3);
    if lock.is_none() {
        return false;
    }
    let mut overwrite = cmd("SET");
    overwrite.arg(key).arg(RUNNING).arg("EX").arg(3600);
    overwrite.query_async::<()>(on).await.unwrap();
    true
}

#[derive(Default)]
struct Wins {
    ours: AtomicUsize,
    python: AtomicUsize,
}

async fn race(bed: &Bed, config: &Config, round: usize, wins: &Wins) {
    const EACH: usize = 6;
    let payload = round.to_string();
    let key = key(config, &payload);
    let seed = json!({
        "status": "INPROGRESS", "expiration": 4_000_000_000_u64, "in_progress_expiration": 5,
    });
    bed.set(&key, seed.to_string(), 600).await;
    let barrier = Arc::new(Barrier::new(2 * EACH));
    let stages = Arc::new(Stages::new());
    let counter = Counter::default();
    // Every fifth round all of Python saw the orphan before the first of ours took it over, and
    // asks for the lock after that.
    let (ours_wait_for, is_held_up) = match round % 5 {
        4 => (2, true),
        stage => (stage, false),
    };
    let ours: Vec<_> = (0..EACH)
        .map(|_| {
            let (config, counter, payload) = (config.clone(), counter.clone(), payload.clone());
            let (barrier, stages) = (Arc::clone(&barrier), Arc::clone(&stages));
            tokio::spawn(async move {
                barrier.wait().await;
                reached(&stages.python, ours_wait_for).await;
                counter.answer(&config, &payload).await.ok();
                reach(&stages.ours, 1);
            })
        })
        .collect();
    let pythons: Vec<_> = (0..EACH)
        .map(|_| {
            let (raw, key) = (bed.raw.clone(), key.clone());
            let (barrier, stages) = (Arc::clone(&barrier), Arc::clone(&stages));
            tokio::spawn(async move {
                barrier.wait().await;
                claims(raw, &key, &stages, is_held_up).await
            })
        })
        .collect();
    let mut python = 0;
    for task in pythons {
        python += usize::from(task.await.unwrap());
    }
    for task in ours {
        task.await.unwrap();
    }
    let runs = counter.runs();
    assert_eq!(
        runs + python,
        1,
        "round {round}: {runs} ours, {python} theirs"
    );
    wins.ours.fetch_add(runs, Ordering::Relaxed);
    wins.python.fetch_add(python, Ordering::Relaxed);
}

/// Both sides have to win sometimes, or nothing was tried.
fn both_have_won(wins: &Wins) {
    let ours = wins.ours.load(Ordering::Relaxed);
    let python = wins.python.load(Ordering::Relaxed);
    println!("take-overs: {ours} ours, {python} of python");
    assert!(ours > 0 && python > 0, "{ours} ours, {python} of python");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphan_is_taken_over_by_one_of_us_or_by_python() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.by_the_wall(bed.patient()).build_config().unwrap();
        let wins = Wins::default();
        for round in 0..150 {
            race(&bed, &config, round, &wins).await;
        }
        both_have_won(&wins);
    })
    .await;
}

/// The same where no script can see record and lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphan_is_taken_over_by_one_also_where_the_lock_is_apart() {
    within(async {
        let broken = Broken::plain().await;
        broken.proxy.set_rules([cross_slot()]);
        let config = broken.bed.by_the_wall(broken.store(PATIENCE));
        let config = config.build_config().unwrap();
        let wins = Wins::default();
        for round in 0..150 {
            race(&broken.bed, &config, round, &wins).await;
        }
        both_have_won(&wins);
    })
    .await;
}
