//! The front with real functions: what a client of it sees.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::{
    io::{self, BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use powertools_core::Env;
use powertools_local::{EventFormat, Front, RunningFront};
use serde_json::{Value, json};
use support::{
    client::{self, get},
    function::{ANSWER, KIND, OVERLAPPING},
    test,
};
use tokio::task::JoinSet;

/// Which function the executable is to be the front of until it is interrupted.
const SERVE: &str = "TEST_SERVE";

fn main() {
    if let Some(kind) = Env::process().get(SERVE)
        && let Some(front) = Front::outside_lambda()
    {
        return serve(front.example("pid").env(KIND, kind));
    }
    support::main(|| {
        vec![
            test(
                "a_rest_request_goes_to_the_function_and_back",
                a_rest_request,
            ),
            test(
                "an_http_api_request_goes_to_the_function_and_back",
                an_http_api_request,
            ),
            test(
                "a_function_url_request_goes_to_the_function_and_back",
                a_function_url_request,
            ),
            test("a_streamed_answer_comes_back_whole", a_streamed_answer),
            test("a_binary_answer_comes_back_as_bytes", a_binary_answer),
            test("the_trace_that_the_client_began_goes_on", the_trace_goes_on),
            test(
                "a_failing_function_is_a_502_and_goes_on",
                a_failing_function,
            ),
            test("a_crashed_function_is_started_again", a_crashed_function),
            test(
                "a_timed_out_function_is_reset_and_nobody_else_suffers",
                a_timed_out_function,
            ),
            test(
                "each_service_has_its_own_words_for_a_failure",
                each_services_words,
            ),
            test("a_malformed_answer_is_a_502", a_malformed_answer),
            test(
                "a_function_that_cannot_initialise_is_a_502",
                a_function_that_cannot_initialise,
            ),
            test(
                "a_request_that_is_too_large_is_a_413",
                a_request_that_is_too_large,
            ),
            test("sixteen_requests_overlap", sixteen_requests_overlap),
            test("a_taken_port_is_named", a_taken_port),
            test("beyond_loopback_nothing_is_bound", beyond_loopback),
            test("stop_leaves_no_process_and_no_port", stop_leaves_nothing),
            test(
                "stop_answers_what_is_in_flight",
                stop_answers_what_is_in_flight,
            ),
            test("dropping_the_front_kills_the_function", dropping_the_front),
            test("ctrl_c_ends_the_front_and_the_function", || {
                interrupted("-INT")
            }),
            test(
                "ctrl_c_lets_a_graceful_shutdown_come_to_its_end",
                a_graceful_shutdown,
            ),
            test("sigterm_ends_the_front_and_the_function", || {
                interrupted("-TERM")
            }),
        ]
    });
}

#[tokio::main]
async fn serve(front: Front) {
    front.serve().await.unwrap();
}

fn front() -> Front {
    let front = Front::outside_lambda().unwrap();
    let front = front.address(SocketAddr::from(([127, 0, 0, 1], 0)));
    front.env(KIND, "http").env("RUST_BACKTRACE", "0")
}

async fn start(front: Front) -> (RunningFront, SocketAddr) {
    let running = front.start().await.unwrap();
    let address = running.address();
    (running, address)
}

async fn pid(address: SocketAddr) -> u32 {
    let answer = get(address, "/pid").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text().parse().unwrap()
}

async fn a_rest_request() {
    let (running, address) = start(front().stage("Prod").function_name("greeter")).await;
    let start = "POST /greeting?name=J%C3%BCrgen+M&name=b";
    let answer = client::send(address, start, &[], b"hello").await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let cookies = answer
        .headers
        .iter()
        .filter(|line| line.starts_with("set-cookie"));
    assert_eq!(
        cookies.collect::<Vec<_>>(),
        ["set-cookie: a=1", "set-cookie: b=2"]
    );
    let seen = answer.json();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["path"], "/Prod/greeting");
    assert_eq!(seen["rawPath"], "/greeting");
    assert_eq!(seen["name"], json!(["Jürgen M", "b"]));
    assert_eq!(seen["body"], "hello");
    assert_eq!(seen["context"]["stage"], "Prod");
    assert_eq!(seen["context"]["identity"]["sourceIp"], "127.0.0.1");
    assert_ne!(seen["context"]["requestId"], seen["requestId"]);
    assert!(
        seen["arn"].as_str().unwrap().ends_with(":function:greeter"),
        "{seen}"
    );
    running.stop().await;
}

