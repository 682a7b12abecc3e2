//! One request through the function and back, and the function's process kept
//! alive meanwhile.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::State, response::Response};
use bytes::Bytes;
use http::{Request, request::Parts};
use powertools_core::{SharedClock, SharedRandom};
use serde::Deserialize;

use crate::{
    EventFormat, Exit, FunctionProcess, FunctionProcessBuilder, Invoke, LocalError, Reply,
    RuntimeApi, ShutdownReason, answer,
    body::collect,
    event::{Arrival, TRACE_HEADER},
    id,
    notice::say,
    plan::Plan,
};

/// API Gateway's limit for a request.
const REQUEST_LIMIT: usize = 10 * 1024 * 1024;
/// Lambda's limit for an event.
const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// What stays the same from request to request.
pub(crate) struct Settings {
    pub(crate) address: SocketAddr,
    pub(crate) format: EventFormat,
    pub(crate) stage: String,
    pub(crate) timeout: Duration,
    pub(crate) function_arn: String,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
}

pub(crate) struct Gateway {
    settings: Settings,
    api: RuntimeApi,
    plan: Plan,
    function: Mutex<Function>,
}

enum Function {
    Started(Arc<FunctionProcess>),
    Stopped,
}

/// Why there is no reply.
enum Failure {
    NotStarted(LocalError),
    NotInitialised(Exit),
    Stopped,
}

