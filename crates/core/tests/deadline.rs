//! The flush near the deadline: by timer, by watchdog, and never twice.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant, SystemTime},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    Clock, ColdStart, Host, Invocation, Outcome, SharedClock,
    test_util::{ProbeEvent, ProbeLayer, TestContext},
    watchdog,
};
use tokio::{sync::Notify, time::sleep};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

const MARGIN: Duration = Duration::from_millis(200);

/// A wall clock that moves with tokio's paused time.
struct PausedClock {
    start: tokio::time::Instant,
}

const START: SystemTime = SystemTime::UNIX_EPOCH;

impl Clock for PausedClock {
    fn now(&self) -> SystemTime {
        START + self.start.elapsed()
    }

    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

fn host() -> Host {
    let clock = SharedClock::new(PausedClock {
        start: tokio::time::Instant::now(),
    });
    Host::default()
        .with_clock(clock)
        .with_cold_start(ColdStart::unused())
}

/// A probe that registers a flush, and an event that has this long.
fn event_with(time: Duration) -> (ProbeLayer, LambdaEvent<()>) {
    let event = TestContext::new("r-1").deadline(START + time).event(());
    (ProbeLayer::new(host()).flush_near_deadline(MARGIN), event)
}

fn flushes(probe: &ProbeLayer) -> usize {
    probe
        .events()
        .iter()
        .filter(|event| matches!(event, ProbeEvent::FlushedEarly(..)))
        .count()
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_is_a_flush_and_not_a_finish() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let seen = probe.clone();
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let seen = seen.clone();
        async move {
            sleep(Duration::from_millis(9_790)).await;
            assert_eq!(flushes(&seen), 0);
            sleep(Duration::from_millis(20)).await;
            assert_eq!(flushes(&seen), 1);
            assert!(seen.outcomes().is_empty());
            sleep(Duration::from_secs(60)).await;
            Ok::<_, Infallible>("answer")
        }
    }));
    assert_eq!(service.oneshot(event).await, Ok("answer"));
    assert_eq!(flushes(&probe), 1);
    assert_eq!(probe.outcomes(), [Outcome::Ok]);
}

#[tokio::test(start_paused = true)]
async fn a_short_time_out_leaves_the_handler_half_of_it() {
    let (probe, event) = event_with(Duration::from_millis(100));
    let seen = probe.clone();
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let seen = seen.clone();
        async move {
            sleep(Duration::from_millis(45)).await;
            assert_eq!(flushes(&seen), 0);
            sleep(Duration::from_millis(10)).await;
            assert_eq!(flushes(&seen), 1);
            Ok::<_, Infallible>(())
        }
    }));
    service.oneshot(event).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_margin_is_not_flushed_early() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        *keep.lock().unwrap() = Some(Invocation::current());
        async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(())
        }
    }));
    service.oneshot(event).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(flushes(&probe), 0);
    // Registering after the end is no error, and keeps nothing.
    let invocation = kept.lock().unwrap().take().unwrap();
    let late = Arc::new(());
    let keep = Arc::clone(&late);
    invocation.flush_near_deadline(MARGIN, move |_| drop(Arc::clone(&keep)));
    assert_eq!(Arc::strong_count(&late), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_flush_keeps_is_dropped_at_the_end() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let kept = Arc::new(());
    let keep = Arc::clone(&kept);
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let keep = Arc::clone(&keep);
        Invocation::current().flush_near_deadline(MARGIN, move |_| drop(Arc::clone(&keep)));
        async { Ok::<_, Infallible>(Invocation::current()) }
    }));
    let ended = service.oneshot(event).await.unwrap();
    assert_eq!(Arc::strong_count(&kept), 1, "{ended:?} keeps a flush");
}

