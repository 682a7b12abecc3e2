//! Answers that stream: every layer's finish waits for the end of the body.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use lambda_runtime::{LambdaEvent, StreamResponse};
use powertools_core::{
    ColdStart, Host, Invocation, Outcome, SharedClock, StreamScopeLayer,
    test_util::{ProbeEvent, ProbeLayer, TestContext, lambda_event},
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

type Ids = Arc<Mutex<Vec<Option<String>>>>;

#[derive(Clone)]
enum Step {
    Frame,
    Wait(Duration),
    Fail,
    Panic,
}

/// A body, and a stream, that notes which invocation polls and drops it.
struct Script {
    steps: VecDeque<Step>,
    waiting: Option<Pin<Box<tokio::time::Sleep>>>,
    ids: Ids,
}

impl Script {
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, &'static str>>> {
        self.ids.lock().unwrap().push(current_id());
        loop {
            if let Some(sleep) = &mut self.waiting {
                std::task::ready!(sleep.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Frame) => return Poll::Ready(Some(Ok(Bytes::from_static(b"frame")))),
                Some(Step::Wait(time)) => self.waiting = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Fail) => return Poll::Ready(Some(Err("broken"))),
                Some(Step::Panic) => panic!("in a frame"),
            }
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.ids.lock().unwrap().push(current_id());
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.next(cx).map_ok(Frame::data)
    }
}

impl futures_core::Stream for Script {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.next(cx)
    }
}

fn current_id() -> Option<String> {
    Invocation::try_current()?
        .request_id()
        .map(ToOwned::to_owned)
}

fn probe() -> ProbeLayer {
    ProbeLayer::new(Host::default().with_cold_start(ColdStart::unused()))
}

/// The body that a stack around this script answers with. The probes stand outside
/// and inside of the stream layer.
async fn answer(
    outside: &ProbeLayer,
    inside: &ProbeLayer,
    steps: &[Step],
) -> (
    impl Body<Data = Bytes, Error = &'static str> + Send + Unpin + 'static,
    Ids,
) {
    let ids = Ids::default();
    let (steps, kept) = (VecDeque::from(steps.to_vec()), Arc::clone(&ids));
    let service = ServiceBuilder::new()
        .layer(outside.clone())
        .layer(StreamScopeLayer::default())
        .layer(inside.clone())
        .service_fn(move |_: Request<()>| {
            let body = Script {
                steps: steps.clone(),
                waiting: None,
                ids: Arc::clone(&kept),
            };
            async { Ok::<_, Infallible>(Response::new(body)) }
        });
    let clock = SharedClock::default();
    let request = TestContext::new("r-1")
        .deadline(clock.now() + Duration::from_secs(10))
        .http("/", ());
    (service.oneshot(request).await.unwrap().into_body(), ids)
}

#[tokio::test]
async fn the_finish_waits_for_the_end_of_the_body_and_frames_run_in_the_invocation() {
    let (outside, inside) = (probe(), probe());
    let (body, ids) = answer(&outside, &inside, &[Step::Frame, Step::Frame]).await;
    assert!(outside.outcomes().is_empty());
    assert!(inside.outcomes().is_empty());
    // As the runtime does: in a bare task.
    let collected = tokio::spawn(body.collect())
        .await
        .unwrap()
        .unwrap()
        .to_bytes();
    assert_eq!(collected, "frameframe");
    assert_eq!(outside.outcomes(), [Outcome::Ok]);
    assert_eq!(inside.outcomes(), [Outcome::Ok]);
    // Three polls and the drop.
    assert_eq!(*ids.lock().unwrap(), vec![Some("r-1".to_owned()); 4]);
}

#[tokio::test]
async fn a_body_that_fails_is_a_fault() {
    let (outside, inside) = (probe(), probe());
    let (body, _) = answer(&outside, &inside, &[Step::Frame, Step::Fail]).await;
    assert_eq!(body.collect().await.unwrap_err(), "broken");
    assert_eq!(outside.outcomes(), [Outcome::Fault]);
    assert_eq!(inside.outcomes(), [Outcome::Fault]);
}

#[tokio::test]
async fn a_body_that_panics_is_a_panic() {
    let (outside, inside) = (probe(), probe());
    let (body, _) = answer(&outside, &inside, &[Step::Panic]).await;
    assert!(tokio::spawn(body.collect()).await.unwrap_err().is_panic());
    assert_eq!(outside.outcomes(), [Outcome::Panic]);
    assert_eq!(inside.outcomes(), [Outcome::Panic]);
}