impl Gateway {
    pub(crate) fn start(
        settings: Settings,
        api: RuntimeApi,
        plan: Plan,
    ) -> Result<Self, LocalError> {
        let process = Arc::new(FunctionProcessBuilder::from_plan(&plan).spawn(&api)?);
        Ok(Self {
            settings,
            api,
            plan,
            function: Mutex::new(Function::Started(process)),
        })
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    /// Kills the function for good and waits until it is gone.
    pub(crate) async fn stop(&self) {
        if let Some(process) = self.end() {
            process.shut_down(ShutdownReason::Spindown).await;
        }
    }

    /// Kills the function for good.
    pub(crate) fn start_stop(&self) {
        if let Some(process) = self.end() {
            process.start_kill();
        }
    }

    fn end(&self) -> Option<Arc<FunctionProcess>> {
        match std::mem::replace(&mut *self.function(), Function::Stopped) {
            Function::Started(process) => Some(process),
            Function::Stopped => None,
        }
    }

    async fn handle(&self, parts: &Parts, body: Body) -> Response {
        let format = self.settings.format;
        let Some(sent) = collect(body, REQUEST_LIMIT).await else {
            // The client broke off; it will not read this either.
            return answer::failure(format).map(Body::from);
        };
        let invoke = if sent.too_large {
            None
        } else {
            self.invoke(parts, &sent.body)
        };
        let Some(invoke) = invoke else {
            return answer::too_large(format).map(Body::from);
        };
        let reply = match self.reply(invoke).await {
            Ok(reply) => reply,
            Err(failure) => {
                report(parts, &failure.reason());
                return answer::failure(format).map(Body::from);
            }
        };
        let response = match reply {
            Reply::Response { body } => answer::response(format, &body)
                .ok_or_else(|| "gave an answer that the service does not understand".to_owned()),
            Reply::Streamed {
                status,
                headers,
                cookies,
                body,
                error,
            } => {
                if let Some(error) = error {
                    let body = String::from_utf8_lossy(&error.body);
                    report(
                        parts,
                        &format!("broke off its stream: {}: {body}", error.error_type),
                    );
                }
                answer::streamed(status, headers, &cookies, body)
                    .ok_or_else(|| "gave invalid cookies in the prelude of its stream".to_owned())
            }
            Reply::Error { body, .. } => Err(format!("failed: {}", error_text(&body))),
            Reply::TimedOut => Err(format!(
                "timed out after {} ms",
                self.settings.timeout.as_millis()
            )),
            Reply::Crashed => Err("crashed: its process ended".to_owned()),
        };
        let response = response.unwrap_or_else(|reason| {
            report(parts, &reason);
            answer::failure(format)
        });
        response.map(Body::from)
    }

    /// The event with its context; `None` if it is too large for Lambda.
    fn invoke(&self, parts: &Parts, body: &[u8]) -> Option<Invoke> {
        let Settings { clock, random, .. } = &self.settings;
        let now = clock.now();
        // As API Gateway does, go on with the trace that the client began.
        let begun = parts
            .headers
            .get(TRACE_HEADER)
            .and_then(|value| trace_root(value.to_str().ok()?));
        let trace_root = begun.unwrap_or_else(|| id::trace_root(now, random));
        let arrival = Arrival {
            parts,
            body,
            stage: &self.settings.stage,
            address: self.settings.address,
            now,
            request_id: &id::uuid(random),
            trace_root: &trace_root,
        };
        let event = arrival.event(self.settings.format).to_string();
        if event.len() > EVENT_LIMIT {
            return None;
        }
        let invoke = Invoke::new(event)
            .timeout(self.settings.timeout)
            .trace_id(id::trace_header(&trace_root, random))
            .function_arn(&self.settings.function_arn);
        Some(invoke)
    }

    /// Runs the invocation, and starts the function's process again as often
    /// as it ends while the event still waits for one.
    async fn reply(&self, invoke: Invoke) -> Result<Reply, Failure> {
        let mut reply = std::pin::pin!(self.api.invoke(invoke));
        loop {
            let process = self.running()?;
            tokio::select! {
                // A process replies to what it took before it is said to have ended.
                biased;
                reply = &mut reply => return Ok(reply),
                exit = process.wait() => {
                    // A process that was killed before it could ask is no init error.
                    self.running_or_stopped()?;
                    if exit.is_init_error() {
                        return Err(Failure::NotInitialised(exit));
                    }
                }
            }
        }
    }

    /// The process, started again if it has ended.
    fn running(&self) -> Result<Arc<FunctionProcess>, Failure> {
        let mut function = self.function();
        match &*function {
            Function::Stopped => Err(Failure::Stopped),
            Function::Started(process) if process.is_running() => Ok(Arc::clone(process)),
            Function::Started(_) => {
                say("starting the function again");
                let again = FunctionProcessBuilder::from_plan(&self.plan).spawn(&self.api);
                let process = Arc::new(again.map_err(Failure::NotStarted)?);
                *function = Function::Started(Arc::clone(&process));
                Ok(process)
            }
        }
    }

    fn running_or_stopped(&self) -> Result<(), Failure> {
        match &*self.function() {
            Function::Stopped => Err(Failure::Stopped),
            Function::Started(_) => Ok(()),
        }
    }

    fn function(&self) -> MutexGuard<'_, Function> {
        // It is replaced in one step.
        self.function.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    let format = gateway.settings.format;
    let (parts, body) = request.into_parts();
    // A task of its own: a client that goes away does not stop an invocation.
    let handled = tokio::spawn(async move { gateway.handle(&parts, body).await });
    handled
        .await
        .unwrap_or_else(|_| answer::failure(format).map(Body::from))
}

impl Failure {
    fn reason(&self) -> String {
        match self {
            Self::NotStarted(error) => format!("did not start: {error:?}"),
            Self::NotInitialised(exit) => match (exit.init_error(), exit.status()) {
                (Some(error), _) => format!("could not initialise: {}", error_text(error)),
                (None, Some(status)) => format!("ended before it took an event: {status}"),
                (None, None) => "ended before it took an event".to_owned(),
            },
            Self::Stopped => "is being ended".to_owned(),
        }
    }
}

/// Tells the developer what the client must not see.
fn report(parts: &Parts, reason: &str) {
    say(&format!(
        "{} {}: the function {reason}",
        parts.method,
        parts.uri.path()
    ));
}

fn error_text(body: &Bytes) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Diagnostic {
        error_type: String,
        error_message: String,
    }

    match serde_json::from_slice::<Diagnostic>(body) {
        Ok(error) => format!("{}: {}", error.error_type, error.error_message),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

fn trace_root(header: &str) -> Option<String> {
    let root = header
        .split(';')
        .find_map(|part| part.trim().strip_prefix("Root="))?;
    let ok = root.len() == 35
        && root
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    ok.then(|| root.to_owned())
}
