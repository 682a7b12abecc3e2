//! Child processes that report, wait, stop and die as a test wants it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    os::unix::process::ExitStatusExt,
    process::{ExitCode, Stdio},
    time::Duration,
};

use powertools_core::SharedRandom;
use rustix::process::{Pid, test_kill_process};
use testbed::process::{Child, Harness, Parent, SideChannel};
use tokio::time::timeout;

const SIGKILL: Option<i32> = Some(9);

fn main() -> ExitCode {
    Harness::new()
        .scenario("add", add)
        .scenario("steps", steps)
        .scenario("blocking_steps", blocking_steps)
        .scenario("count", count)
        .scenario("panic", panics)
        .scenario("nest", nest)
        .test("a_child_gets_its_input_and_reports", a_child_reports)
        .test("a_point_that_is_not_held_is_passed", a_free_point)
        .test("a_held_point_waits_until_told_to_go", a_held_point)
        .test("a_point_can_wait_without_async", a_blocking_point)
        .test(
            "a_child_killed_at_a_point_never_comes_beyond",
            killed_at_a_point,
        )
        .test(
            "a_child_killed_at_random_has_reported_what_it_did",
            killed_at_random,
        )
        .test("a_paused_child_does_nothing_until_it_is_resumed", paused)
        .test("a_paused_child_can_be_killed", paused_and_killed)
        .test("a_panic_ends_the_child_and_loses_no_report", a_panic)
        .test("an_unknown_scenario_ends_the_child", an_unknown_scenario)
        .test("dropping_the_handle_leaves_no_process", dropping_the_handle)
        .test("a_child_whose_test_is_killed_ends_too", an_orphan_ends)
        .test("eight_processes_share_one_channel", a_shared_channel)
        .main()
}

async fn add(parent: Parent) {
    let (a, b): (u32, u32) = parent.input();
    parent.report(&(a + b));
}

async fn steps(parent: Parent) {
    parent.report(&"before");
    parent.point("middle").await;
    parent.report(&"after");
}

async fn blocking_steps(parent: Parent) {
    let middle = parent.clone();
    let waiting = tokio::task::spawn_blocking(move || middle.blocking_point("middle"));
    waiting.await.unwrap();
    parent.report(&"after");
}

/// Does nothing but report, and never ends.
async fn count(parent: Parent) {
    for number in 0_u64.. {
        parent.report(&number);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn panics(parent: Parent) {
    parent.report(&"still here");
    panic!("on purpose");
}

/// A child with a child.
async fn nest(parent: Parent) {
    let child = Child::builder("count").spawn();
    child.report::<u64>().await;
    parent.report(&child.id());
    std::future::pending::<()>().await;
}

fn exists(id: u32) -> bool {
    let pid = Pid::from_raw(id.try_into().unwrap()).unwrap();
    test_kill_process(pid).is_ok()
}

async fn a_child_reports() {
    let child = Child::builder("add").input(&(2, 3)).spawn();

    assert_eq!(child.report::<u32>().await, 5);
    assert_eq!(child.next_report::<u32>().await, None);
    assert!(child.wait().await.success());
}

async fn a_free_point() {
    let child = Child::builder("steps").spawn();

    child.reached("middle").await;

    assert_eq!(child.report::<String>().await, "before");
    assert_eq!(child.report::<String>().await, "after");
}

async fn a_held_point() {
    let child = Child::builder("steps").hold_at("middle").spawn();
    child.reached("middle").await;
    assert_eq!(child.report::<String>().await, "before");
    let early = timeout(Duration::from_millis(100), child.report::<String>()).await;
    assert!(early.is_err(), "{early:?}");

    child.go("middle");

    assert_eq!(child.report::<String>().await, "after");
    assert!(child.wait().await.success());
}

async fn a_blocking_point() {
    let child = Child::builder("blocking_steps").hold_at("middle").spawn();
    child.reached("middle").await;

    child.go("middle");

    assert_eq!(child.report::<String>().await, "after");
}

async fn killed_at_a_point() {
    let child = Child::builder("steps").hold_at("middle").spawn();

    let status = child.kill_at("middle").await;

    assert_eq!(status.signal(), SIGKILL);
    assert_eq!(child.next_report::<String>().await.unwrap(), "before");
    assert_eq!(child.next_report::<String>().await, None);
    assert!(!exists(child.id()));
}

async fn killed_at_random() {
    let child = Child::builder("count").spawn();
    let longest = Duration::from_millis(200);
    assert_eq!(child.report::<u64>().await, 0);

    let after = child.kill_within(longest, &SharedRandom::default()).await;

    assert!(after <= longest, "{after:?}");
    assert_eq!(child.wait().await.signal(), SIGKILL);
    let mut expected = 1;
    while let Some(number) = child.next_report::<u64>().await {
        assert_eq!(number, expected);
        expected += 1;
    }
}

async fn paused() {
    let child = Child::builder("count").spawn();
    assert_eq!(child.report::<u64>().await, 0);
    child.pause();
    // What it sent before it stopped.
    let mut last = 0;
    let drained = async {
        loop {
            last = child.report::<u64>().await;
        }
    };
    timeout(Duration::from_millis(300), drained)
        .await
        .unwrap_err();
    let silent = timeout(Duration::from_millis(100), child.report::<u64>()).await;
    assert!(silent.is_err(), "a paused child reported {silent:?}");
    assert_eq!(child.status(), None);

    child.resume();

    assert_eq!(child.report::<u64>().await, last + 1);
}

async fn paused_and_killed() {
    let child = Child::builder("count").spawn();
    child.report::<u64>().await;
    child.pause();

    assert_eq!(child.kill().signal(), SIGKILL);
}

async fn a_panic() {
    let child = Child::builder("panic").stderr(Stdio::null()).spawn();

    assert_eq!(child.report::<String>().await, "still here");
    assert_eq!(child.next_report::<String>().await, None);
    assert_eq!(child.wait().await.code(), Some(101));
}

async fn an_unknown_scenario() {
    let child = Child::builder("no such").stderr(Stdio::null()).spawn();

    assert_eq!(child.next_report::<String>().await, None);
    assert_eq!(child.wait().await.code(), Some(1));
}

async fn dropping_the_handle() {
    let child = Child::builder("count").spawn();
    child.report::<u64>().await;
    let id = child.id();
    assert!(exists(id));

    drop(child);

    assert!(!exists(id));
}

async fn an_orphan_ends() {
    let child = Child::builder("nest").spawn();
    let grandchild = child.report::<u32>().await;
    assert!(exists(grandchild));

    child.kill();

    let gone = async {
        // Nobody tells us of the end of a process that is not our child.
        while runs(grandchild) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.unwrap();
}

/// Whether it exists and has not ended: who adopts orphans may leave them as zombies.
fn runs(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat"));
    exists(id) && !status.is_ok_and(|status| status.contains(") Z "))
}

async fn a_shared_channel() {
    let channel = SideChannel::open(&(), &["middle"]);
    let mut children = Vec::new();
    for _ in 0..8 {
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command
            .envs(channel.environment("steps"))
            .kill_on_drop(true);
        children.push(command.spawn().unwrap());
    }
    for _ in 0..8 {
        channel.reached("middle").await;
        assert_eq!(channel.report::<String>().await, "before");
    }
    // One of them dies where it is held: the others are let go all the same.
    let mut first = children.remove(0);
    first.kill().await.unwrap();
    channel.left().await;
    for _ in 0..7 {
        channel.go("middle");
        assert_eq!(channel.report::<String>().await, "after");
    }
    for mut child in children {
        assert!(child.wait().await.unwrap().success());
    }
}