async fn an_http_api_request() {
    let (running, address) = start(front().event_format(EventFormat::HttpApi)).await;
    let answer = client::send(address, "PUT /a%20b?name=1", &[], b"hello").await;

    assert_eq!(answer.status, 201);
    assert_eq!(
        answer
            .headers
            .iter()
            .filter(|line| line.starts_with("set-cookie"))
            .count(),
        2
    );
    let seen = answer.json();
    assert_eq!(seen["context"]["http"]["method"], "PUT");
    assert_eq!(seen["rawPath"], "/a b");
    assert_eq!(seen["path"], "/a%20b");
    assert_eq!(seen["name"], json!(["1"]));
    assert_eq!(seen["body"], "hello");
    running.stop().await;
}

async fn a_function_url_request() {
    let (running, address) = start(front().event_format(EventFormat::FunctionUrl)).await;
    let answer = client::send(address, "GET /a%20b", &["cookie: c=1"], b"").await;

    let seen = answer.json();
    assert_eq!(seen["context"]["accountId"], "anonymous");
    assert_eq!(seen["rawPath"], "/a%20b");
    assert_eq!(seen["body"], "");
    running.stop().await;
}

async fn a_streamed_answer() {
    let front = front()
        .env(KIND, "http-stream")
        .event_format(EventFormat::FunctionUrl);
    let (running, address) = start(front).await;
    let answer = get(address, "/stream").await;

    assert_eq!(answer.status, 201);
    assert_eq!(
        answer
            .headers
            .iter()
            .filter(|line| line.starts_with("set-cookie"))
            .count(),
        2
    );
    assert_eq!(answer.json()["rawPath"], "/stream");
    running.stop().await;
}

async fn a_binary_answer() {
    let (running, address) = start(front()).await;

    assert_eq!(get(address, "/binary").await.body, [0xff, 0x00]);
    running.stop().await;
}

async fn the_trace_goes_on() {
    let (running, address) = start(front()).await;
    let root = "Root=1-6553f100-0123456789abcdef01234567";
    let begun = format!("x-amzn-trace-id: {root}");

    let seen = client::send(address, "GET /", &[&begun], b"").await.json();
    let trace = seen["traceId"].as_str().unwrap();
    assert!(trace.starts_with(&format!("{root};Parent=")), "{trace}");
    running.stop().await;
}

