//! Panics as lines. The hook is process-wide, so each case has a process of its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod function;
mod scenarios;
#[path = "../support/mod.rs"]
mod support;

use std::{
    io::{PipeReader, Read, pipe},
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};
use support::{line, messages};
use testbed::process::{Child, Harness};

fn main() -> ExitCode {
    let harness = Harness::new().function(function::run);
    let harness = scenarios::add_to(harness);
    harness
        .tests(function::tests())
        .test(
            "a_panic_is_a_line_and_the_hook_before_runs",
            a_panic_is_a_line,
        )
        .test("a_payload_that_is_no_text_is_told", no_text)
        .test("a_panic_outside_of_an_invocation_is_a_line", outside)
        .test("a_panic_writes_the_held_lines_first", held)
        .test("a_panic_writes_no_held_lines_if_switched_off", held_off)
        .test("all_is_out_before_a_hook_that_aborts", aborts)
        .test("panics_of_tasks_are_lines", tasks)
        .test("a_panic_in_drop_is_a_line", in_drop)
        .test("a_panic_while_one_unwinds_is_a_line_too", twice)
        .test("a_panic_of_the_writer_loses_its_line_only", writer)
        .test("a_panic_of_a_formatter_leaves_the_usual_line", formatter)
        .test("a_panic_of_a_value_leaves_nothing_behind", in_debug)
        .test("the_canonical_line_tells_the_panic", canonical)
        .test("a_panic_after_the_end_is_not_told_of_the_next", late)
        .test("another_logger_of_the_log_crate_stays", other_log)
        .test("panics_are_not_logged_if_switched_off", switched_off)
        .main()
}

/// What a child has written, and how it ended.
struct Ended {
    lines: Vec<Value>,
    stderr: String,
    status: ExitStatus,
}

async fn run(scenario: &str) -> Ended {
    let (stdout, to_stdout) = pipe().unwrap();
    let (stderr, to_stderr) = pipe().unwrap();
    let (stdout, stderr) = (read(stdout), read(stderr));
    let child = Child::builder(scenario)
        .stdout(to_stdout)
        .stderr(to_stderr)
        .spawn();
    let status = child.wait().await;
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    Ended {
        lines: stdout.join().unwrap().lines().map(parse).collect(),
        stderr: stderr.join().unwrap(),
        status,
    }
}

fn read(mut pipe: PipeReader) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

async fn a_panic_is_a_line() {
    let ended = run("panic").await;
    assert!(ended.status.success());
    assert_eq!(messages(&ended.lines), ["before", "panic", "after"]);
    let number = ended.lines[0]["panics_in_line"].as_u64().unwrap();
    let file = file!().replace("main.rs", "scenarios.rs");
    let told = &ended.lines[1];
    assert_eq!(told["level"], "ERROR");
    assert_eq!(told["location"], format!("{file}:{number}"));
    assert_eq!(told["timestamp"], "2023-11-14T22:13:20.500Z");
    assert_eq!(told["service"], "pay");
    assert_eq!(told["function_request_id"], "r-1");
    assert_eq!(told["exception"], "panic: on purpose 7");
    assert_eq!(told["exception_name"], "panic");
    assert_eq!(
        told["stack_trace"],
        json!({
            "type": "panic",
            "value": "on purpose 7",
            "frames": [{"file": file, "line": number}],
        })
    );
    assert_eq!(ended.stderr, "the hook before: on purpose 7\n");
}

async fn no_text() {
    let ended = run("no_text").await;
    let told = line(&ended.lines, "panic");
    assert_eq!(told["exception"], "panic: a value that is no text");
    assert!(told.get("stack_trace").is_none(), "it is switched off");
}

async fn outside() {
    let ended = run("outside").await;
    let told = line(&ended.lines, "panic");
    assert_eq!(told["exception"], "panic: on a thread");
    assert_eq!(told.get("function_request_id"), None);
    assert_eq!(told["service"], "pay");
}

async fn held() {
    let ended = run("held").await;
    assert_eq!(messages(&ended.lines), ["held", "panic"]);
    assert_eq!(ended.lines[0]["level"], "DEBUG");
}

async fn held_off() {
    let ended = run("held_off").await;
    assert_eq!(messages(&ended.lines), ["panic"]);
}