#[tokio::test]
async fn a_body_that_is_dropped_before_its_end_is_cancelled() {
    let (outside, inside) = (probe(), probe());
    let (mut body, ids) = answer(&outside, &inside, &[Step::Frame, Step::Frame]).await;
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(outside.outcomes(), [Outcome::Cancelled]);
    assert_eq!(inside.outcomes(), [Outcome::Cancelled]);
    assert_eq!(*ids.lock().unwrap(), vec![Some("r-1".to_owned()); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_body_near_the_deadline_is_flushed_early() {
    let (outside, inside) = (probe().flush_near_deadline(Duration::from_secs(1)), probe());
    let (body, _) = answer(&outside, &inside, &[Step::Wait(Duration::from_secs(60))]).await;
    body.collect().await.unwrap();
    let events = outside.events();
    let [
        _,
        ProbeEvent::FlushedEarly(..),
        ProbeEvent::Finished(_, Outcome::Ok),
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
}

/// The outcomes around a handler with this answer, whose body is dropped unpolled
/// or polled once.
async fn outcomes_of<B>(body: B, poll_once: bool) -> Vec<Outcome>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + Clone + 'static,
{
    let probe = probe();
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(StreamScopeLayer::default())
        .service_fn(move |_: Request<()>| {
            let body = body.clone();
            async { Ok::<_, Infallible>(Response::new(body)) }
        });
    let mut body = service
        .oneshot(TestContext::new("r-1").http("/", ()))
        .await
        .unwrap()
        .into_body();
    if poll_once {
        body.frame().await;
    }
    drop(body);
    probe.outcomes()
}

#[tokio::test]
async fn servers_need_not_poll_a_body_to_its_none() {
    assert_eq!(
        outcomes_of(Empty::<Bytes>::new(), false).await,
        [Outcome::Ok]
    );
    assert_eq!(
        outcomes_of(Full::new(Bytes::from_static(b"all")), true).await,
        [Outcome::Ok]
    );
    assert_eq!(
        outcomes_of(Full::new(Bytes::from_static(b"all")), false).await,
        [Outcome::Cancelled]
    );
}

#[tokio::test]
async fn an_error_instead_of_an_answer_is_a_fault() {
    let probe = probe();
    let service = ServiceBuilder::new()
        .layer(StreamScopeLayer::default())
        .layer(probe.clone())
        .service(service_fn(async |_: Request<()>| {
            Err::<Response<Empty<Bytes>>, _>("no answer")
        }));
    assert_eq!(
        service.oneshot(Request::new(())).await.map(drop),
        Err("no answer")
    );
    assert_eq!(probe.outcomes(), [Outcome::Fault]);
}

#[tokio::test]
async fn a_call_dropped_before_its_answer_is_cancelled() {
    let probe = probe();
    let mut service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(StreamScopeLayer::default())
        .layer(probe.clone())
        .service_fn(|_: Request<()>| {
            std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        });
    drop(tower::Service::call(&mut service, Request::new(())));
    assert_eq!(probe.outcomes(), [Outcome::Cancelled, Outcome::Cancelled]);
}

#[tokio::test]
async fn stream_responses_of_the_event_level_are_wrapped_as_well() {
    let probe = probe();
    let ids = Ids::default();
    let kept = Arc::clone(&ids);
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(StreamScopeLayer::default())
        .service_fn(move |_: LambdaEvent<()>| {
            let stream = Script {
                steps: [Step::Frame].into(),
                waiting: None,
                ids: Arc::clone(&kept),
            };
            async { Ok::<_, Infallible>(StreamResponse::from(StreamOf(stream))) }
        });
    let mut stream = service
        .oneshot(lambda_event("r-1", ()))
        .await
        .unwrap()
        .stream;
    assert!(probe.outcomes().is_empty());
    let mut next = async || {
        std::future::poll_fn(|cx| futures_core::Stream::poll_next(Pin::new(&mut stream), cx)).await
    };
    assert!(next().await.is_some());
    assert!(probe.outcomes().is_empty());
    assert!(next().await.is_none());
    assert_eq!(probe.outcomes(), [Outcome::Ok]);
    assert!(
        ids.lock()
            .unwrap()
            .iter()
            .all(|id| id.as_deref() == Some("r-1"))
    );
}

/// The runtime wants an error that it can box.
struct StreamOf(Script);

impl futures_core::Stream for StreamOf {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0)
            .poll_next(cx)
            .map_err(std::io::Error::other)
    }
}