#[tokio::test(start_paused = true)]
async fn a_flush_registered_after_the_flush_runs_at_its_own_margin() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let service = probe.layer(service_fn(async |_: LambdaEvent<()>| {
        sleep(Duration::from_millis(9_850)).await;
        let called = Arc::new(AtomicBool::new(false));
        let call = Arc::clone(&called);
        let flush = move |_: &Invocation| call.store(true, Ordering::Relaxed);
        Invocation::current().flush_near_deadline(Duration::from_millis(100), flush);
        sleep(Duration::from_millis(40)).await;
        let early = called.load(Ordering::Relaxed);
        sleep(Duration::from_millis(40)).await;
        Ok::<_, Infallible>((early, called.load(Ordering::Relaxed)))
    }));
    assert_eq!(service.oneshot(event).await, Ok((false, true)));
    assert_eq!(flushes(&probe), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_deadline_flushes_nothing() {
    let (probe, _) = event_with(Duration::ZERO);
    let service = probe.layer(service_fn(async |_: LambdaEvent<()>| {
        sleep(Duration::from_secs(3_600)).await;
        Ok::<_, Infallible>(())
    }));
    service
        .oneshot(TestContext::new("r-1").event(()))
        .await
        .unwrap();
    assert_eq!(flushes(&probe), 0);
}

#[tokio::test(start_paused = true)]
async fn stacked_layers_share_one_timer_and_each_flushes_once() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(probe.clone())
        .service_fn(async |_: LambdaEvent<()>| {
            sleep(Duration::from_secs(60)).await;
            Ok::<_, Infallible>(())
        });
    service.oneshot(event).await.unwrap();
    assert_eq!(flushes(&probe), 2);
    assert_eq!(probe.outcomes(), [Outcome::Ok, Outcome::Ok]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_registered_by_a_spawned_task_wakes_the_timer() {
    let (_, event) = event_with(Duration::from_secs(10));
    // Without a flush of its own, so that nothing is armed at first.
    let silent = ProbeLayer::new(host());
    let flushed = Arc::new(Notify::new());
    let service = silent.layer(service_fn(move |_: LambdaEvent<()>| {
        let flushed = Arc::clone(&flushed);
        let task = powertools_core::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            let flush = Arc::clone(&flushed);
            Invocation::current().flush_near_deadline(MARGIN, move |_| flush.notify_one());
            flushed.notified().await;
        });
        async move {
            task.await.unwrap();
            Ok::<_, Infallible>(())
        }
    }));
    tokio::time::timeout(Duration::from_secs(20), service.oneshot(event))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wider_margin_that_is_registered_later_counts() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let seen = probe.clone();
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let seen = seen.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            Invocation::current().flush_near_deadline(Duration::from_secs(3), |_| {});
            sleep(Duration::from_millis(6_500)).await;
            assert_eq!(flushes(&seen), 1);
            Ok::<_, Infallible>(())
        }
    }));
    service.oneshot(event).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panicking_flush_never_replaces_the_answer_nor_stops_the_others() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let service =
        ServiceBuilder::new()
            .layer(probe.clone())
            .service_fn(async |_: LambdaEvent<()>| {
                Invocation::current().flush_near_deadline(MARGIN, |_| panic!("flush"));
                sleep(Duration::from_secs(60)).await;
                Ok::<_, Infallible>("answer")
            });
    assert_eq!(service.oneshot(event).await, Ok("answer"));
    assert_eq!(flushes(&probe), 1);
}

#[tokio::test(start_paused = true)]
async fn a_ready_answer_never_loses_to_the_timer() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let service = probe.layer(service_fn(async |_: LambdaEvent<()>| {
        sleep(Duration::from_secs(15)).await;
        Ok::<_, Infallible>("answer")
    }));
    let mut call = pin!(service.oneshot(event));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    // Both are due at the next poll.
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok("answer")));
    assert_eq!(flushes(&probe), 0);
}

#[tokio::test]
async fn a_handler_that_always_has_something_ready_is_flushed() {
    let clock = SharedClock::default();
    let probe = ProbeLayer::default().flush_near_deadline(MARGIN);
    let event = TestContext::new("r-1").deadline(clock.now() + Duration::from_millis(500));
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let clock = clock.clone();
        async move {
            // Uses tokio's budget up, and so would starve a timer that obeys it.
            let permits = tokio::sync::Semaphore::new(1);
            let until = clock.instant() + Duration::from_millis(450);
            while clock.instant() < until {
                drop(permits.acquire().await);
            }
            Ok::<_, Infallible>(())
        }
    }));
    service.oneshot(event.event(())).await.unwrap();
    assert_eq!(flushes(&probe), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wider_margin_of_a_spawned_task_wakes_the_armed_timer() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let seen = probe.clone();
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let seen = seen.clone();
        let task = powertools_core::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            Invocation::current().flush_near_deadline(Duration::from_secs(3), |_| {});
            sleep(Duration::from_millis(6_500)).await;
            flushes(&seen)
        });
        async move { Ok::<_, Infallible>(task.await.unwrap()) }
    }));
    assert_eq!(service.oneshot(event).await, Ok(1));
}

