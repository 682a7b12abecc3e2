//! Metrics under the real runtime loop, read from the standard output of the function's
//! process.
//!
//! The executable is started again as the function, because the runtime reads its settings
//! from the environment of its process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod case;
mod function;
mod killed;
#[path = "../support/mod.rs"]
mod support;

use std::{process::ExitCode, time::Duration};

use powertools_local::Invoke;
use testbed::{
    check::emf::{MetricKey, Samples},
    process::Harness,
    runtime::{Lambda, LambdaBuilder, Report, Stream},
};

use crate::case::{Case, End, Level};

/// Says which function the started executable is.
const ROLE: &str = "REAL_LOOP_ROLE";

fn main() -> ExitCode {
    Harness::new()
        .function(function::run)
        .test("sixty_four_events_keep_apart", || keep_apart(Level::Event))
        .test("sixty_four_http_requests_keep_apart", || {
            keep_apart(Level::Http)
        })
        .test("sixty_four_streamed_bodies_keep_apart", || {
            keep_apart(Level::Stream)
        })
        .test("a_killed_function_has_written", || {
            killed::has_written("wait")
        })
        .test("a_killed_function_that_blocks_has_written", || {
            killed::has_written("block")
        })
        .main()
}

fn lambda(role: &str) -> LambdaBuilder {
    Lambda::builder()
        .env(ROLE, role)
        .env("POWERTOOLS_METRICS_NAMESPACE", "app")
        .env("POWERTOOLS_SERVICE_NAME", "loop")
        // Managed instances are never cold; here one invocation shall be.
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .function_name("real-loop")
}

/// The standard output as it was written.
fn stdout(lambda: &Lambda) -> String {
    let lines = lambda.output().text(Stream::Stdout);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

async fn keep_apart(level: Level) {
    let workers = u32::try_from(Case::ALL).unwrap();
    let lambda = lambda(&level.to_string())
        .workers(workers)
        .timeout(Duration::from_secs(60))
        .start()
        .await;
    let calls = Case::all().map(|case| {
        let invoke = Invoke::new(case.event(level).to_string()).tenant_id(case.tenant());
        lambda.invoke(invoke)
    });
    let reports = futures_util::future::join_all(calls).await;
    for (case, report) in Case::all().zip(&reports) {
        check_report(level, case, report);
    }
    // What is late is written when the process ends or before the next answer; all is there
    // once each invocation's own line is.
    for case in Case::all() {
        lambda
            .output()
            .wait_for(|line| is_last(line.text(), case))
            .await;
    }
    let text = stdout(&lambda);
    let lines = support::checked(&text, support::MAX_LINE);
    Samples::from_iter(&lines)
        .ignoring_time()
        .without_latency()
        .assert_same_as(&expected(level));
    for line in &lines {
        let id = line.root().text("function_request_id").unwrap();
        let number = reports.iter().position(|report| report.request_id() == id);
        let number = number.unwrap().to_string();
        let own = line.root().text("own");
        assert!(own.is_none_or(|own| own == number), "{line:?}");
    }
}

/// Whether it is the last line that the invocation writes.
fn is_last(text: &str, case: Case) -> bool {
    text.contains(&format!("\"own\":\"{}\"", case.number)) && text.contains("\"m\"")
}

fn check_report(level: Level, case: Case, report: &Report) {
    let failed = report.function_error().is_some() || report.stream_error().is_some();
    let expected = match case.end {
        End::Answers | End::IsDropped => false,
        End::Fails => level != Level::Http,
        End::Panics => true,
    };
    // A stream that panics may end in other ways.
    if level != Level::Stream || case.end != End::Panics {
        assert_eq!(failed, expected, "{case:?}: {report:?}");
    }
}

/// Of all invocations, without the time that each took.
fn expected(level: Level) -> Samples {
    let mut samples = Samples::new();
    let function = ("function_name", "real-loop");
    let service = ("service", "loop");
    let key = |dimensions: &[(&str, &str)], name: &str| {
        MetricKey::new("app", dimensions.iter().copied(), name).with_unit("Count")
    };
    samples.add(key(&[function, service], "ColdStart"), 1.0);
    for case in Case::all() {
        let own = case.number.to_string();
        let own = ("own", &*own);
        for _ in 0..case.values(level) {
            samples.add(key(&[own, service], "m"), case.number as f64);
        }
        let scoped = key(&[own, service, ("scope", "s")], "m");
        samples.add(scoped, case.number as f64);
        let mut sets = vec![vec![function, service]];
        if level != Level::Event {
            let route = ("route", "GET /case/{number}");
            sets.push(vec![function, service, route]);
            if let Some(status) = case.status(level) {
                sets.push(vec![function, service, route, ("status", status)]);
            }
        }
        for set in sets {
            samples.add(key(&set, "Requests"), 1.0);
            let fault = if case.is_fault() { 1.0 } else { 0.0 };
            samples.add(key(&set, "Faults"), fault);
        }
    }
    samples
}

trait WithoutLatency {
    fn without_latency(&self) -> Samples;
}

impl WithoutLatency for Samples {
    fn without_latency(&self) -> Samples {
        let mut left = Samples::new();
        for (key, value, count) in self.iter() {
            if key.name() == "Latency" {
                assert!(value >= 0.0 && key.unit() == "Milliseconds");
                continue;
            }
            for _ in 0..count {
                left.add(key.clone(), value);
            }
        }
        left
    }
}