async fn aborts() {
    let ended = run("aborts").await;
    assert_eq!(ended.status.signal(), Some(6), "SIGABRT");
    assert_eq!(messages(&ended.lines), ["before", "held", "panic"]);
    let told = line(&ended.lines, "panic");
    assert_eq!(told["function_request_id"], "r-1");
    assert_eq!(told["exception"], "panic: on purpose");
}

async fn tasks() {
    let ended = run("tasks").await;
    assert!(ended.status.success());
    let owner = |text: &str| {
        let told = ended.lines.iter().find(|line| line["exception"] == text);
        told.unwrap_or_else(|| panic!("no `{text}`: {:#?}", ended.lines))
            .get("function_request_id")
            .cloned()
    };
    assert_eq!(owner("panic: in a task of ours"), Some("r-1".into()));
    assert_eq!(
        owner("panic: in a blocking task of ours"),
        Some("r-1".into())
    );
    assert_eq!(owner("panic: in a bare task"), None);
    assert_eq!(messages(&ended.lines).last().unwrap(), "after");
}

async fn in_drop() {
    let ended = run("in_drop").await;
    assert!(ended.status.success());
    let told = line(&ended.lines, "panic");
    assert_eq!(told["exception"], "panic: in drop");
    assert_eq!(told["function_request_id"], "r-1");
}

async fn twice() {
    let ended = run("twice").await;
    assert_eq!(ended.status.signal(), Some(6), "such a process aborts");
    let told: Vec<_> = ended.lines.iter().map(|line| &line["exception"]).collect();
    assert_eq!(told[..2], ["panic: the first", "panic: in drop"]);
}

async fn writer() {
    let ended = run("writer").await;
    assert!(ended.status.success());
    assert_eq!(messages(&ended.lines), ["before", "after"]);
    assert_eq!(ended.stderr, "the hook before: the writer\n");
}

async fn formatter() {
    let ended = run("formatter").await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert_eq!(messages(&ended.lines), ["bad line", "panic", "after"]);
    assert_eq!(ended.lines[0]["level"], "INFO", "the usual shape");
    assert_eq!(ended.lines[1]["exception"], "panic: of the handler");
    assert_eq!(ended.lines[2]["shape"], "own");
    let hooks = [
        "the hook before: the formatter",
        "the hook before: the formatter",
        "the hook before: of the handler",
    ];
    assert_eq!(ended.stderr.lines().collect::<Vec<_>>(), hooks);
}

async fn in_debug() {
    let ended = run("in_debug").await;
    assert!(ended.status.success());
    // The line itself is gone with its value, as everywhere in Rust.
    let [told, first_json, next, second, third, second_json] = ended.lines.try_into().unwrap();
    for (line, told) in [
        (&told, "panic: in debug"),
        (&second, "panic: in serialize"),
        (&third, "panic: in serialize"),
    ] {
        assert_eq!(line["exception"], told);
    }
    for line in [&told, &next, &second, &third] {
        assert!(!line.to_string().contains("secret"), "{line}");
        assert_eq!(line.get("value"), None, "{line}");
    }
    assert_eq!(next["text"], "plain");
    assert_eq!(first_json["value"], json!({"a": 1}));
    assert_eq!(second_json["value"], json!({"a": 2}));
}

async fn canonical() {
    let ended = run("canonical").await;
    assert_eq!(messages(&ended.lines), ["panic", "invocation"]);
    let wide = &ended.lines[1];
    assert_eq!(wide["outcome"], "panic");
    assert_eq!(wide["exception"], "panic: on purpose");
    assert_eq!(wide["exception_name"], "panic");
    assert_eq!(wide.get("stack_trace"), None);
}

async fn late() {
    let ended = run("late").await;
    let expected = ["invocation", "panic", "invocation"];
    assert_eq!(messages(&ended.lines), expected);
    assert_eq!(ended.lines[1]["exception"], "panic: too late");
    assert_eq!(ended.lines[2]["outcome"], "ok");
    assert_eq!(ended.lines[2].get("exception"), None);
}

async fn other_log() {
    let ended = run("other_log").await;
    assert_eq!(messages(&ended.lines), ["of tracing"]);
    assert_eq!(ended.stderr, "the other logger: of log\n");
}

async fn switched_off() {
    let ended = run("switched_off").await;
    assert!(ended.status.success());
    assert_eq!(messages(&ended.lines), ["after"]);
    assert_eq!(ended.stderr, "the hook before: on purpose\n");
}