#[test]
fn a_runtime_without_timers_keeps_the_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let clock = SharedClock::default();
    let probe = ProbeLayer::default().flush_near_deadline(MARGIN);
    let event = TestContext::new("r-1").deadline(clock.now() + Duration::from_secs(60));
    let service = probe.layer(service_fn(async |_: LambdaEvent<()>| {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        Ok::<_, Infallible>("answer")
    }));
    assert_eq!(
        runtime.block_on(service.oneshot(event.event(()))),
        Ok("answer")
    );
    assert_eq!(probe.outcomes(), [Outcome::Ok]);
}

/// Polls its task right inside `wake`, as some executors do.
struct PollsOnWake(Mutex<Option<Call>>);

type Call = Pin<Box<dyn Future<Output = Result<(), Infallible>> + Send>>;

impl Wake for PollsOnWake {
    fn wake(self: Arc<Self>) {
        let call = self.0.lock().unwrap().take();
        if let Some(mut call) = call {
            let waker = Waker::from(Arc::clone(&self));
            assert!(
                call.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            *self.0.lock().unwrap() = Some(call);
        }
    }
}

#[test]
fn an_executor_that_polls_inside_wake_is_no_deadlock() {
    let clock = SharedClock::default();
    let event = TestContext::new("r-1")
        .deadline(clock.now() + Duration::from_secs(60))
        .event(());
    let found = Arc::new(Mutex::new(None));
    let find = Arc::clone(&found);
    let call: Call = Box::pin(
        ProbeLayer::default()
            .layer(service_fn(move |_: LambdaEvent<()>| {
                *find.lock().unwrap() = Some(Invocation::current());
                std::future::pending::<Result<(), Infallible>>()
            }))
            .oneshot(event),
    );
    let task = Arc::new(PollsOnWake(Mutex::new(Some(call))));
    Arc::clone(&task).wake();
    let invocation = found.lock().unwrap().take().unwrap();
    invocation.flush_near_deadline(MARGIN, |_| {});
}

#[test]
fn without_a_tokio_runtime_the_timer_is_silent() {
    let (probe, event) = event_with(Duration::from_secs(10));
    let mut polls = 0;
    let mut call = Box::pin(
        probe
            .layer(service_fn(move |_: LambdaEvent<()>| {
                std::future::poll_fn(move |_| {
                    polls += 1;
                    if polls > 1 {
                        Poll::Ready(Ok::<_, Infallible>(()))
                    } else {
                        Poll::Pending
                    }
                })
            }))
            .oneshot(event),
    );
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    assert!(call.as_mut().poll(&mut cx).is_ready());
}

/// A handler that blocks its thread past the margin, in real time.
async fn block_past_the_margin(probe: &ProbeLayer) -> Vec<ProbeEvent> {
    let clock = SharedClock::default();
    let event = TestContext::new("r-1")
        .deadline(clock.now() + Duration::from_millis(900))
        .event(());
    let seen = probe.clone();
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| {
        let seen = seen.clone();
        async move {
            // The future is pending once, so that the timer is armed.
            tokio::task::yield_now().await;
            thread::sleep(Duration::from_millis(850));
            Ok::<_, Infallible>(seen.events())
        }
    }));
    service.oneshot(event).await.unwrap()
}

#[tokio::test]
async fn a_handler_that_blocks_its_thread_is_flushed_by_the_watchdog_alone() {
    // One test for both halves: the watchdog is started for the whole process.
    let probe = ProbeLayer::default().flush_near_deadline(MARGIN);
    let while_blocked = block_past_the_margin(&probe).await;
    assert!(
        !while_blocked
            .iter()
            .any(|event| matches!(event, ProbeEvent::FlushedEarly(..))),
        "the timer cannot fire while the thread is blocked"
    );

    watchdog::start().unwrap();
    watchdog::start().unwrap();
    // Far more than there is time for: half of it counts, and the watchdog still comes
    // before the deadline.
    let probe = ProbeLayer::default().flush_near_deadline(Duration::from_secs(30));
    let while_blocked = block_past_the_margin(&probe).await;
    let [
        ProbeEvent::Started(started),
        ProbeEvent::FlushedEarly(flushed, by),
    ] = while_blocked.as_slice()
    else {
        panic!("{while_blocked:?}");
    };
    assert_eq!(started, flushed);
    assert_eq!(by.as_deref(), Some("powertools-watchdog"));
    assert_eq!(flushes(&probe), 1);
    assert_eq!(probe.outcomes(), [Outcome::Ok]);
}
