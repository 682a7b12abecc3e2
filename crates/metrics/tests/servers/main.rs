//! `CloudWatchSink` against a server: what went in is there, or was reported as dropped, or is
//! there twice where a reply was lost.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bed;
mod terminated;

use std::{process::ExitCode, time::Duration};

use aws_sdk_cloudwatch::Client;
use powertools_metrics::{CloudWatchSink, DropReason, Unit};
use testbed::{
    process::{Harness, Test},
    proxy::{Fault, LostReply, Rule},
};
use tokio::{task::JoinSet, time::Instant};

use crate::bed::{Bed, error, metrics, metrics_of};

fn main() -> ExitCode {
    Harness::new()
        .scenario("serve", terminated::serve)
        .test("counts_in_are_counts_out", counts)
        .tests([Test::new(
            "counts_stay_exact_while_requests_fail_and_are_tried_again",
            failures,
        )
        .multi_thread()])
        .test("a_lost_reply_counts_twice", lost_reply)
        .test("a_server_that_was_away_gets_everything", away)
        .test("what_is_beyond_the_bound_is_missing_and_reported", bound)
        .test("only_a_refused_datum_is_missing", bad_datum)
        .test("a_refused_batch_is_missing_and_reported", denied)
        .test("requests_keep_the_service_s_limits", limits)
        .test("a_large_request_is_compressed_and_understood", compressed)
        .test("a_silent_server_does_not_hold_up_a_shutdown", silent)
        .test("the_interval_and_the_last_handle_flush", background)
        .test("a_request_names_the_utility", user_agent)
        .test("sigterm_flushes", terminated::sigterm_flushes)
        .main()
}

async fn counts() {
    let bed = Bed::new().await;
    let sink = bed.builder().start().unwrap();
    let (shop, bank) = (metrics_of("shop", &sink), metrics_of("bank", &sink));
    shop.add_dimension("tier", "gold");
    shop.add_dimensions([("region", "eu")]);
    for value in [1.0, 2.5, 1.0, -4.0] {
        shop.add("Orders", Unit::Count, value);
        bank.add_high_resolution("Orders", Unit::Count, value * 2.0);
    }
    // More different values than a datum may have, and many equal ones.
    for value in 0..1000 {
        bank.add("Latency", Unit::Milliseconds, value % 200);
    }
    shop.flush().unwrap();
    bank.flush().unwrap();
    let report = sink.flush().await;
    assert!(report.is_complete());
    assert_eq!((report.sent(), sink.pending()), (2 * 4 + 4 + 1000, 0));

    for dimensions in [[("tier", "gold")], [("region", "eu")]] {
        let stored = bed.stored_in("shop", "Orders", &dimensions).await;
        assert_eq!(stored, (4.0, 0.5), "{dimensions:?}");
    }
    assert_eq!(bed.stored_in("bank", "Orders", &[]).await, (4.0, 1.0));
    let latency = bed.stored_in("bank", "Latency", &[]).await;
    assert_eq!(latency, (1000.0, 5.0 * 19_900.0));
    // One request for each namespace.
    assert_eq!(bed.proxy.requests().len(), 2);
}

async fn failures() {
    let bed = Bed::new().await;
    bed.proxy.set_rules([
        Rule::new("throttled", error(400, "Throttling")).every(4),
        Rule::new("broken", error(500, "InternalServiceError")).every(5),
        Rule::new("reset", Fault::reset()).every(6),
    ]);
    let interval = Duration::from_millis(5);
    let sink = bed.builder().flush_interval(interval).start().unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..4_u32 {
        let metrics = metrics(&sink);
        let sink = sink.clone();
        tasks.spawn(async move {
            for value in 0..200 {
                metrics.add("Orders", Unit::Count, value);
                metrics
                    .with_dimensions([("task", task.to_string().as_str())])
                    .add("Orders", Unit::Count, 1);
                metrics.flush().unwrap();
                if value % 20 == 0 {
                    let _ = sink.flush().await;
                }
            }
        });
    }
    tasks.join_all().await;
    let report = sink.shutdown().await;
    assert_eq!((report.dropped(), report.pending()), (0, 0));
    assert_eq!((sink.sent(), sink.dropped()), (1600, 0));
    for rule in ["throttled", "broken", "reset"] {
        assert!(bed.proxy.times_fired(rule) > 0, "{rule} has not fired");
    }
    for task in ["0", "1", "2", "3"] {
        assert_eq!(
            bed.stored("Orders", &[("task", task)]).await,
            (200.0, 200.0)
        );
    }
    let all = bed.stored("Orders", &[]).await;
    assert_eq!(all, (1600.0, 4.0 * 19_900.0 + 800.0));
}

