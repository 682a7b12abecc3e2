use std::{error::Error as _, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

use super::bed::{Answer, Bed, FLUSH_TIMEOUT, INTERVAL, Service, bed, throttled};
use crate::{Unit, sink::cloudwatch::report::DropReason};

#[tokio::test(start_paused = true)]
async fn a_shutdown_has_an_end_and_reports_what_is_lost() {
    for answer in [Answer::Silence, throttled()] {
        let bed = bed(Service::always(answer));
        bed.record(&["a", "b"]);
        let report = bed.sink.shutdown().await;
        assert!(bed.start.elapsed() <= FLUSH_TIMEOUT + Duration::from_millis(1));
        assert_eq!(
            (report.sent(), report.dropped(), report.pending()),
            (0, 2, 0)
        );
        assert_eq!(bed.sink.dropped_because(DropReason::Unsent), 2);
        bed.task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_is_begun_after_the_end_of_a_shutdown() {
    let bed = bed(Service::always(Answer::Silence));
    let names: Vec<String> = (0..2500).map(|number| format!("m{number}")).collect();
    bed.record(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let report = bed.sink.shutdown().await;
    assert_eq!((report.sent(), report.dropped()), (0, 2500));
    assert_eq!(report.failure().unwrap().code(), "timeout");
    assert_eq!(bed.service.calls().len(), 1);
}

#[test]
fn a_shutdown_has_an_end_where_the_task_cannot_run() {
    let stuck = runtime();
    let entered = stuck.enter();
    let bed = bed(Service::new([]));
    drop(entered);
    bed.record(&["a"]);
    let limit = 2 * FLUSH_TIMEOUT;
    let shutdown = async { timeout(limit, bed.sink.shutdown()).await };
    let report = runtime().block_on(shutdown).expect("an end");
    assert_eq!(
        (report.sent(), report.dropped(), report.pending()),
        (0, 0, 1)
    );
    drop(stuck);
    bed.is(0, 0, 1);
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_interrupts_a_long_wait() {
    let fails = (0..12).map(|_| throttled());
    let bed = bed(Service::new(fails));
    bed.record(&["a"]);
    bed.service.called(12).await;
    let before = bed.start.elapsed();
    let report = bed.sink.shutdown().await;
    assert!(report.is_complete() && report.sent() == 1, "{report:?}");
    assert!(bed.start.elapsed() - before < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn after_the_shutdown_nothing_is_taken() {
    let bed = bed(Service::new([]));
    bed.record(&["a"]);
    assert!(bed.sink.shutdown().await.is_complete());
    bed.metrics.add("b", Unit::Count, 1);
    let error = bed.metrics.flush().unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "the sink has ended");
    bed.is(1, 0, 0);
    let again = bed.sink.shutdown().await;
    assert_eq!((again.sent(), again.dropped()), (0, 0));
    assert_eq!(bed.service.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_flushes_in_the_background() {
    let bed = bed(Service::new([throttled()]));
    bed.record(&["a"]);
    let Bed {
        service,
        sink,
        metrics,
        task,
        start,
    } = bed;
    drop((sink, metrics));
    task.await.unwrap();
    assert_eq!(service.calls().len(), 2);
    assert!(start.elapsed() < INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_ends_loses_what_waits_and_what_is_under_way() {
    let mut bed = bed(Service::always(Answer::Silence));
    bed.record(&["a"]);
    bed.service.called(1).await;
    bed.record(&["b", "c"]);
    bed.is(0, 3, 0);
    bed.task.abort();
    (&mut bed.task).await.unwrap_err();
    bed.is(0, 0, 3);
    assert_eq!(bed.sink.dropped_because(DropReason::Unsent), 3);
    bed.metrics.add("d", Unit::Count, 1);
    bed.metrics.flush().unwrap_err();
    assert!(bed.sink.flush().await.is_complete());
}
