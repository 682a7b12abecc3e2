//! Lines before the time-out, between those of others.

use std::{convert::Infallible, future::pending, time::Duration};

use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use powertools_core::test_util::{ManualClock, TestContext};
use powertools_metrics::{Metrics, Unit};
use serde_json::json;
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    ALL, check, expected, record,
    support::{MILLIS, Output, PausedClock, builder, host, moment},
};

#[tokio::test(start_paused = true)]
async fn each_writes_near_its_deadline_and_no_value_twice_what_comes_after_it() {
    let output = Output::default();
    let host = host([]).with_clock(PausedClock::shared());
    let builder = builder().host(host).capture_request_ids(true);
    let layer = builder
        .default_dimension("env", "p")
        .output(output.writer())
        .build()
        .unwrap();
    let seconds = |number: usize| Duration::from_millis(10_000 + 10 * number as u64);
    let calls = (0..ALL).map(|number| {
        let output = &output;
        let handler = service_fn(move |_: LambdaEvent<()>| async move {
            record(number);
            sleep(seconds(number) - Duration::from_millis(205)).await;
            let own = || {
                let lines = output.json().into_iter();
                lines.filter(|line| line["meta"] == number).count()
            };
            assert_eq!(own(), 0);
            sleep(Duration::from_millis(10)).await;
            assert_eq!(own(), 1);
            Metrics::current().add("m", Unit::Count, number);
            sleep(Duration::from_millis(190)).await;
            Ok::<_, Infallible>(())
        });
        let context = TestContext::new(&format!("r-{number}"));
        let event = context.deadline(moment() + seconds(number)).event(());
        layer.layer(handler).oneshot(event)
    });
    join_all(calls).await;
    assert_eq!(output.json().len(), 2 * ALL);
    check(&output)
        .ignoring_time()
        .assert_same_as(&expected(2).ignoring_time());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_dropped_after_its_early_line_writes_the_rest() {
    let output = Output::default();
    let clock = ManualClock::at(moment());
    let layer = builder()
        .host(host([]).with_clock(clock.shared()))
        .output(output.writer())
        .build()
        .unwrap();
    let handler = service_fn(async |_: LambdaEvent<()>| {
        record(0);
        sleep(Duration::from_millis(850)).await;
        assert_eq!(output.json().len(), 1);
        Metrics::current().add("m", Unit::Count, 1);
        pending::<Result<(), Infallible>>().await
    });
    // Its clock stands still, so the timer alone decides.
    let event = TestContext::new("r-0").deadline(moment() + Duration::from_secs(1));
    let call = layer.layer(handler).oneshot(event.event(()));
    tokio::select! {
        _ = call => unreachable!("it never ends"),
        () = sleep(Duration::from_millis(950)) => {}
    }
    let lines = output.json();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["own"], &line["m"]))
        .collect();
    assert_eq!(told, [(&json!("0"), &json!(0)), (&json!("0"), &json!(1))]);
    assert!(lines.iter().all(|line| line["_aws"]["Timestamp"] == MILLIS));
}
