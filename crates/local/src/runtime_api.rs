use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use powertools_core::{SharedClock, SharedRandom};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    ApiRequest, Invoke, LocalError, Reply,
    arn::function_arn,
    endpoints::{self, Intercept},
    header, id,
    queue::{Piece, Pieces, Queue, Waiting},
    reply_stream::ReplyStream,
    source::{Nature, Source},
};

/// A Lambda Runtime API on the loopback interface.
///
/// [`invoke`](Self::invoke) queues an event, functions take it with
/// `GET /2018-06-01/runtime/invocation/next`, and the future gives what they
/// answer. A function is a process started with
/// [`FunctionProcess`](crate::FunctionProcess), or any program whose
/// `AWS_LAMBDA_RUNTIME_API` is [`address`](Self::address).
///
/// Clones share one server, which ends with the last of them.
///
/// Programs at the shared address come and go unseen: their extensions are
/// accepted and hear of nothing, and an error that one of them reports about
/// itself changes nothing for the others. Lambda's rules about the life of a
/// function are for the processes that have an address of their own.
///
/// ```no_run
/// use powertools_local::{FunctionProcess, Invoke, Reply, RuntimeApi};
///
/// # async fn test() -> Result<(), powertools_local::LocalError> {
/// let api = RuntimeApi::bind().await?;
/// let function = FunctionProcess::builder().spawn(&api)?;
///
/// let reply = api.invoke(Invoke::new(r#"{"order":1}"#)).await;
/// assert!(matches!(reply, Reply::Response { .. }));
/// function.kill().await;
/// # Ok(())
/// # }
/// ```
///
/// # Concurrency
///
/// Call it from as many tasks as you like. Events are handed out in the order
/// in which their futures were first polled.
#[derive(Clone)]
pub struct RuntimeApi {
    queue: Arc<Queue>,
    shared: Arc<Server>,
    intercept: Option<Intercept>,
}