async fn a_failing_function() {
    let (running, address) = start(front()).await;
    let before = pid(address).await;
    for path in ["/fail", "/panic"] {
        let answer = get(address, path).await;
        assert_eq!(answer.status, 502);
        assert_eq!(answer.text(), r#"{"message": "Internal server error"}"#);
    }

    assert_eq!(pid(address).await, before);
    running.stop().await;
}

async fn a_crashed_function() {
    let (running, address) = start(front()).await;
    let before = pid(address).await;
    assert_eq!(get(address, "/exit").await.status, 502);

    assert_ne!(pid(address).await, before);
    running.stop().await;
}

async fn a_timed_out_function() {
    let (running, address) = start(front().timeout(Duration::from_millis(500))).await;
    let before = pid(address).await;
    let sleeping = client::begin(address, "GET /sleep", &[], b"").await;
    // Waits behind it or comes before it, and is answered in either case.
    let behind = get(address, "/pid").await;
    let timed_out = client::receive(sleeping).await;

    assert_eq!(timed_out.status, 502);
    assert_eq!(behind.status, 200);
    assert_ne!(pid(address).await, before);
    assert!(!support::exists(before));
    running.stop().await;
}

async fn each_services_words() {
    for (format, status, body) in [
        (
            EventFormat::HttpApi,
            500,
            r#"{"message":"Internal Server Error"}"#,
        ),
        (EventFormat::FunctionUrl, 502, "Internal Server Error"),
    ] {
        let (running, address) = start(front().event_format(format)).await;
        let answer = get(address, "/fail").await;
        assert_eq!((answer.status, answer.text()), (status, body));
        running.stop().await;
    }
}

async fn a_malformed_answer() {
    let front = front()
        .env(KIND, "answer")
        .env(ANSWER, r#"{"message":"no proxy answer"}"#);
    let (running, address) = start(front).await;

    assert_eq!(get(address, "/").await.status, 502);
    running.stop().await;
}

async fn a_function_that_cannot_initialise() {
    for kind in ["init-exit", "init-error"] {
        let (running, address) = start(front().env(KIND, kind)).await;
        for _ in 0..2 {
            assert_eq!(get(address, "/").await.status, 502);
        }
        running.stop().await;
    }
}

async fn a_request_that_is_too_large() {
    let (running, address) = start(front()).await;
    for size in [7, 11] {
        let body = vec![b'x'; size * 1024 * 1024];
        assert_eq!(
            client::send(address, "POST /", &[], &body).await.status,
            413
        );
    }

    pid(address).await;
    running.stop().await;
}

async fn sixteen_requests_overlap() {
    let (running, address) = start(front().workers(OVERLAPPING.try_into().unwrap())).await;
    let mut requests = JoinSet::new();
    for n in 0..OVERLAPPING {
        requests.spawn(async move { get(address, &format!("/meet?name={n}")).await.json() });
    }

    // The function answers none of them before all of them are there.
    let mut names: Vec<String> = Vec::new();
    for seen in requests.join_all().await {
        names.push(seen["name"][0].as_str().map(str::to_owned).unwrap());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), OVERLAPPING);
    running.stop().await;
}

async fn a_taken_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = front().address(address).start().await.unwrap_err();

    assert!(error.is_address_in_use());
    assert_eq!(error.address(), Some(address));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

async fn beyond_loopback() {
    let error = front()
        .address(SocketAddr::from(([0, 0, 0, 0], 0)))
        .start()
        .await
        .unwrap_err();

    assert!(error.is_not_loopback(), "{error}");
}

async fn stop_leaves_nothing() {
    let (running, address) = start(front()).await;
    let function = pid(address).await;
    assert!(support::exists(function));

    running.stop().await;

    assert!(!support::exists(function));
    assert!(TcpListener::bind(address).is_ok(), "the port is free again");
}

async fn stop_answers_what_is_in_flight() {
    let (running, address) = start(front().workers(2)).await;
    let sleeping = client::begin(address, "GET /sleep", &[], b"").await;
    assert_eq!(get(address, "/asleep").await.status, 201);

    let (answer, ()) = tokio::join!(client::receive(sleeping), running.stop());

    assert_eq!(answer.status, 502);
}

async fn dropping_the_front() {
    let (running, address) = start(front()).await;
    let function = pid(address).await;
    drop(running);

    while support::exists(function) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn interrupted(signal: &str) {
    let (mut parent, address) = served("http");
    let function = pid(address).await;
    assert!(support::exists(function));

    assert!(support::signal(signal, &parent.id().to_string()));

    assert!(parent.wait().unwrap().success());
    assert!(!support::exists(function));
    let printed = printed(&mut parent);
    let line: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(line["message"], "a line of the function");
}

async fn a_graceful_shutdown() {
    let (mut parent, address) = served("graceful");
    pid(address).await;

    // As a terminal does it: the signal goes to both.
    assert!(support::signal("-INT", &format!("-{}", parent.id())));

    assert!(parent.wait().unwrap().success());
    let printed = printed(&mut parent);
    assert!(printed.contains("the hook ran"), "{printed}");
}

/// A front in a process of its own, at the head of its group.
fn served(kind: &str) -> (Child, SocketAddr) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .env(SERVE, kind)
        .env("POWERTOOLS_LOCAL_ADDRESS", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let stderr = parent.stderr.take().unwrap();
    let mut said = BufReader::new(stderr).lines().map(Result::unwrap);
    let line = said.find(|line| line.starts_with("try: curl ")).unwrap();
    // Somebody has to read on, or the function cannot write.
    thread::spawn(|| said.count());
    let url = line.split('\'').nth(1).unwrap();
    let address = url
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/pid")
        .unwrap();
    (parent, address.parse().unwrap())
}

fn printed(parent: &mut Child) -> String {
    io::read_to_string(parent.stdout.take().unwrap()).unwrap()
}
