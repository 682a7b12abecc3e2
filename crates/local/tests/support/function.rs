//! The function's side: this same executable with a Runtime API to ask.
#![allow(
    clippy::exit,
    reason = "a function that ends is what some tests are about"
)]

use std::{
    future::pending,
    io::Write,
    net::TcpStream,
    process::{exit, id},
    sync::{Arc, LazyLock},
};

use lambda_http::{Body, Request, RequestExt, Response};
use lambda_runtime::{
    BoxFuture, Error, LambdaEvent, Runtime, SnapStartResource, StreamResponse, service_fn,
    streaming,
};
use powertools_core::{Env, SharedClock};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};

/// Which function to be: `events`, `http`, `graceful`, `http-stream`,
/// `broken-stream`, `snap-start` with or without `-error` or `-hang`,
/// `init-exit`, `init-hang`, `init-error` or `answer`, whose answer is in `ANSWER`.
pub(crate) const KIND: &str = "TEST_FUNCTION";
pub(crate) const ANSWER: &str = "TEST_ANSWER";

/// All of them must be here before any of them goes on.
pub(crate) const OVERLAPPING: usize = 16;

static BARRIER: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(OVERLAPPING));
static RELEASE: Notify = Notify::const_new();
static RELEASED: Notify = Notify::const_new();
static ASLEEP: Notify = Notify::const_new();

#[tokio::main]
pub(crate) async fn run() {
    let env = Env::process();
    let started = now_ms();
    let result = match env.get(KIND).as_deref() {
        Some("http") => lambda_http::run_concurrent(service_fn(http)).await,
        Some("graceful") => {
            let hook = async || println!(r#"{{"message":"the hook ran"}}"#);
            lambda_runtime::spawn_graceful_shutdown_handler(hook).await;
            lambda_http::run_concurrent(service_fn(http)).await
        }
        Some("http-stream") => lambda_http::run_with_streaming_response(service_fn(http)).await,
        Some("broken-stream") => lambda_runtime::run(service_fn(broken_stream)).await,
        Some("init-exit") => exit(7),
        Some("init-hang") => loop {
            std::thread::park();
        },
        Some(kind) if kind.starts_with("snap-start") => snap_start(kind, started).await,
        Some("init-error") => init_error(&env),
        Some("answer") => {
            let answer: Value = serde_json::from_str(&env.get(ANSWER).unwrap()).unwrap();
            lambda_runtime::run(service_fn(move |_: LambdaEvent<Value>| {
                std::future::ready(Ok::<_, Error>(answer.clone()))
            }))
            .await
        }
        _ => lambda_runtime::run_concurrent(service_fn(move |event| events(event, started))).await,
    };
    result.unwrap();
}

async fn events(event: LambdaEvent<Value>, started: u64) -> Result<Value, Error> {
    match event.payload["do"].as_str() {
        Some("fail") => return Err("no luck".into()),
        Some("panic") => panic!("on purpose"),
        Some("exit") => exit(3),
        Some("sleep") => pending().await,
        Some("large") => return Ok("x".repeat(6 * 1024 * 1024 + 100_000).into()),
        Some("meet") => {
            BARRIER.wait().await;
        }
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
        "payload": event.payload,
        "pid": id(),
        "started": started,
        "now": now_ms(),
        "deadline": context.deadline,
        "requestId": context.request_id,
        "traceId": context.xray_trace_id,
        "arn": context.invoked_function_arn,
        "tenantId": context.tenant_id,
        "client": context.client_context.map(|client| client.custom),
        "identity": context.identity.map(|identity| identity.identity_id),
        "function": context.env_config.function_name,
        "memory": context.env_config.memory,
        "version": context.env_config.version,
        "logGroup": context.env_config.log_group,
        "maxConcurrency": Env::process().get("AWS_LAMBDA_MAX_CONCURRENCY"),
        "initializationType": Env::process().get("AWS_LAMBDA_INITIALIZATION_TYPE"),
    }))
}

async fn http(request: Request) -> Result<Response<Body>, Error> {
    match request.raw_http_path() {
        "/fail" => return Err("no luck".into()),
        "/panic" => panic!("on purpose"),
        "/exit" => exit(3),
        "/sleep" => {
            ASLEEP.notify_one();
            pending::<()>().await;
        }
        // Answers when there is another that sleeps.
        "/asleep" => ASLEEP.notified().await,
        "/meet" => {
            BARRIER.wait().await;
        }
        "/binary" => {
            let response = Response::builder().header("content-type", "application/octet-stream");
            return Ok(response.body(vec![0xff, 0x00].into())?);
        }
        "/pid" => {
            println!(r#"{{"message":"a line of the function"}}"#);
            return Ok(Response::new(id().to_string().into()));
        }
        _ => {}
    }
    let parameters = request.query_string_parameters();
    let answer = json!({
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "rawPath": request.raw_http_path(),
        "name": parameters.all("name"),
        "body": String::from_utf8_lossy(request.body()),
        "context": request.request_context_ref(),
        "requestId": request.lambda_context().request_id,
        "arn": request.lambda_context().invoked_function_arn,
        "traceId": request.lambda_context().xray_trace_id,
    });
    let response = Response::builder()
        .status(201)
        .header("content-type", "application/json")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2");
    Ok(response.body(answer.to_string().into())?)
}

/// Its hook after the restore does what the last word says.
async fn snap_start(kind: &str, started: u64) -> Result<(), Error> {
    struct Hook(&'static str);

    impl SnapStartResource for Hook {
        fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
            Box::pin(async {
                match self.0 {
                    "error" => Err("no luck".into()),
                    "hang" => pending().await,
                    _ => Ok(()),
                }
            })
        }
    }

    let does = match kind {
        "snap-start-error" => "error",
        "snap-start-hang" => "hang",
        _ => "nothing",
    };
    let handler = service_fn(move |event| events(event, started));
    let result = Runtime::new(handler)
        .register_snapstart_resource(Arc::new(Hook(does)))
        .run()
        .await;
    if does == "error" {
        // It said so already.
        exit(1);
    }
    result
}

async fn broken_stream(_: LambdaEvent<Value>) -> Result<StreamResponse<streaming::Body>, Error> {
    let (mut sender, body) = streaming::channel();
    tokio::spawn(async move {
        sender.send_data("part".into()).await.unwrap();
        sender.abort();
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

pub(crate) fn now_ms() -> u64 {
    let now = SharedClock::default()
        .now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    now.as_millis().try_into().unwrap()
}
