use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use tokio::time::{Instant, sleep, timeout};

use super::bed::{
    Answer, FLUSH_TIMEOUT, INTERVAL, LATE, Service, bed, sdk_config, throttled, without_retries,
};
use crate::{
    MetricsLayer, Unit,
    sink::cloudwatch::{failure::PutFailure, sink::CloudWatchSink},
};

#[tokio::test(start_paused = true)]
async fn everything_is_sent_when_the_interval_is_over() {
    let bed = bed(Service::new([]));
    bed.record(&["a", "b"]);
    bed.is(0, 2, 0);
    bed.service.called(1).await;
    let calls = bed.service.calls();
    assert_eq!(calls[0].at, INTERVAL);
    assert_eq!(calls[0].names, ["a", "b"]);
    assert!(bed.sink.flush().await.is_complete());
    bed.is(2, 0, 0);
    assert_eq!(bed.service.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_request_is_sent_before_the_interval_is_over() {
    let bed = bed(Service::new([]));
    let names: Vec<String> = (0..1003).map(|number| format!("m{number}")).collect();
    bed.record(&names.iter().map(String::as_str).collect::<Vec<_>>());
    bed.service.called(1).await;
    let call = &bed.service.calls()[0];
    assert!(call.at < INTERVAL && call.names.len() == 1000, "{call:?}");
    bed.service.called(2).await;
    let call = &bed.service.calls()[1];
    assert!(call.at == INTERVAL && call.names.len() == 3, "{call:?}");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_after_growing_waits() {
    let gone = Answer::Failed(PutFailure::answered(None, 503));
    let bed = bed(Service::new([throttled(), gone, throttled()]));
    bed.record(&["a"]);
    let report = bed.sink.flush().await;
    assert!(report.is_complete());
    assert_eq!((report.sent(), report.dropped()), (1, 0));
    let failure = report.failure().unwrap();
    assert!(failure.is_retryable() && failure.code() == "Throttling");
    let calls = bed.service.calls();
    let waits = calls
        .windows(2)
        .map(|two| (two[1].at - two[0].at).as_millis());
    for (wait, most) in waits.zip([200, 400, 800]) {
        assert!((most / 2..=most + 1).contains(&wait), "{wait} {most}");
    }
    assert_eq!(calls.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_flush_gets_its_turn_however_much_comes() {
    let bed = bed(Service::always(Answer::Late));
    let names: Vec<String> = (0..1000).map(|number| format!("m{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let flood = async {
        loop {
            bed.record(&names);
            sleep(LATE / 4).await;
        }
    };
    let flush = async {
        bed.service.called(3).await;
        let start = Instant::now();
        let _ = bed.sink.flush().await;
        start.elapsed()
    };
    let took = tokio::select! {
        took = flush => took,
        () = flood => unreachable!("it never ends"),
    };
    assert!(took < FLUSH_TIMEOUT, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn many_flushes_do_not_hurry_a_service_that_throttles() {
    let bed = bed(Service::always(throttled()));
    bed.record(&["a"]);
    for _ in 0..100 {
        let _ = timeout(Duration::from_millis(10), bed.sink.flush()).await;
    }
    let calls = bed.service.calls().len();
    assert!((5..=11).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_given_up_and_asked_for_again() {
    let bed = bed(Service::new([Answer::Silence]));
    bed.record(&["a"]);
    bed.service.called(2).await;
    let between = bed.service.calls()[1].at - bed.service.calls()[0].at;
    assert!(between >= Duration::from_secs(30), "{between:?}");
    assert!(bed.sink.flush().await.is_complete());
    bed.is(1, 0, 0);
}

#[tokio::test(start_paused = true)]
async fn a_value_counts_once_for_each_dimension_set() {
    let bed = bed(Service::new([]));
    bed.metrics.add_dimension("a", "1");
    bed.metrics.add_dimensions([("b", "2")]);
    bed.metrics.add("m", Unit::Count, 1);
    bed.metrics.flush().unwrap();
    assert_eq!(bed.sink.flush().await.sent(), 2);
    assert_eq!(bed.service.calls()[0].names, ["m", "m"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_namespace_there_is_an_error_and_nothing_is_kept() {
    let bed = bed(Service::new([]));
    let layer = MetricsLayer::builder().sink(bed.sink.clone()).build();
    let metrics = layer.unwrap().metrics();
    metrics.add("m", Unit::Count, 1);
    assert!(metrics.flush().is_err());
    bed.is(0, 0, 0);
}

#[test]
fn outside_of_a_runtime_a_sink_cannot_be_started() {
    let client = Client::from_conf(sdk_config().build());
    let error = CloudWatchSink::start(client.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a CloudWatchSink must be started on a Tokio runtime"
    );
    let zero = CloudWatchSink::builder(client).flush_interval(Duration::ZERO);
    assert_eq!(
        zero.start().unwrap_err().to_string(),
        "flush_interval must not be zero"
    );
}

#[tokio::test(start_paused = true)]
async fn without_retries_a_slow_answer_is_waited_for_and_a_failure_is_final() {
    let bed = without_retries(Service::new([Answer::Late, throttled()]));
    bed.record(&["a"]);
    assert!(bed.sink.flush().await.is_complete());
    bed.record(&["b"]);
    assert_eq!(bed.sink.flush().await.dropped(), 1);
    assert_eq!(bed.service.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_longest_times_are_taken() {
    let client = Client::from_conf(sdk_config().build());
    let builder = CloudWatchSink::builder(client)
        .flush_interval(Duration::MAX)
        .retry_for(Duration::MAX)
        .flush_timeout(Duration::MAX);
    let report = builder.start().unwrap().shutdown().await;
    assert!(report.is_complete());
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn on_a_runtime_without_a_timer_the_start_panics() {
    let client = Client::from_conf(sdk_config().build());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let _entered = runtime.as_ref().unwrap().enter();
    let _ = CloudWatchSink::start(client);
}