impl RuntimeApi {
    /// Binds a free port of 127.0.0.1 and serves it from a task of its own.
    ///
    /// # Errors
    ///
    /// If the loopback interface has no free port.
    #[expect(
        clippy::unused_async,
        reason = "starts a task, so it belongs into a runtime"
    )]
    pub async fn bind() -> Result<Self, LocalError> {
        Self::start(None)
    }

    /// As [`bind`](Self::bind), with somebody who sees each request of a
    /// function or an extension before it is served.
    ///
    /// If the future gives a response, that is the answer and the request is
    /// not served. As long as it gives nothing, the request is held, at most
    /// until the port closes.
    ///
    /// ```no_run
    /// use bytes::Bytes;
    /// use http::{Response, StatusCode};
    /// use powertools_local::RuntimeApi;
    ///
    /// # async fn test() -> Result<(), powertools_local::LocalError> {
    /// let api = RuntimeApi::bind_intercepted(async |request| {
    ///     let refused = request.path.ends_with("/response");
    ///     refused.then(|| {
    ///         let mut response = Response::new(Bytes::new());
    ///         *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    ///         response
    ///     })
    /// })
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the loopback interface has no free port.
    #[expect(
        clippy::unused_async,
        reason = "starts a task, so it belongs into a runtime"
    )]
    pub async fn bind_intercepted<F, Fut>(intercept: F) -> Result<Self, LocalError>
    where
        F: Fn(ApiRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<Response<Bytes>>> + Send + 'static,
    {
        Self::start(Some(Arc::new(move |request| Box::pin(intercept(request)))))
    }

    fn start(intercept: Option<Intercept>) -> Result<Self, LocalError> {
        let queue = Queue::new(SharedClock::default(), SharedRandom::default());
        // Whoever polls the shared address is not ours to reset.
        let source = Source::new(Nature {
            function_name: "function".to_owned(),
            ..Nature::default()
        });
        let shared = Server::start(&queue, source, intercept.clone())?;
        Ok(Self {
            queue,
            shared: Arc::new(shared),
            intercept,
        })
    }

    /// The value for `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Queues an event and waits for the reply.
    ///
    /// The time-out starts when a function takes the event. Dropping the future
    /// before that cancels the invocation; later it only loses the reply.
    pub fn invoke(&self, invoke: Invoke) -> impl Future<Output = Reply> + Send + 'static {
        let api = self.clone();
        async move { api.invoke_streaming(invoke).collect().await }
    }

    /// Queues an event at once and gives what becomes of it, as it happens.
    pub fn invoke_streaming(&self, invoke: Invoke) -> ReplyStream {
        let (pieces, received) = mpsc::unbounded_channel();
        match self.waiting(invoke, pieces.clone()) {
            Ok(waiting) => self.queue.push(waiting),
            Err(name) => {
                let message = format!("the value for {name} cannot be a header");
                let reply = Reply::error("InvalidInvoke", &message);
                // The other end is still here.
                let _ = pieces.send(Piece::End(reply));
            }
        }
        ReplyStream::new(received)
    }

    fn waiting(&self, invoke: Invoke, pieces: Pieces) -> Result<Waiting, HeaderName> {
        let Queue { clock, random, .. } = &*self.queue;
        let request_id = invoke.request_id.unwrap_or_else(|| id::uuid(random));
        let trace_id = invoke.trace_id.unwrap_or_else(|| {
            let root = id::trace_root(clock.now(), random);
            id::trace_header(&root, random)
        });
        let arn = invoke
            .function_arn
            .unwrap_or_else(|| function_arn("us-east-1", "function"));
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::REQUEST_ID, Some(request_id.as_str())),
            (header::TRACE_ID, Some(trace_id.as_str())),
            (header::FUNCTION_ARN, Some(arn.as_str())),
            (header::TENANT_ID, invoke.tenant_id.as_deref()),
            (header::CLIENT_CONTEXT, invoke.client_context.as_deref()),
            (header::COGNITO_IDENTITY, invoke.cognito_identity.as_deref()),
        ] {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value).map_err(|_| name.clone())?;
                headers.insert(name, value);
            }
        }
        Ok(Waiting {
            request_id,
            event: invoke.event,
            headers,
            timeout: invoke.timeout,
            pieces,
        })
    }

    /// Another port for one process alone, so that what it takes and what it
    /// leaves behind is known to be its own.
    pub(crate) fn serve(&self, source: Arc<Source>) -> Result<Server, LocalError> {
        Server::start(&self.queue, source, self.intercept.clone())
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.queue.clock.now()
    }

    pub(crate) fn crash(&self, source: &Arc<Source>) {
        self.queue.crash(source);
    }
}

impl fmt::Debug for RuntimeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeApi")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

/// How long a client may hold up the end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// One listening port; it closes when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    open: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    fn start(
        queue: &Arc<Queue>,
        source: Arc<Source>,
        intercept: Option<Intercept>,
    ) -> Result<Self, LocalError> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bound = TcpListener::bind(wanted).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((tokio::net::TcpListener::from_std(listener)?, address))
        });
        let (listener, address) = bound.map_err(|source| LocalError::bind(wanted, source))?;
        let (open, closing) = watch::channel(());
        let router = endpoints::router(Arc::clone(queue), source, closing.clone(), intercept);
        let server = axum::serve(listener, router)
            .with_graceful_shutdown(endpoints::closed(closing))
            .into_future();
        let task = tokio::spawn(async move {
            // axum retries what can be retried; the rest never comes.
            let _ = server.await;
        });
        Ok(Self {
            address,
            open,
            task,
        })
    }

    /// Closes the port and waits until nobody can connect any more.
    pub(crate) async fn close(self) {
        let Self { open, mut task, .. } = self;
        drop(open);
        if tokio::time::timeout(LAST_ANSWERS, &mut task).await.is_err() {
            task.abort();
        }
    }
}
