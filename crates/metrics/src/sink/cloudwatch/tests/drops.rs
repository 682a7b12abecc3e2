use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::sleep;
use tracing::{Event, Level, Metadata, Subscriber, field::Field, span};

use super::bed::{Answer, FLUSH_TIMEOUT, RETRY_FOR, Service, bed, bounded, denied, throttled};
use crate::sink::cloudwatch::{failure::PutFailure, report::DropReason};

#[tokio::test(start_paused = true)]
async fn what_never_passes_is_dropped_after_two_minutes() {
    let bed = bed(Service::always(throttled()));
    bed.record(&["a"]);
    let report = bed.sink.flush().await;
    // It goes on after the flush, which has an end of its own.
    assert_eq!(
        (report.sent(), report.dropped(), report.pending()),
        (0, 0, 1)
    );
    assert_eq!(bed.start.elapsed(), FLUSH_TIMEOUT);
    while bed.sink.pending() > 0 {
        sleep(Duration::from_secs(1)).await;
    }
    let took = bed.start.elapsed();
    assert!(
        Duration::from_secs(105) < took && took <= RETRY_FOR,
        "{took:?}"
    );
    bed.is(0, 0, 1);
    assert_eq!(bed.sink.dropped_because(DropReason::Unsent), 1);
    assert!(bed.service.calls().len() < 40);
}

#[tokio::test(start_paused = true)]
async fn values_wait_in_the_bound_while_the_service_is_away() {
    let bed = bounded(Service::always(Answer::Silence), 4_000);
    let names: Vec<String> = (0..100).map(|number| format!("m{number}")).collect();
    bed.record(&["first"]);
    bed.service.called(1).await;
    bed.record(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let dropped = bed.sink.dropped_because(DropReason::Full);
    assert!((70..99).contains(&dropped), "{dropped}");
    bed.is(0, 101 - dropped, dropped);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_dropped_at_once() {
    let bed = bed(Service::new([denied()]));
    bed.record(&["a", "b", "c"]);
    let report = bed.sink.flush().await;
    assert_eq!(
        (report.sent(), report.dropped(), report.pending()),
        (0, 3, 0)
    );
    assert_eq!(report.failure().unwrap().code(), "AccessDenied");
    assert!(!report.is_complete() && !report.failure().unwrap().is_retryable());
    assert_eq!(bed.sink.dropped_because(DropReason::Refused), 3);
    bed.record(&["d"]);
    let report = bed.sink.flush().await;
    assert_eq!((report.sent(), report.failure()), (1, None));
    assert_eq!(bed.service.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_with_a_bad_datum_only_that_one_is_lost() {
    let bed = bed(Service {
        bad: "m333",
        ..Service::new([])
    });
    let names: Vec<String> = (0..900).map(|number| format!("m{number}")).collect();
    bed.record(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let report = bed.sink.flush().await;
    assert_eq!((report.sent(), report.dropped()), (899, 1));
    assert_eq!(report.failure().unwrap().code(), "InvalidParameterValue");
    assert!(bed.service.calls().len() <= 21);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_which_all_is_bad_is_not_halved_for_ever() {
    let bad = Answer::Failed(PutFailure::answered(Some("InvalidParameterValue"), 400));
    let bed = bed(Service::always(bad));
    let names: Vec<String> = (0..900).map(|number| format!("m{number}")).collect();
    bed.record(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(bed.sink.flush().await.dropped(), 900);
    assert_eq!(bed.service.calls().len(), 1 + 2 * 32);
}

#[tokio::test(start_paused = true)]
async fn each_reason_is_warned_of_once_with_what_the_service_said() {
    let warnings = Warnings::default();
    let guard = tracing::subscriber::set_default(warnings.clone());
    let bed = bounded(Service::new([denied(), denied()]), 1000);
    for _ in 0..2 {
        bed.record(&["a", "b", "c", "d", "e"]);
        let report = bed.sink.flush().await;
        assert!(report.dropped() > 0 && report.sent() == 0);
    }
    assert!(bed.sink.shutdown().await.is_complete());
    bed.record(&["f"]);
    bed.record(&["g"]);
    drop(guard);
    let warned = warnings.0.lock().unwrap().clone();
    let expected = [
        ("\"full\"", ""),
        ("\"refused\"", "\"AccessDenied\""),
        ("\"closed\"", ""),
    ];
    assert_eq!(
        warned,
        expected.map(|(code, why)| (code.to_owned(), why.to_owned()))
    );
}

/// Keeps the codes of the warnings, and why.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<(String, String)>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "powertools::metrics" && *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let (mut code, mut why) = (String::new(), String::new());
        event.record(
            &mut |field: &Field, value: &dyn std::fmt::Debug| match field.name() {
                "code" => code = format!("{value:?}"),
                "why" => why = format!("{value:?}"),
                _ => {}
            },
        );
        self.0.lock().unwrap().push((code, why));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
