//! Child processes that report, wait, stop and die as a test wants it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::HashMap,
    env,
    fs::{self, File},
    io::Write,
    os::unix::{net::UnixStream, process::ExitStatusExt},
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    process::{self, ExitCode, Stdio},
    thread,
    time::Duration,
};

use powertools_core::SharedRandom;
use rustix::process::{Pid, test_kill_process};
use testbed::process::{Child, Harness, Parent, SideChannel};
use tokio::time::timeout;

const SIGKILL: Option<i32> = Some(9);
const SIGTERM: Option<i32> = Some(15);

/// Few enough for the buffer of a socket that nobody reads.
const SOME: u32 = 50;

/// More reports than are read at once.
const MANY: u32 = 5000;

fn main() -> ExitCode {
    Harness::new()
        .scenario("add", add)
        .scenario("steps", steps)
        .scenario("blocking_steps", blocking_steps)
        .scenario("cancelled_step", cancelled_step)
        .scenario("count", count)
        .scenario("many", many)
        .scenario("panic", panics)
        .scenario("nest", nest)
        .test("a_child_gets_its_input_and_reports", a_child_reports)
        .test("a_point_that_is_not_held_is_passed", a_free_point)
        .test("a_held_point_waits_until_told_to_go", a_held_point)
        .test("a_point_can_wait_without_async", a_blocking_point)
        .test(
            "a_dropped_point_does_not_take_the_go_of_another",
            a_dropped_point,
        )
        .test("what_does_not_come_to_a_point_is_told", not_reached)
        .test(
            "a_child_killed_at_a_point_never_comes_beyond",
            killed_at_a_point,
        )
        .test(
            "a_child_killed_at_random_has_reported_what_it_did",
            killed_at_random,
        )
        .test(
            "everything_reported_is_read_after_the_end",
            read_after_the_end,
        )
        .test("a_paused_child_does_nothing_until_it_is_resumed", paused)
        .test("a_paused_child_can_be_killed", paused_and_killed)
        .test("a_child_that_is_told_to_end_ends_by_the_signal", terminated)
        .test("an_ended_child_gets_no_signal", no_signal_after_the_end)
        .test("a_panic_ends_the_child_and_loses_no_report", a_panic)
        .test("an_unknown_scenario_ends_the_child", an_unknown_scenario)
        .test("dropping_the_handle_leaves_no_process", dropping_the_handle)
        .test("a_child_whose_test_is_killed_ends_too", || {
            an_orphan_ends(false)
        })
        .test("a_paused_child_whose_test_is_killed_ends_too", || {
            an_orphan_ends(true)
        })
        .test("eight_processes_share_one_channel", a_shared_channel)
        .test(
            "a_process_ends_when_its_channel_is_closed",
            a_closed_channel,
        )
        .test(
            "a_process_that_dies_at_many_points_loses_no_report",
            dies_at_many_points,
        )
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

async fn cancelled_step(parent: Parent) {
    let given_up = timeout(Duration::from_millis(1), parent.point("middle")).await;
    parent.report(&given_up.is_err());
    parent.point("middle").await;
    parent.report(&"after");
}

/// Reports a number and then writes it into a file, and never ends.
async fn count(parent: Parent) {
    let path: Option<PathBuf> = parent.input();
    let mut file = path.map(|path| File::create(path).unwrap());
    for number in 0_u64.. {
        parent.report(&number);
        if let Some(file) = &mut file {
            writeln!(file, "{number}").unwrap();
        }
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
}

/// Reports a lot as soon as a file is there, and ends.
async fn many(parent: Parent) {
    parent.report(&"ready");
    let start: PathBuf = parent.input();
    while !start.exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for number in 0..SOME {
        parent.report(&number);
    }
}

async fn panics(parent: Parent) {
    parent.report(&"still here");
    panic!("on purpose");
}

/// A child with a child, which may be paused.
async fn nest(parent: Parent) {
    let child = Child::builder("count").spawn();
    child.report::<u64>().await;
    if parent.input() {
        child.pause();
    }
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

async fn a_dropped_point() {
    let child = Child::builder("cancelled_step").hold_at("middle").spawn();
    child.reached("middle").await;
    assert!(child.report::<bool>().await, "the first one was given up");
    child.reached("middle").await;

    child.go("middle");

    assert_eq!(child.report::<String>().await, "after");
}

async fn not_reached() {
    let child = Child::builder("steps").spawn();

    assert!(child.reaches("middle").await);
    assert!(!child.reaches("middle").await);
    assert!(!child.reaches("elsewhere").await);
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
    let path = env::temp_dir().join(format!("testbed-count-{}", process::id()));
    for _ in 0..20 {
        let child = Child::builder("count").input(&path).spawn();
        assert_eq!(child.report::<u64>().await, 0);

        let longest = Duration::from_millis(20);
        let status = child.kill_within(longest, &SharedRandom::default()).await;

        assert_eq!(status.signal(), SIGKILL);
        let mut last = 0;
        while let Some(number) = child.next_report::<u64>().await {
            assert_eq!(number, last + 1);
            last = number;
        }
        let written = fs::read_to_string(&path).unwrap().lines().count();
        let written = u64::try_from(written).unwrap();
        assert!(
            last + 1 >= written,
            "{written} were done, {last} was reported last"
        );
    }
    fs::remove_file(path).unwrap();
}

async fn read_after_the_end() {
    let path = env::temp_dir().join(format!("testbed-start-{}", process::id()));
    let child = Child::builder("many").input(&path).spawn();
    assert_eq!(child.report::<String>().await, "ready");
    File::create(&path).unwrap();
    // Blocks the only thread, so that nothing is read before the end is known.
    while child.status().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    fs::remove_file(path).unwrap();

    for number in 0..SOME {
        assert_eq!(child.next_report::<u32>().await, Some(number));
    }
    assert_eq!(child.next_report::<u32>().await, None);
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

async fn terminated() {
    let child = Child::builder("steps").hold_at("middle").spawn();
    child.reached("middle").await;
    child.terminate();
    assert_eq!(child.wait().await.signal(), SIGTERM);
}

async fn paused_and_killed() {
    let child = Child::builder("count").spawn();
    child.report::<u64>().await;
    child.pause();

    assert_eq!(child.kill().signal(), SIGKILL);
}

async fn no_signal_after_the_end() {
    let child = Child::builder("steps").spawn();
    child.wait().await;

    let resumed = panic::catch_unwind(AssertUnwindSafe(|| child.resume()));

    let message = resumed.unwrap_err();
    assert_eq!(message.downcast_ref(), Some(&"the child has ended"));
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

async fn an_orphan_ends(paused: bool) {
    let child = Child::builder("nest").input(&paused).spawn();
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
    let status = fs::read_to_string(format!("/proc/{id}/stat"));
    exists(id) && !status.is_ok_and(|status| status.contains(") Z "))
}

async fn a_shared_channel() {
    let channel = SideChannel::open(&(), &["middle"]);
    let mut children = HashMap::new();
    for _ in 0..8 {
        let mut command = tokio::process::Command::new(env::current_exe().unwrap());
        command
            .envs(channel.environment("steps"))
            .kill_on_drop(true);
        let child = command.spawn().unwrap();
        children.insert(child.id().unwrap(), child);
    }
    let mut first = None;
    for _ in 0..8 {
        let id = channel.reached("middle").await;
        assert!(children.contains_key(&id));
        first.get_or_insert(id);
        assert_eq!(channel.report::<String>().await, "before");
    }
    // One of them dies where it is held: the others are let go all the same.
    let first = first.unwrap();
    children.get_mut(&first).unwrap().kill().await.unwrap();
    assert_eq!(channel.left().await, first);
    for _ in 0..7 {
        channel.go("middle");
        assert_eq!(channel.report::<String>().await, "after");
    }
    for _ in 0..7 {
        assert!(children.contains_key(&channel.left().await));
    }
}

async fn a_closed_channel() {
    let channel = SideChannel::open(&(), &["middle"]);
    let mut command = tokio::process::Command::new(env::current_exe().unwrap());
    command
        .envs(channel.environment("steps"))
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    channel.reached("middle").await;

    drop(channel);

    assert_eq!(child.wait().await.unwrap().code(), Some(3));
}

/// The first answer to a dead process makes its connection break. What it said before is
/// read all the same.
async fn dies_at_many_points() {
    const POINTS: u64 = 3;

    let channel = SideChannel::open(&(), &["middle"]);
    let [_, (_, path)] = channel.environment("played by this test");
    let mut stream = UnixStream::connect(path).unwrap();
    writeln!(stream, r#"{{"Hello":{}}}"#, process::id()).unwrap();
    for number in 1..=POINTS {
        writeln!(
            stream,
            r#"{{"Point":{{"name":"middle","number":{number}}}}}"#
        )
        .unwrap();
    }
    for _ in 0..POINTS {
        channel.reached("middle").await;
    }
    let reports: String = (0..MANY)
        .map(|number| format!("{{\"Report\":{number}}}\n"))
        .collect();
    stream.write_all(reports.as_bytes()).unwrap();
    drop(stream);
    for _ in 0..POINTS {
        channel.go("middle");
    }

    for number in 0..MANY {
        assert_eq!(channel.report::<u32>().await, number);
    }
    assert_eq!(channel.left().await, process::id());
}
