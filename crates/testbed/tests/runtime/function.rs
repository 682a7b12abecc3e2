//! The function's side: this same executable with a Runtime API to ask.
#![allow(
    clippy::exit,
    reason = "a function that ends is what some tests are about"
)]

use std::{
    future::{Ready, pending, ready},
    io::{Read, Write},
    net::TcpStream,
    process::{exit, id},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use lambda_runtime::{
    BoxFuture, Error, LambdaEvent, Runtime, SnapStartResource, StreamResponse, service_fn,
    streaming,
};
use powertools_core::Env;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower_service::Service;

use crate::support::KIND;

/// A file that the first process makes.
pub(crate) const MARK: &str = "TEST_MARK";

/// How long an init takes when it is made up for.
pub(crate) const SLOW_INIT: Duration = Duration::from_millis(400);

static RELEASE: Notify = Notify::const_new();
static RELEASED: Notify = Notify::const_new();

#[tokio::main]
pub(crate) async fn run() {
    let env = Env::process();
    let kind = env.get(KIND).unwrap_or_default();
    println!("a line on standard output");
    eprintln!("a line on standard error");
    match kind.as_str() {
        "init-hang" => hang(),
        "init-exit" => exit(7),
        "init-error" => init_error(&env),
        "init-hang-once" if is_first(&env) => hang(),
        "init-exit-once" if is_first(&env) => exit(7),
        // The second one takes its time, which is a part of the invocation's.
        "init-hang-once" | "init-exit-once" => std::thread::sleep(SLOW_INIT),
        "graceful" => {
            let hook = async || println!("the hook ran");
            lambda_runtime::spawn_graceful_shutdown_handler(hook).await;
        }
        "graceful-hang" => {
            let hook = async || {
                println!("the hook began");
                pending::<()>().await;
            };
            lambda_runtime::spawn_graceful_shutdown_handler(hook).await;
        }
        _ => {}
    }
    let result = match kind.as_str() {
        "stream" => lambda_runtime::run(service_fn(stream)).await,
        "panics" => lambda_runtime::run(Panics).await,
        kind if kind.starts_with("snap-start") => {
            let hook = Arc::new(Hook(kind.trim_start_matches("snap-start").to_owned()));
            let runtime = Runtime::new(service_fn(events)).register_snapstart_resource(hook);
            runtime.run().await
        }
        _ => lambda_runtime::run_concurrent(service_fn(events)).await,
    };
    if let Err(error) = result {
        eprintln!("the runtime ended: {error}");
        exit(1);
    }
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn is_first(env: &Env) -> bool {
    std::fs::File::create_new(env.get(MARK).unwrap()).is_ok()
}

async fn events(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["do"].as_str() {
        Some("fail") => return Err("no luck".into()),
        Some("exit") => exit(3),
        Some("end") => exit(0),
        Some("kill") => {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::KILL)?;
            pending::<()>().await;
        }
        Some("hang") => pending().await,
        // Ends when another invocation says so, and says that it has.
        Some("hold") => {
            RELEASE.notified().await;
            RELEASED.notify_one();
        }
        Some("release") => {
            RELEASE.notify_one();
            RELEASED.notified().await;
        }
        _ => {}
    }
    let context = event.context;
    Ok(json!({
        "pid": id(),
        "requestId": context.request_id,
        "deadline": context.deadline,
        "traceId": context.xray_trace_id,
        "arn": context.invoked_function_arn,
        "tenantId": context.tenant_id,
        "client": context.client_context.map(|client| client.custom),
        "identity": context.identity.map(|identity| identity.identity_id),
        "memory": context.env_config.memory,
        "initializationType": Env::process().get("AWS_LAMBDA_INITIALIZATION_TYPE"),
        "logGroup": Env::process().get("AWS_LAMBDA_LOG_GROUP_NAME"),
        "maxConcurrency": Env::process().get("AWS_LAMBDA_MAX_CONCURRENCY"),
    }))
}

/// Panics where the event says.
#[derive(Clone)]
pub(crate) struct Panics;

impl Service<LambdaEvent<Value>> for Panics {
    type Response = Value;
    type Error = Error;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Value>) -> Answer {
        match event.payload["do"].as_str() {
            Some("panic in call") => panic!("on purpose in call"),
            Some("panic in poll") => Answer(None),
            _ => Answer(Some(ready(Ok(json!({ "pid": id() }))))),
        }
    }
}

/// Panics when it is polled, unless there is an answer.
pub(crate) struct Answer(Option<Ready<Result<Value, Error>>>);

impl Future for Answer {
    type Output = Result<Value, Error>;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = &mut self.0 else {
            panic!("on purpose in poll");
        };
        std::pin::Pin::new(answer).poll(cx)
    }
}

/// What it does after the restore.
struct Hook(String);

impl SnapStartResource for Hook {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            println!("before the snapshot");
            Ok(())
        })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            println!("after the restore");
            match self.0.as_str() {
                "-error" => Err("no luck".into()),
                "-hang" => pending().await,
                _ => Ok(()),
            }
        })
    }
}

/// Sends `one`, waits at the gate, and goes on as the event says.
async fn stream(event: LambdaEvent<Value>) -> Result<StreamResponse<streaming::Body>, Error> {
    let (mut sender, body) = streaming::channel();
    let what = event.payload["do"].as_str().unwrap_or_default().to_owned();
    let gate = event.payload["gate"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    tokio::spawn(async move {
        sender.send_data("one".into()).await.unwrap();
        let gate = tokio::task::spawn_blocking(move || {
            let mut gate = TcpStream::connect(gate).unwrap();
            gate.read_to_end(&mut Vec::new()).unwrap();
        });
        gate.await.unwrap();
        match what.as_str() {
            "abort" => sender.abort(),
            "exit" => exit(3),
            "hang" => pending().await,
            _ => sender.send_data("two".into()).await.unwrap(),
        }
    });
    Ok(body.into())
}

fn init_error(env: &Env) -> ! {
    let body = r#"{"errorType":"Init.NoConfig","errorMessage":"nothing to read"}"#;
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(env.get("AWS_LAMBDA_RUNTIME_API").unwrap()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    std::io::read_to_string(stream).unwrap();
    exit(1)
}
