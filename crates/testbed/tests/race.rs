//! One conditional put, many who want to make it: what every lock on DynamoDB stands on.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/dynamodb.rs"]
mod dynamodb;

use std::{
    collections::HashMap,
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{
    Client,
    config::retry::RetryConfig,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use powertools_core::SharedClock;
use serde::{Deserialize, Serialize};
use testbed::{
    process::{Child, Harness, Parent, Test},
    servers::Aws,
};
use tokio::{sync::Barrier, task::JoinSet};

const ROUNDS: u32 = 200;
const PROCESSES: usize = 8;
const TASKS: usize = 50;
const TABLE: &str = "race";
/// What the name of a contender in a process of its own begins with.
const PROCESS: &str = "process";

fn main() -> ExitCode {
    Harness::new()
        .scenario("contend", contend)
        .tests([Test::new(
            "fifty_tasks_and_eight_processes_have_one_winner",
            one_winner,
        )
        .multi_thread()
        .within(Duration::from_secs(300))])
        .main()
}

/// What one contender got out of one round.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    contender: String,
    won: bool,
    /// What it wrote, or what it was shown that somebody else had written.
    item: String,
    /// By the clock that all processes of this machine share.
    started: SystemTime,
    ended: SystemTime,
}

async fn one_winner() {
    let aws = Aws::account();
    let client = client(&aws);
    dynamodb::create_table(&client, TABLE).await;
    let processes: Vec<Child> = (0..PROCESSES)
        .map(|number| {
            let input = (&aws, format!("{PROCESS} {number}"));
            let child = Child::builder("contend").input(&input);
            child.hold_at("start").spawn()
        })
        .collect();
    let mut winners: HashMap<String, u32> = HashMap::new();
    let mut met = 0;

    for round in 0..ROUNDS {
        for process in &processes {
            process.reached("start").await;
        }
        let barrier = Arc::new(Barrier::new(TASKS + 1));
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            let (client, barrier) = (client.clone(), Arc::clone(&barrier));
            tasks.spawn(async move {
                barrier.wait().await;
                put(&client, round, format!("task {number}")).await
            });
        }
        let go = async {
            for process in &processes {
                process.go("start");
            }
        };
        tokio::join!(go, barrier.wait());
        let mut outcomes = tasks.join_all().await;
        for process in &processes {
            outcomes.push(process.report().await);
        }

        assert_eq!(outcomes.len(), TASKS + PROCESSES);
        let won: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.won).collect();
        let [winner] = won[..] else {
            panic!("round {round} has {} winners: {won:?}", won.len());
        };
        for outcome in &outcomes {
            assert_eq!(
                outcome.item, winner.item,
                "round {round}: {} saw another item than that of {}",
                outcome.contender, winner.contender
            );
        }
        *winners.entry(winner.contender.clone()).or_default() += 1;
        met += u32::from(tasks_met_processes(&outcomes));
    }

    let by_processes: u32 = winners
        .iter()
        .filter(|(winner, _)| winner.starts_with(PROCESS))
        .map(|(_, rounds)| rounds)
        .sum();
    println!(
        "{ROUNDS} rounds, won by {} contenders, {by_processes} by a process; \
         tasks met processes in {met}",
        winners.len()
    );
    // Else they did not race.
    assert!(0 < by_processes && by_processes < ROUNDS, "{winners:?}");
    assert!(met > ROUNDS / 2, "{met}");
}

/// Whether a put of a task and one of a process were under way at the same time.
fn tasks_met_processes(outcomes: &[Outcome]) -> bool {
    let (processes, tasks): (Vec<_>, Vec<_>) = outcomes
        .iter()
        .partition(|outcome| outcome.contender.starts_with(PROCESS));
    tasks.iter().any(|task| {
        processes
            .iter()
            .any(|process| task.started < process.ended && process.started < task.ended)
    })
}

/// A process that puts once a round, when it is told to.
async fn contend(parent: Parent) {
    let (aws, name): (Aws, String) = parent.input();
    let client = client(&aws);
    for round in 0..ROUNDS {
        parent.point("start").await;
        parent.report(&put(&client, round, name.clone()).await);
    }
}

async fn put(client: &Client, round: u32, contender: String) -> Outcome {
    let written = format!("round {round}, written by {contender}");
    let put = client
        .put_item()
        .table_name(TABLE)
        .item("id", AttributeValue::S(round.to_string()))
        .item("writer", AttributeValue::S(written.clone()))
        .condition_expression("attribute_not_exists(#id)")
        .expression_attribute_names("#id", "id")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let clock = SharedClock::default();
    let started = clock.now();
    let result = put.send().await.map_err(|error| error.into_service_error());
    let ended = clock.now();
    let (won, item) = match result {
        Ok(_) => (true, written),
        Err(PutItemError::ConditionalCheckFailedException(refused)) => {
            let item = refused.item.expect("a loser is shown the item");
            (false, item["writer"].as_s().unwrap().clone())
        }
        Err(error) => panic!("{contender} could not put: {error:?}"),
    };
    Outcome {
        contender,
        won,
        item,
        started,
        ended,
    }
}

/// Without retries: the retry of a put that succeeded unseen would lose against itself.
fn client(aws: &Aws) -> Client {
    let config = dynamodb::config(aws).retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}