/// The ambiguous case: nobody can know whether the service has counted.
async fn lost_reply() {
    for (name, fault, code) in [
        ("close", Fault::drop_reply(LostReply::Close), "connection"),
        ("reset", Fault::drop_reply(LostReply::Reset), "connection"),
        ("truncate", Fault::truncate(), "response"),
    ] {
        let bed = Bed::new().await;
        bed.proxy.add_rule(Rule::new("lost", fault).times(1));
        let sink = bed.builder().start().unwrap();
        let metrics = metrics(&sink);
        metrics.add("Orders", Unit::Count, 3);
        metrics.add("Orders", Unit::Count, 4);
        metrics.flush().unwrap();
        let report = sink.flush().await;
        assert!(report.is_complete(), "{name}: {report:?}");
        assert_eq!(report.failure().unwrap().code(), code, "{name}");
        assert_eq!(report.sent(), 2, "{name}");
        assert_eq!(bed.stored("Orders", &[]).await, (4.0, 14.0), "{name}");
    }
}

async fn away() {
    let bed = Bed::new().await;
    bed.proxy.refuse().await;
    let limit = Duration::from_millis(300);
    let sink = bed.builder().flush_timeout(limit).start().unwrap();
    let metrics = metrics(&sink);
    for value in 1..=3 {
        metrics.add("Orders", Unit::Count, value);
        metrics.flush().unwrap();
        let report = sink.flush().await;
        assert_eq!((report.sent(), report.dropped()), (0, 0), "{report:?}");
        assert_eq!(report.pending(), value);
        assert_eq!(report.failure().unwrap().code(), "connection");
    }
    bed.proxy.accept().await;
    let start = Instant::now();
    while sink.pending() > 0 {
        let _ = sink.flush().await;
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    assert_eq!((sink.sent(), sink.dropped()), (3, 0));
    assert_eq!(bed.stored("Orders", &[]).await, (3.0, 6.0));
}

async fn bound() {
    let bed = Bed::new().await;
    bed.proxy.add_rule(Rule::new("held", Fault::hang()));
    let sink = bed.builder().max_buffered_bytes(20_000).start().unwrap();
    let metrics = metrics(&sink);
    for number in 0..2000_u64 {
        let kind = (number % 500).to_string();
        metrics
            .with_dimensions([("kind", kind.as_str())])
            .add("Items", Unit::Count, 1);
        metrics.add("Orders", Unit::Count, number);
        if number % 50 == 49 {
            metrics.flush().unwrap();
        }
    }
    let dropped = sink.dropped_because(DropReason::Full);
    assert!(0 < dropped && dropped < 4000, "{dropped}");
    assert_eq!((sink.sent(), sink.pending()), (0, 4000 - dropped));
    bed.proxy.clear();
    let report = sink.shutdown().await;
    assert_eq!((report.sent(), report.dropped()), (4000 - dropped, 0));
    let stored = bed.stored("Orders", &[]).await.0 + bed.stored("Items", &[]).await.0;
    assert_eq!(stored, report.sent() as f64);
}

async fn bad_datum() {
    let bed = Bed::new().await;
    let refused = error(400, "InvalidParameterValue");
    bed.proxy
        .add_rule(Rule::new("refused", refused).containing("Terrible"));
    let sink = bed.builder().start().unwrap();
    let metrics = metrics(&sink);
    for number in 0..50 {
        let name = format!(
            "{} {number}",
            if number == 17 { "Terrible" } else { "Good" }
        );
        metrics.add(&name, Unit::Count, number);
        metrics.add("Orders", Unit::Count, 1);
    }
    metrics.flush().unwrap();
    let report = sink.flush().await;
    assert_eq!((report.sent(), report.dropped()), (99, 1));
    assert_eq!(report.failure().unwrap().code(), "InvalidParameterValue");
    assert_eq!(sink.dropped_because(DropReason::Refused), 1);
    assert_eq!(bed.stored("Orders", &[]).await, (50.0, 50.0));
    for number in [0, 16, 18, 49] {
        let stored = bed.stored(&format!("Good {number}"), &[]).await;
        assert_eq!(stored, (1.0, f64::from(number)));
    }
    assert_eq!(bed.stored("Terrible 17", &[]).await, (0.0, 0.0));
}

async fn denied() {
    let bed = Bed::new().await;
    bed.proxy
        .add_rule(Rule::new("denied", error(403, "AccessDenied")).times(1));
    let sink = bed.builder().start().unwrap();
    let metrics = metrics(&sink);
    metrics.add("Orders", Unit::Count, 1);
    metrics.add("Returns", Unit::Count, 1);
    metrics.flush().unwrap();
    let report = sink.flush().await;
    assert_eq!((report.sent(), report.dropped()), (0, 2));
    assert_eq!(report.failure().unwrap().code(), "AccessDenied");
    assert_eq!(bed.proxy.requests().len(), 1);
    assert_eq!(bed.stored("Orders", &[]).await, (0.0, 0.0));
}

/// The server checks none of them.
async fn limits() {
    let bed = Bed::new().await;
    let through = bed.aws.through(bed.proxy.address());
    let plain = bed::config(&through).disable_request_compression(true);
    let builder = CloudWatchSink::builder(Client::from_conf(plain.build()));
    let sink = builder.flush_interval(bed::NEVER).start().unwrap();
    let metrics = metrics(&sink);
    let wide = "w".repeat(1000);
    for number in 0..2300 {
        metrics.add(&format!("m{number}"), Unit::Count, 1);
        metrics
            .with_dimensions([("a", wide.as_str()), ("b", wide.as_str())])
            .add(&format!("wide {number}"), Unit::Count, 1);
    }
    for value in 0..15_000_u32 {
        metrics.add("Latency", Unit::Milliseconds, value);
    }
    metrics.flush().unwrap();
    let report = sink.flush().await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.sent(), 19_600);
    assert_eq!(bed.stored("Latency", &[]).await, (15_000.0, 112_492_500.0));
    assert_eq!(
        bed.stored("wide 2299", &[("a", &wide), ("b", &wide)])
            .await
            .0,
        1.0
    );

    let requests = bed.proxy.requests();
    let mut datums = 0;
    let mut largest = 0;
    for request in &requests {
        let length: usize = request.header("content-length").unwrap().parse().unwrap();
        assert!(length <= 1_000_000, "{length}");
        assert_eq!(request.header("content-encoding"), None);
        let found = occurrences(request.bytes(), b"MetricName");
        assert!(found <= 1000, "{found}");
        datums += found;
        largest = largest.max(length);
    }
    assert_eq!(datums, 2300 + 2300 + 15_000 / 150);
    // Nor are they needlessly small.
    assert!(
        requests.len() <= 10 && largest > 700_000,
        "{} {largest}",
        requests.len()
    );
}

