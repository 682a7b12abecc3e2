//! What 64 invocations must have written and answered.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use powertools_local::Reply;
use serde_json::Value;

use crate::case::{Case, DROPPED, End, Level};

pub(crate) fn replies(level: Level, replies: &[(Case, Reply)]) -> Result<(), Failed> {
    check(replies.len() == Case::ALL, || {
        "a reply is missing".to_owned()
    })?;
    for (case, reply) in replies {
        let body = reply
            .body()
            .map(|body| String::from_utf8_lossy(body).into_owned());
        let body = body.unwrap_or_default();
        let fits = match (case.end, reply) {
            (End::Answers, Reply::Response { .. } | Reply::Streamed { error: None, .. }) => {
                body.contains(&case.id())
            }
            (End::IsDropped, Reply::Response { .. } | Reply::Streamed { error: None, .. }) => {
                body.contains(DROPPED)
            }
            (End::Fails, Reply::Error { .. }) => level == Level::Event && body.contains(&case.id()),
            (End::Fails, Reply::Response { .. }) => {
                level == Level::Http && body.contains(r#""statusCode":500"#)
            }
            (End::PanicsInCall, Reply::Error { .. }) => body.contains("in call"),
            (End::PanicsInPoll, Reply::Error { .. }) => {
                level != Level::Stream && body.contains("in poll")
            }
            // The answer had begun: the runtime puts an error into the stream, or ends it.
            (End::Fails | End::PanicsInPoll, Reply::Streamed { .. } | Reply::Crashed) => {
                level == Level::Stream
            }
            _ => false,
        };
        check(fits, || format!("{case:?} was answered by {reply:?}"))?;
    }
    Ok(())
}

pub(crate) fn lines(level: Level, keep: bool, lines: &[Value]) -> Result<(), Failed> {
    let mut written = BTreeMap::<String, Vec<String>>::new();
    for line in lines {
        let id = line["function_request_id"].as_str();
        let id = id.ok_or_else(|| format!("a line of nobody: {line}"))?;
        // The handler's lines say themselves whose they are.
        let own = line.get("own").and_then(Value::as_str).unwrap_or(id);
        check(id == own, || {
            format!("a line of another invocation: {line}")
        })?;
        check(line["service"] == "real-loop", || {
            format!("no service: {line}")
        })?;
        written
            .entry(id.to_owned())
            .or_default()
            .push(summary(line));
    }
    for case in Case::all() {
        let mut found = written.remove(&case.id()).unwrap_or_default();
        let mut expected = expected(level, keep, case);
        found.sort();
        expected.sort();
        check(found == expected, || {
            format!("{case:?} has {found:#?}, expected {expected:#?}")
        })?;
    }
    check(written.is_empty(), || {
        format!("lines of no case: {written:?}")
    })?;

    let cold = lines.iter().filter(|line| line["cold_start"] == true);
    let mut cold: Vec<_> = cold.map(|line| &line["function_request_id"]).collect();
    cold.dedup();
    cold.sort_by_key(ToString::to_string);
    cold.dedup();
    check(cold.len() == 1, || format!("cold invocations: {cold:?}"))
}

/// A line without what differs from run to run.
fn summary(line: &Value) -> String {
    let text = |key| line.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{} {} {}", text("message"), text("layer"), text("outcome"))
        .trim_end()
        .to_owned()
}

fn expected(level: Level, keep: bool, case: Case) -> Vec<String> {
    let outcome = match case.end {
        End::Answers => "Ok",
        End::Fails => "Fault",
        End::PanicsInCall | End::PanicsInPoll => "Panic",
        End::IsDropped => "Cancelled",
    };
    let mut lines = vec![
        format!("finished outer {outcome}"),
        format!("finished inner {outcome}"),
    ];
    let handler: &[&str] = match (level, case.end) {
        (_, End::PanicsInCall) => &["in call"],
        (Level::Stream, End::IsDropped) => &["before"],
        (Level::Stream, _) => &["before", "first frame", "second frame"],
        (Level::Event | Level::Http, _) => &["before", "in a task", "in a blocking task", "after"],
    };
    lines.extend(handler.iter().map(ToString::to_string));
    lines.extend(own_line(level, case).map(ToOwned::to_owned));
    lines.extend(runtime_line(level, case).filter(|_| keep));
    lines
}

/// What the logger itself says of a failure.
fn own_line(level: Level, case: Case) -> Option<&'static str> {
    match (level, case.end) {
        (Level::Event, End::Fails) => Some("uncaught error"),
        (_, End::PanicsInCall | End::PanicsInPoll) => Some("panic"),
        _ => None,
    }
}

/// What the runtime logs by itself, outside of our layers.
fn runtime_line(level: Level, case: Case) -> Option<String> {
    match (level, case.end) {
        (Level::Event, End::Fails) => Some(format!("{:?}", format!("failed {}", case.id()))),
        (_, End::PanicsInCall) => Some("user handler panicked".to_owned()),
        // A panic in a frame is in a task of its own, of which the runtime says nothing.
        (Level::Event | Level::Http, End::PanicsInPoll) => Some("user handler panicked".to_owned()),
        _ => None,
    }
}

fn check(holds: bool, message: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(message().into()) }
}
