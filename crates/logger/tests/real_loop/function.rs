//! The function: it logs before, at and after a barrier, and ends as its case says.

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{Router, body::Body, extract::Path, response::Response, routing::get};
use bytes::Bytes;
use http_body::Frame;
use lambda_runtime::LambdaEvent;
use powertools_core::{
    Host, Invocation, InvocationRequest, InvocationScope, Observe, Observed, Observer, Outcome,
    StreamScope, StreamScopeLayer,
};
use powertools_event_handler::BufferBodyLayer;
use powertools_logger::LoggerLayer;
use tokio::sync::{Barrier, Notify};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};
use tracing::info;

use crate::{
    KEEP,
    case::{Case, DROPPED, End, Level},
};

pub(crate) fn run(role: &str) -> ExitCode {
    let level: Level = role.parse().expect("a level");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let ended = runtime.block_on(serve(level));
    ended.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

async fn serve(level: Level) -> Result<(), BoxError> {
    let keep = powertools_core::Env::process().get(KEEP).is_some();
    let logger = LoggerLayer::builder()
        .keep_runtime_error_lines(keep)
        .build()?;
    logger.init()?;
    let waiting = Case::all().filter(|case| case.waits(level)).count();
    let shared = Arc::new(Shared {
        barrier: Barrier::new(waiting),
        dropped: std::array::from_fn(|_| Notify::new()),
    });
    let layers = ServiceBuilder::new()
        .layer(Finished("outer"))
        .layer(logger)
        .layer(Finished("inner"))
        .layer(PanicsInCall);
    let abandoned = Arc::clone(&shared);
    match level {
        Level::Event => {
            let handler = tower::service_fn(move |event| handle_event(event, Arc::clone(&shared)));
            let abandon = Abandon {
                shared: abandoned,
                answer: || DROPPED.to_owned(),
            };
            lambda_runtime::run_concurrent(abandon.layer(layers.service(handler))).await
        }
        Level::Http => {
            let router = Router::new().route(
                "/case/{number}",
                get(|Path(number): Path<usize>| handle_http(number, shared)),
            );
            let service = layers.layer(BufferBodyLayer::default()).service(router);
            let answer = || Response::new(DROPPED.into());
            lambda_http::run_concurrent(
                Abandon {
                    shared: abandoned,
                    answer,
                }
                .layer(service),
            )
            .await
        }
        Level::Stream => {
            let router = Router::new().route(
                "/case/{number}",
                get(|Path(number): Path<usize>| stream(number, shared)),
            );
            let service = layers.layer(StreamScopeLayer::default()).service(router);
            // One body type for the router's answer and the abandoned call's.
            let service = ServiceExt::<lambda_http::Request>::map_response(
                service,
                |response: Response<StreamScope<Body>>| response.map(Body::new),
            );
            let answer = || Response::new(Body::from(DROPPED));
            let service = Abandon {
                shared: abandoned,
                answer,
            }
            .layer(service);
            lambda_http::run_with_streaming_response_concurrent(service).await
        }
    }
}

struct Shared {
    barrier: Barrier,
    dropped: [Notify; Case::ALL],
}

async fn handle_event(event: LambdaEvent<usize>, shared: Arc<Shared>) -> Result<String, String> {
    let case = Case::numbered(event.payload);
    assert_eq!(event.context.request_id, case.id());
    work(case, &shared).await;
    match case.end {
        End::Fails => Err(format!("failed {}", case.id())),
        _ => Ok(case.id()),
    }
}

async fn handle_http(number: usize, shared: Arc<Shared>) -> Response {
    let case = Case::numbered(number);
    work(case, &shared).await;
    let mut response = Response::new(Body::from(case.id()));
    if case.end == End::Fails {
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

async fn stream(number: usize, shared: Arc<Shared>) -> Response {
    let case = Case::numbered(number);
    info!(own = case.id(), "before");
    if case.end == End::IsDropped {
        shared.dropped[number].notify_one();
        std::future::pending::<()>().await;
    }
    Response::new(Body::new(Frames::new(case, shared)))
}

/// Logs from everywhere that a handler can log from.
async fn work(case: Case, shared: &Shared) {
    info!(own = case.id(), "before");
    shared.barrier.wait().await;
    let task = powertools_core::spawn(async move {
        tokio::task::yield_now().await;
        info!(own = case.id(), "in a task");
    });
    let blocking =
        powertools_core::spawn_blocking(move || info!(own = case.id(), "in a blocking task"));
    task.await.expect("the task ends");
    blocking.await.expect("the blocking task ends");
    info!(own = case.id(), "after");
    match case.end {
        End::PanicsInPoll => panic!("in poll"),
        End::IsDropped => {
            shared.dropped[case.number].notify_one();
            std::future::pending::<()>().await;
        }
        End::Answers | End::Fails | End::PanicsInCall => {}
    }
}

/// A body that waits at the barrier between its two frames.
struct Frames {
    case: Case,
    step: usize,
    wait: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Frames {
    fn new(case: Case, shared: Arc<Shared>) -> Self {
        let wait = async move {
            shared.barrier.wait().await;
        };
        Self {
            case,
            step: 0,
            wait: Box::pin(wait),
        }
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let id = self.case.id();
        let step = self.step;
        if step == 1 {
            ready!(self.wait.as_mut().poll(cx));
        }
        self.step += 1;
        match step {
            0 => info!(own = id, "first frame"),
            1 => info!(own = id, "second frame"),
            _ => return Poll::Ready(None),
        }
        match (step, self.case.end) {
            (1, End::Fails) => Poll::Ready(Some(Err("body failed".into()))),
            (1, End::PanicsInPoll) => panic!("in a frame"),
            _ => Poll::Ready(Some(Ok(Frame::data(id.into())))),
        }
    }
}

/// An observing layer that logs its finish.
#[derive(Clone, Copy)]
struct Finished(&'static str);

impl<S> Layer<S> for Finished {
    type Service = LogFinish<S>;

    fn layer(&self, inner: S) -> LogFinish<S> {
        LogFinish {
            inner,
            host: Host::default(),
            name: *self,
        }
    }
}

#[derive(Clone)]
struct LogFinish<S> {
    inner: S,
    host: Host,
    name: Finished,
}

impl<S, R> Service<R> for LogFinish<S>
where
    S: Service<R>,
    R: Observe<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Observed<S::Future, R, Finished>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let scope = InvocationScope::begin(&self.host, &mut request);
        scope.call(&mut self.inner, request, self.name)
    }
}

impl Observer for Finished {
    fn finish(self, invocation: &Invocation, outcome: Outcome) {
        let own = invocation.request_id().unwrap_or_default();
        info!(own, layer = self.0, outcome = ?outcome, "finished");
    }
}

/// Panics in `call` for the cases that shall.
struct PanicsInCall;

impl<S> Layer<S> for PanicsInCall {
    type Service = PanicInCall<S>;

    fn layer(&self, inner: S) -> PanicInCall<S> {
        PanicInCall { inner }
    }
}

#[derive(Clone)]
struct PanicInCall<S> {
    inner: S,
}

impl<S: Service<R>, R> Service<R> for PanicInCall<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        let case = Case::of_id(Invocation::current().request_id().unwrap_or_default());
        if case.end == End::PanicsInCall {
            info!(own = case.id(), "in call");
            panic!("in call");
        }
        self.inner.call(request)
    }
}

/// Stands outside of everything and drops the call when its handler asks for it.
struct Abandon<Res> {
    shared: Arc<Shared>,
    answer: fn() -> Res,
}

impl<S, Res> Layer<S> for Abandon<Res> {
    type Service = Abandoning<S, Res>;

    fn layer(&self, inner: S) -> Self::Service {
        Abandoning {
            inner,
            shared: Arc::clone(&self.shared),
            answer: self.answer,
        }
    }
}

struct Abandoning<S, Res> {
    inner: S,
    shared: Arc<Shared>,
    answer: fn() -> Res,
}

impl<S: Clone, Res> Clone for Abandoning<S, Res> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
            answer: self.answer,
        }
    }
}

impl<S, R, Res> Service<R> for Abandoning<S, Res>
where
    S: Service<R, Response = Res>,
    S::Future: Send + 'static,
    R: InvocationRequest,
    Res: 'static,
{
    type Response = Res;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Res, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let id = request
            .lambda_context()
            .map(|context| context.request_id.as_str());
        let number = Case::of_id(id.unwrap_or_default()).number;
        let (shared, answer) = (Arc::clone(&self.shared), self.answer);
        let call = self.inner.call(request);
        Box::pin(async move {
            tokio::select! {
                biased;
                () = shared.dropped[number].notified() => Ok(answer()),
                answered = call => answered,
            }
        })
    }
}