fn occurrences(bytes: &[u8], text: &[u8]) -> usize {
    bytes
        .windows(text.len())
        .filter(|part| *part == text)
        .count()
}

async fn compressed() {
    let bed = Bed::new().await;
    let sink = bed.builder().start().unwrap();
    let metrics = metrics(&sink);
    for number in 0..500 {
        metrics.add(&format!("m{number}"), Unit::Count, number);
    }
    metrics.flush().unwrap();
    assert!(sink.shutdown().await.is_complete());
    let request = &bed.proxy.requests()[0];
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    assert_eq!(bed.stored("m499", &[]).await, (1.0, 499.0));
}

async fn silent() {
    let bed = Bed::new().await;
    bed.proxy.add_rule(Rule::new("held", Fault::hang()));
    let limit = Duration::from_millis(300);
    let sink = bed.builder().flush_timeout(limit).start().unwrap();
    let metrics = metrics(&sink);
    metrics.add("Orders", Unit::Count, 1);
    metrics.flush().unwrap();
    let start = Instant::now();
    let report = sink.shutdown().await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(
        (report.sent(), report.dropped(), report.pending()),
        (0, 1, 0)
    );
    assert_eq!(report.failure().unwrap().code(), "timeout");
    assert_eq!(sink.dropped_because(DropReason::Unsent), 1);
}

async fn background() {
    let bed = Bed::new().await;
    bed.watch();
    let interval = Duration::from_millis(20);
    let sink = bed.builder().flush_interval(interval).start().unwrap();
    let first = metrics(&sink);
    first.add("Orders", Unit::Count, 1);
    first.flush().unwrap();
    bed.proxy.fired("seen").await;
    drop((first, sink));

    let sink = bed.builder().start().unwrap();
    let second = metrics(&sink);
    second.add("Orders", Unit::Count, 2);
    drop((second, sink));
    bed.proxy.fired_times("seen", 2).await;
    assert_eq!(bed.stored("Orders", &[]).await, (2.0, 3.0));
}

async fn user_agent() {
    let bed = Bed::new().await;
    let sink = bed.builder().start().unwrap();
    let metrics = metrics(&sink);
    metrics.add("Orders", Unit::Count, 1);
    metrics.flush().unwrap();
    assert!(sink.flush().await.is_complete());
    let requests = bed.proxy.requests();
    let agent = requests[0].header("user-agent").unwrap();
    let ours = format!(" PT/metrics/{} PTEnv/", env!("CARGO_PKG_VERSION"));
    assert!(
        agent.starts_with("aws-sdk-rust/") && agent.contains(&ours),
        "{agent}"
    );
    assert_eq!(agent.matches("PT/metrics").count(), 1, "{agent}");
}
