//! An OpenTelemetry collector over http.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{self, Body},
    extract::State,
    response::{IntoResponse as _, Response},
    routing::post,
};
use bytes::Bytes;
use http::{StatusCode, header, request::Parts};
use tokio::{net::TcpListener, sync::oneshot};

use super::{
    answer::{Answer, Kind},
    decode::{self, Format, Reason, Signal, Status},
    inbox::Inbox,
    request::{Payload, Request},
    span::{self, OtlpSpan},
};

/// Takes traces, metrics and logs over http, as a collector does.
///
/// Protobuf and JSON, gzip or none. Of one body it reads at most 5 MB without compression,
/// the limit of AWS's own endpoint. HTTP/1.1 without TLS, no gRPC.
#[derive(Debug)]
pub struct OtlpCollector {
    address: SocketAddr,
    limit: Duration,
    shared: Arc<Shared>,
    /// The server ends when this is dropped.
    _running: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    inbox: Inbox<Request>,
    ordered: Mutex<VecDeque<Answer>>,
    max_bytes: usize,
}

impl OtlpCollector {
    /// The limit of AWS's endpoint for one body without compression.
    pub const MAX_BYTES: usize = 5 * 1024 * 1024;

    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If the system gives no socket.
    pub async fn bind() -> io::Result<Self> {
        Self::bind_with_max_bytes(Self::MAX_BYTES).await
    }

    /// The same with another limit for one body.
    ///
    /// # Errors
    ///
    /// If the system gives no socket.
    pub async fn bind_with_max_bytes(max_bytes: usize) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            inbox: Inbox::new(),
            ordered: Mutex::default(),
            max_bytes,
        });
        let (running, stopped) = oneshot::channel();
        let server = axum::serve(listener, router(Arc::clone(&shared)));
        let server = server.with_graceful_shutdown(async {
            // Only dropping ends it; nothing is ever sent.
            let _ = stopped.await;
        });
        tokio::spawn(server.into_future());
        Ok(Self {
            address,
            limit: Duration::from_secs(10),
            shared,
            _running: running,
        })
    }

    /// How long a wait may last; 10 seconds without this.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next `times` requests like this, whichever they are. Orders add up.
    pub fn answer_next(&self, times: usize, answer: &Answer) {
        let answers = std::iter::repeat_n(answer.clone(), times);
        self.shared.ordered().extend(answers);
    }

    /// Every request so far, also those that were refused.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.inbox.all()
    }

    /// The spans so far of all requests that were answered with 200. After a partial success
    /// all of the request's: which ones were refused is not said.
    #[must_use]
    pub fn spans(&self) -> Vec<OtlpSpan> {
        accepted_spans(&self.requests())
    }

    /// The requests, once there are `count`; more may have come.
    ///
    /// # Panics
    ///
    /// If fewer come within the time limit, with everything that came.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let ready = |all: &[Request]| (all.len() >= count).then(|| all.to_vec());
        let wanted = format!("{count} requests");
        self.shared.inbox.wait(self.limit, &wanted, ready).await
    }

    /// The spans, once there are `count` in requests that were answered with 200.
    ///
    /// # Panics
    ///
    /// If fewer come within the time limit, with everything that came.
    pub async fn wait_for_spans(&self, count: usize) -> Vec<OtlpSpan> {
        let ready = |all: &[Request]| {
            let spans = accepted_spans(all);
            (spans.len() >= count).then_some(spans)
        };
        let wanted = format!("{count} spans");
        self.shared.inbox.wait(self.limit, &wanted, ready).await
    }
}

impl Shared {
    fn ordered(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accepted_spans(requests: &[Request]) -> Vec<OtlpSpan> {
    let accepted = requests
        .iter()
        .filter(|request| request.status == StatusCode::OK);
    let traces = accepted.filter_map(|request| match &request.payload {
        Payload::Traces(traces) => Some(traces),
        _ => None,
    });
    traces.flat_map(span::spans).collect()
}

fn router(shared: Arc<Shared>) -> Router {
    let route = |signal: Signal| {
        post(
            move |State(shared): State<Arc<Shared>>, request: axum::extract::Request| {
                handle(shared, signal, request)
            },
        )
    };
    Router::new()
        .route("/v1/traces", route(Signal::Traces))
        .route("/v1/metrics", route(Signal::Metrics))
        .route("/v1/logs", route(Signal::Logs))
        .with_state(shared)
}

async fn handle(shared: Arc<Shared>, signal: Signal, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut sizes = (0, 0);
    let read = match read_body(&parts, body, shared.max_bytes, &mut sizes).await {
        Ok(bytes) => format
            .clone()
            .and_then(|format| signal.read(format, &bytes)),
        Err(reason) => Err(reason),
    };
    let ordered = shared.ordered().pop_front();
    // An answer without a known format is written as protobuf, the default of OTLP.
    let format = format.unwrap_or(Format::Protobuf);
    let (status, answer) = answer(signal, format, &read, ordered.as_ref());
    shared.inbox.put(Request {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        sent_bytes: sizes.0,
        bytes: sizes.1,
        status,
        payload: read.unwrap_or_else(|(_, why)| Payload::Refused(why)),
    });
    let mut response = (status, answer).into_response();
    let headers = response.headers_mut();
    let content_type = header::HeaderValue::from_static(format.content_type());
    headers.insert(header::CONTENT_TYPE, content_type);
    if let Some(wait) = ordered.and_then(|answer| answer.retry_after) {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The body without its compression. `sizes` are the bytes on the way and without it.
async fn read_body(
    parts: &Parts,
    body: Body,
    limit: usize,
    sizes: &mut (usize, usize),
) -> Result<Bytes, Reason> {
    let sent = body::to_bytes(body, limit).await.map_err(|error| {
        let why = format!("more than {limit} bytes, or cut off: {error}");
        (StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    sizes.0 = sent.len();
    let plain = decode::plain(&parts.headers, sent, limit)?;
    sizes.1 = plain.len();
    Ok(plain)
}

fn answer(
    signal: Signal,
    format: Format,
    read: &Result<Payload, Reason>,
    ordered: Option<&Answer>,
) -> (StatusCode, Vec<u8>) {
    let failed = |status, message: &str| (status, format.write(&Status::new(message)));
    match (ordered.map(|answer| &answer.kind), read) {
        (Some(Kind::Status(status)), _) => failed(*status, "ordered by the test"),
        (_, Err((status, why))) => failed(*status, why),
        (Some(Kind::Partial { rejected, message }), Ok(_)) => {
            let partial = Some((*rejected, message.clone()));
            (StatusCode::OK, signal.success(format, partial))
        }
        (None, Ok(_)) => (StatusCode::OK, signal.success(format, None)),
    }
}
