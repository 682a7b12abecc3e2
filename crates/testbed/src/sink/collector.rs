//! An OpenTelemetry collector over http.

use std::{
    collections::VecDeque,
    io,
    net::{self, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{
    Router,
    body::{self, Body},
    extract::{self, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{StatusCode, header, request::Parts};
use http_body_util::LengthLimitError;
use tokio::{net::TcpListener, runtime, sync::oneshot};

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
///
/// A thread of its own answers, so a client may block the thread of the test.
#[derive(Debug)]
pub struct OtlpCollector {
    address: SocketAddr,
    limit: Duration,
    shared: Arc<Shared>,
    /// The server ends when this is dropped.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    inbox: Inbox<Request>,
    cut_off: Inbox<String>,
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
    pub fn bind() -> io::Result<Self> {
        Self::bind_with_max_bytes(Self::MAX_BYTES)
    }

    /// The same with another limit for one body.
    ///
    /// # Errors
    ///
    /// If the system gives no socket.
    pub fn bind_with_max_bytes(max_bytes: usize) -> io::Result<Self> {
        let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            inbox: Inbox::new(),
            cut_off: Inbox::new(),
            ordered: Mutex::default(),
            max_bytes,
        });
        let router = Router::new().fallback(handle);
        let router = router.with_state(Arc::clone(&shared));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _in_runtime = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (running, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(listener, router).into_future() => {}
                    // Only dropping ends it; nothing is ever sent.
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("otlp-collector".to_owned());
        Ok(Self {
            address,
            limit: Duration::from_secs(10),
            shared,
            running: Some(running),
            thread: Some(thread.spawn(run)?),
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

    /// Answers the next `times` requests like this, whichever of the three paths they are
    /// for. Orders add up.
    pub fn answer_next(&self, times: usize, answer: &Answer) {
        let answers = std::iter::repeat_n(answer.clone(), times);
        self.shared.ordered().extend(answers);
    }

    /// Every request so far, also those that were refused, and for paths that are not there.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        copied(&self.shared.inbox.all())
    }

    /// Path and reason of every request so far whose body was cut off. They are no requests,
    /// for there was nobody to answer.
    #[must_use]
    pub fn cut_off(&self) -> Vec<String> {
        copied(&self.shared.cut_off.all())
    }

    /// The spans so far of all requests that were answered with 200. After a partial success
    /// all of the request's: which ones were refused is not said.
    #[must_use]
    pub fn spans(&self) -> Vec<OtlpSpan> {
        accepted_spans(&self.shared.inbox.all())
    }

    /// The requests, once there are `count`; more may have come.
    ///
    /// # Panics
    ///
    /// If fewer come within the time limit, with everything that came.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let (inbox, wanted) = (&self.shared.inbox, (count, "requests"));
        copied(&inbox.wait(self.limit, wanted, |_| 1).await)
    }

    /// What [`cut_off`](Self::cut_off) gives, once there are `count`.
    ///
    /// # Panics
    ///
    /// If fewer come within the time limit.
    pub async fn wait_for_cut_off(&self, count: usize) -> Vec<String> {
        let (inbox, wanted) = (&self.shared.cut_off, (count, "cut off requests"));
        copied(&inbox.wait(self.limit, wanted, |_| 1).await)
    }

    /// The spans, once there are `count` in requests that were answered with 200.
    ///
    /// # Panics
    ///
    /// If fewer come within the time limit, with everything that came.
    pub async fn wait_for_spans(&self, count: usize) -> Vec<OtlpSpan> {
        let (inbox, wanted) = (&self.shared.inbox, (count, "spans"));
        let weigh = |request: &Request| spans_of(request).len();
        accepted_spans(&inbox.wait(self.limit, wanted, weigh).await)
    }
}

impl Drop for OtlpCollector {
    fn drop(&mut self) {
        self.running.take();
        if let Some(thread) = self.thread.take() {
            // With its runtime go the connections that are still open.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn ordered(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copied<T: Clone>(all: &[Arc<T>]) -> Vec<T> {
    all.iter().map(|item| (**item).clone()).collect()
}

fn accepted_spans(requests: &[Arc<Request>]) -> Vec<OtlpSpan> {
    let requests = requests.iter();
    requests.flat_map(|request| spans_of(request)).collect()
}

fn spans_of(request: &Request) -> Vec<OtlpSpan> {
    match &request.payload {
        Payload::Traces(traces) if request.status == StatusCode::OK => span::spans(traces),
        _ => Vec::new(),
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let signal = Signal::of(&parts);
    let format = Format::of(&parts.headers);
    let mut sizes = (0, 0);
    let body = match read_body(&parts, body, shared.max_bytes, &mut sizes).await {
        Ok(body) => body,
        Err(CutOff(why)) => {
            shared.cut_off.put(format!("{}: {why}", parts.uri.path()));
            // Nobody hears it.
            return StatusCode::BAD_REQUEST.into_response();
        }
    };
    let read = match (&signal, &format, &body) {
        (Ok(signal), Ok(format), Ok(body)) => signal.read(*format, body),
        (Err(why), ..) | (_, _, Err(why)) | (_, Err(why), _) => Err(why.clone()),
    };
    let ordered = match signal {
        Ok(_) => shared.ordered().pop_front(),
        Err(_) => None,
    };
    // The answer to a wrong path has no form of its own, but that of an error.
    let signal = signal.unwrap_or(Signal::Traces);
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

/// The client went away before the body was complete.
struct CutOff(String);

/// The body without its compression. `sizes` are the bytes on the way and without it.
async fn read_body(
    parts: &Parts,
    body: Body,
    limit: usize,
    sizes: &mut (usize, usize),
) -> Result<Result<Bytes, Reason>, CutOff> {
    let sent = match body::to_bytes(body, limit).await {
        Ok(sent) => sent,
        Err(error) => {
            let error = error.into_inner();
            if !error.is::<LengthLimitError>() {
                return Err(CutOff(error.to_string()));
            }
            let why = format!("more than {limit} bytes");
            return Ok(Err((StatusCode::PAYLOAD_TOO_LARGE, why)));
        }
    };
    sizes.0 = sent.len();
    let plain = decode::plain(&parts.headers, sent, limit);
    sizes.1 = plain.as_ref().map_or(0, Bytes::len);
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
