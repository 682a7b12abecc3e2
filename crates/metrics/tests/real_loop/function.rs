//! The function: it records before and after a barrier, and ends as its case says.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{Router, body::Body, extract::Path, response::Response, routing::get};
use bytes::Bytes;
use http_body::Frame;
use lambda_runtime::LambdaEvent;
use powertools_core::{
    Env, InvocationRequest, StreamScope, StreamScopeLayer, spawn, spawn_blocking,
};
use powertools_event_handler::BufferBodyLayer;
use powertools_metrics::{Metrics, MetricsLayer, RouteLayer, Unit};
use tokio::sync::{Barrier, Notify};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::{
    ROLE,
    case::{Case, End, Level},
    killed,
};

pub(crate) fn run() {
    let role = Env::process().get(ROLE).expect("a role");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let metrics = MetricsLayer::builder()
        .capture_cold_start_metric(true)
        .capture_request_ids(true);
    let ended = match role.parse() {
        Ok(level) => {
            let metrics = metrics.capture_request_metrics(true).build().unwrap();
            runtime.block_on(serve(level, metrics))
        }
        Err(()) => runtime.block_on(killed::serve(metrics.build().unwrap())),
    };
    ended.expect("the loop ends well");
}

struct Shared {
    barrier: Barrier,
    dropped: [Notify; Case::ALL],
}

async fn serve(level: Level, metrics: MetricsLayer) -> Result<(), BoxError> {
    let waiting = Case::all().filter(|case| level != Level::Stream || case.end != End::IsDropped);
    let shared = Arc::new(Shared {
        barrier: Barrier::new(waiting.count()),
        dropped: std::array::from_fn(|_| Notify::new()),
    });
    let abandoned = Arc::clone(&shared);
    match level {
        Level::Event => {
            let handler = service_fn(move |event| handle_event(event, Arc::clone(&shared)));
            let answer = || "dropped".to_owned();
            let abandon = Abandon {
                shared: abandoned,
                answer,
            };
            lambda_runtime::run_concurrent(abandon.layer(metrics.layer(handler))).await
        }
        Level::Http => {
            let handler = |Path(number): Path<usize>| handle_http(number, shared);
            let router = Router::new()
                .route("/case/{number}", get(handler))
                .route_layer(RouteLayer::new());
            let service = ServiceBuilder::new()
                .layer(metrics)
                .layer(BufferBodyLayer::default())
                .service(router);
            let answer = || Response::new("dropped".into());
            let abandon = Abandon {
                shared: abandoned,
                answer,
            };
            lambda_http::run_concurrent(abandon.layer(service)).await
        }
        Level::Stream => {
            let handler = |Path(number): Path<usize>| stream(number, shared);
            let router = Router::new()
                .route("/case/{number}", get(handler))
                .route_layer(RouteLayer::new());
            let service = ServiceBuilder::new()
                .layer(metrics)
                .layer(StreamScopeLayer::default())
                .service(router);
            // One body type for the router's answer and the abandoned call's.
            let service = ServiceExt::<lambda_http::Request>::map_response(
                service,
                |response: Response<StreamScope<Body>>| response.map(Body::new),
            );
            let answer = || Response::new(Body::from("dropped"));
            let abandon = Abandon {
                shared: abandoned,
                answer,
            };
            lambda_http::run_with_streaming_response_concurrent(abandon.layer(service)).await
        }
    }
}

fn record(case: Case) {
    Metrics::current().add("m", Unit::Count, case.number);
}

fn begin(case: Case) {
    let metrics = Metrics::current();
    metrics.add_dimension("own", &case.number.to_string());
    record(case);
    metrics
        .with_dimensions([("scope", "s")])
        .add("m", Unit::Count, case.number);
}

/// Records from everywhere that a handler can record from.
async fn work(case: Case, shared: &Shared) {
    begin(case);
    shared.barrier.wait().await;
    spawn(async move {
        tokio::task::yield_now().await;
        record(case);
    })
    .await
    .expect("the task ends");
    spawn_blocking(move || record(case))
        .await
        .expect("the task ends");
    shared.barrier.wait().await;
    match case.end {
        End::Panics => panic!("on purpose"),
        End::IsDropped => {
            shared.dropped[case.number].notify_one();
            pending::<()>().await;
        }
        End::Answers | End::Fails => {}
    }
}

async fn handle_event(event: LambdaEvent<usize>, shared: Arc<Shared>) -> Result<String, String> {
    let case = Case::numbered(event.payload);
    assert_eq!(event.context.tenant_id, Some(case.tenant()));
    work(case, &shared).await;
    match case.end {
        End::Fails => Err("on purpose".to_owned()),
        _ => Ok(case.tenant()),
    }
}

async fn handle_http(number: usize, shared: Arc<Shared>) -> Response {
    let case = Case::numbered(number);
    work(case, &shared).await;
    let mut response = Response::new(Body::from(case.tenant()));
    if case.end == End::Fails {
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

async fn stream(number: usize, shared: Arc<Shared>) -> Response {
    let case = Case::numbered(number);
    begin(case);
    if case.end == End::IsDropped {
        shared.dropped[number].notify_one();
        pending::<()>().await;
    }
    Response::new(Body::new(Frames::new(case, shared)))
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
        let step = self.step;
        if step == 1 {
            ready!(self.wait.as_mut().poll(cx));
        }
        self.step += 1;
        if step < 2 {
            record(self.case);
        }
        match (step, self.case.end) {
            (1, End::Fails) => Poll::Ready(Some(Err("on purpose".into()))),
            (1, End::Panics) => panic!("on purpose"),
            (0 | 1, _) => Poll::Ready(Some(Ok(Frame::data(self.case.tenant().into())))),
            _ => Poll::Ready(None),
        }
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
        let context = request.lambda_context();
        let tenant = context.and_then(|context| context.tenant_id.as_deref());
        let number = Case::of_tenant(tenant.unwrap_or_default()).number;
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
