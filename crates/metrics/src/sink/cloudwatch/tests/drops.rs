use std::{
    fmt::Debug,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use powertools_core::SharedClock;
use tokio::time::sleep;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::bed::{
    Answer, FLUSH_TIMEOUT, INTERVAL, RETRY_FOR, Service, bed, bounded, denied, throttled,
};
use crate::{
    Unit,
    sink::cloudwatch::{failure::PutFailure, report::DropReason},
};

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
async fn a_time_that_cloudwatch_does_not_take_spoils_no_request() {
    let bed = bed(Service::new([]));
    let now = SharedClock::default().now();
    let hour = Duration::from_secs(3600);
    for (name, at) in [
        ("too old", now - 337 * hour),
        ("old", now - 335 * hour),
        ("early", now + hour),
        ("too early", now + 3 * hour),
    ] {
        bed.metrics.at(at).add(name, Unit::Count, 1);
    }
    bed.metrics.flush().unwrap();
    let report = bed.sink.flush().await;
    assert!(report.is_complete());
    bed.is(2, 0, 2);
    assert_eq!(bed.sink.dropped_because(DropReason::Time), 2);
    assert_eq!(bed.service.calls()[0].names, ["old", "early"]);
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
async fn the_parts_of_a_batch_share_its_two_minutes() {
    let bad = Answer::Failed(PutFailure::answered(Some("InvalidParameterValue"), 400));
    let bed = bed(Service {
        always: throttled(),
        ..Service::new([bad])
    });
    bed.record(&["a", "b", "c", "d"]);
    while bed.sink.pending() > 0 {
        sleep(Duration::from_secs(1)).await;
    }
    let took = bed.start.elapsed();
    assert!(took <= INTERVAL + RETRY_FOR, "{took:?}");
    assert_eq!(bed.sink.dropped_because(DropReason::Unsent), 4);
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
async fn each_reason_is_warned_of_once_a_minute_with_what_the_service_said() {
    let warnings = Warnings::default();
    let guard = tracing::subscriber::set_default(warnings.clone());
    let bed = bounded(Service::new([denied(), denied()]), 1400);
    for _ in 0..2 {
        bed.record(&["a", "b", "c", "d", "e"]);
        let report = bed.sink.flush().await;
        assert!(report.dropped() > 0 && report.sent() == 0);
    }
    let text = |(code, why): (&str, &str)| (code.to_owned(), why.to_owned());
    let once = [("full", ""), ("refused", "AccessDenied")].map(text);
    assert_eq!(warnings.take(), once);
    // What came meanwhile is told after a minute, or at the end.
    sleep(Duration::from_secs(61)).await;
    assert_eq!(warnings.take(), once);
    bed.record(&["f", "g", "h", "i", "j"]);
    assert_eq!(bed.sink.shutdown().await.dropped(), 0);
    drop(guard);
    assert_eq!(warnings.take(), [("full", "")].map(text));
    assert_eq!(*warnings.dropped.lock().unwrap(), bed.sink.dropped());
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_may_wait_for_a_thread_that_records() {
    let bed = bounded(Service::new([denied()]), 1000);
    let metrics = bed.metrics.clone();
    let (told, warned) = mpsc::channel();
    let warnings = Warnings::calling(move || {
        let (metrics, (done, recorded)) = (metrics.clone(), mpsc::channel());
        thread::spawn(move || {
            metrics.add("warnings", Unit::Count, 1);
            done.send(()).unwrap();
        });
        let waited = recorded.recv_timeout(Duration::from_secs(5));
        told.send(waited.is_ok()).unwrap();
    });
    let guard = tracing::subscriber::set_default(warnings);
    bed.record(&["a", "b", "c", "d", "e"]);
    assert!(bed.sink.flush().await.dropped() > 0);
    let _ = bed.sink.shutdown().await;
    drop(guard);
    let waits: Vec<bool> = warned.try_iter().collect();
    // One of the buffer, one of the service.
    assert_eq!(waits, [true, true]);
}

/// Keeps the codes of the warnings, and why.
#[derive(Clone, Default)]
struct Warnings {
    told: Arc<Mutex<Vec<(String, String)>>>,
    dropped: Arc<Mutex<u64>>,
    then: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Warnings {
    /// Those that came since, in order of their codes.
    fn take(&self) -> Vec<(String, String)> {
        let mut told = std::mem::take(&mut *self.told.lock().unwrap());
        told.sort();
        told
    }

    /// Does this as well.
    fn calling(then: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            then: Some(Arc::new(then)),
            ..Self::default()
        }
    }
}

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
        let mut fields = Fields::default();
        event.record(&mut fields);
        *self.dropped.lock().unwrap() += fields.dropped;
        self.told.lock().unwrap().push((fields.code, fields.why));
        if let Some(then) = &self.then {
            then();
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields {
    code: String,
    why: String,
    dropped: u64,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "code" => value.clone_into(&mut self.code),
            "why" => value.clone_into(&mut self.why),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "dropped" {
            self.dropped = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
