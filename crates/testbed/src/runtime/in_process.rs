//! A runtime in this process: what `lambda_runtime` does, without its environment variables.

use std::{
    any::Any,
    fmt,
    future::poll_fn,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use lambda_runtime::{Config, Context, Diagnostic, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use tokio::task::JoinSet;
use tower_service::Service;

use super::{
    client::{Client, Event},
    config,
};

/// Whoever refuses `/next` again and again is not asked as fast as can be.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// The tasks that take events; they end with it.
pub(super) struct InProcess {
    workers: Mutex<JoinSet<()>>,
}

impl InProcess {
    pub(super) fn start<S, T, R>(config: &config::Config, address: SocketAddr, service: S) -> Self
    where
        S: Service<LambdaEvent<T>, Response = R> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Diagnostic> + fmt::Debug + Send,
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let name = &config.function_name;
        let lambda_config = Arc::new(Config {
            function_name: name.clone(),
            memory: i32::try_from(config.memory_size).unwrap_or(i32::MAX),
            version: "$LATEST".to_owned(),
            log_stream: "local".to_owned(),
            log_group: format!("/aws/lambda/{name}"),
        });
        let mut workers = JoinSet::new();
        let count = usize::try_from(config.workers).unwrap_or(usize::MAX);
        for service in std::iter::repeat_n(service, count) {
            let worker = Worker {
                client: Client::new(address),
                config: Arc::clone(&lambda_config),
                service,
            };
            workers.spawn(worker.run());
        }
        Self {
            workers: Mutex::new(workers),
        }
    }

    /// Ends the workers in the midst of what they do.
    pub(super) async fn stop(&self) {
        let mut workers = {
            let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *workers)
        };
        workers.shutdown().await;
    }
}

struct Worker<S> {
    client: Client,
    config: Arc<Config>,
    service: S,
}

impl<S> Worker<S> {
    async fn run<T, R>(mut self)
    where
        S: Service<LambdaEvent<T>, Response = R>,
        S::Error: Into<Diagnostic> + fmt::Debug,
        T: DeserializeOwned,
        R: Serialize,
    {
        // The port closes with the environment, and that is the end of the worker.
        while let Ok(event) = self.client.next().await {
            let Some(event) = event else {
                // It was refused. The real one ends, and is started again.
                tokio::time::sleep(AFTER_REFUSAL).await;
                continue;
            };
            let answer = self.handle(&event).await;
            if self.client.answer(&event, answer).await.is_err() {
                return;
            }
        }
    }

    async fn handle<T, R>(&mut self, event: &Event) -> Result<Vec<u8>, Diagnostic>
    where
        S: Service<LambdaEvent<T>, Response = R>,
        S::Error: Into<Diagnostic> + fmt::Debug,
        T: DeserializeOwned,
        R: Serialize,
    {
        let config = Arc::clone(&self.config);
        let context =
            Context::new(&event.request_id, config, &event.headers).map_err(Diagnostic::from)?;
        let payload = serde_json::from_slice(&event.body).map_err(|error| Diagnostic {
            error_type: "&lambda_runtime::deserializer::DeserializeError".to_owned(),
            error_message: format!(
                "failed to deserialize the incoming data into the function's payload type: {error}"
            ),
        })?;
        let lambda_event = LambdaEvent::new(payload, context);
        let service = &mut self.service;
        let ready = poll_fn(|cx| caught(|| service.poll_ready(cx)));
        ready.await?.map_err(Into::into)?;
        let called = catch_unwind(AssertUnwindSafe(|| service.call(lambda_event)));
        let mut future = pin!(called.map_err(|panic| panicked(&*panic))?);
        let response = poll_fn(|cx| caught(|| future.as_mut().poll(cx))).await?;
        let response = response.map_err(Into::into)?;
        serde_json::to_vec(&response).map_err(|error| Diagnostic {
            error_type: "serde_json::error::Error".to_owned(),
            error_message: error.to_string(),
        })
    }
}

/// A poll whose panic is an error.
fn caught<T>(poll: impl FnOnce() -> Poll<T>) -> Poll<Result<T, Diagnostic>> {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panicked(&*panic))),
    }
}

/// In the words of the real runtime.
fn panicked(panic: &(dyn Any + Send)) -> Diagnostic {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Diagnostic {
        error_type: "&alloc::boxed::Box<dyn core::any::Any + core::marker::Send>".to_owned(),
        error_message: message.map_or_else(
            || "Lambda panicked".to_owned(),
            |message| format!("Lambda panicked: {message}"),
        ),
    }
}
