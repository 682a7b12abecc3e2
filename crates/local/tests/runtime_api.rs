//! The Runtime API with requests written by hand.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::time::Duration;

use powertools_local::{Invoke, Reply, RuntimeApi, StreamEnd};
use serde_json::{Value, json};
use support::{
    client::{self, NEXT},
    test,
};

const SHORT: Duration = Duration::from_millis(300);

fn main() {
    support::main(|| {
        vec![
            test("trailers_of_a_stream_are_read", trailers_of_a_stream),
            test("a_long_error_in_the_tail_of_a_stream_is_read", a_long_tail),
            test(
                "a_poller_that_goes_away_takes_nothing_with_it",
                a_poller_that_goes_away,
            ),
            test(
                "an_answer_with_a_wrong_id_is_refused",
                an_answer_with_a_wrong_id,
            ),
            test("a_late_answer_is_refused", a_late_answer_is_refused),
            test(
                "a_dropped_invocation_is_cancelled_while_it_waits",
                a_dropped_invocation,
            ),
            test(
                "an_extension_can_be_registered",
                an_extension_can_be_registered,
            ),
            test(
                "a_value_that_is_no_header_is_an_error",
                a_value_that_is_no_header,
            ),
        ]
    });
}

fn event() -> Invoke {
    Invoke::new("{}").timeout(Duration::from_secs(60))
}

async fn trailers_of_a_stream() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = tokio::spawn(api.invoke(event().request_id("a")));
    client::send(api.address(), NEXT, &[], b"").await;
    let sent = client::send(
        api.address(),
        "POST /2018-06-01/runtime/invocation/a/response",
        &[
            "transfer-encoding: chunked",
            "lambda-runtime-function-response-mode: streaming",
            "trailer: lambda-runtime-function-error-type, lambda-runtime-function-error-body",
        ],
        b"4\r\npart\r\n0\r\nLambda-Runtime-Function-Error-Type: Broken\r\n\
          Lambda-Runtime-Function-Error-Body: Ym9vbQ==\r\n\r\n",
    )
    .await;

    assert_eq!(sent.status, 202);
    let reply = reply.await.unwrap();
    let Reply::Streamed {
        body,
        error: Some(error),
        ..
    } = reply
    else {
        panic!("{reply:?}");
    };
    assert_eq!(body, "part");
    assert_eq!(error.error_type, "Broken");
    assert_eq!(error.body, "boom");
    assert!(!error.is_in_body());
}

async fn a_long_tail() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = api.invoke_streaming(event().request_id("a"));
    client::send(api.address(), NEXT, &[], b"").await;
    let body = format!(
        "part\r\nLambda-Runtime-Function-Error-Type: Broken\r\n\
         Lambda-Runtime-Function-Error-Body: {}\r\n",
        "AAAA".repeat(100_000)
    );
    client::send(
        api.address(),
        "POST /2018-06-01/runtime/invocation/a/response",
        &["lambda-runtime-function-response-mode: streaming"],
        body.as_bytes(),
    )
    .await;

    let StreamEnd::Error(error) = reply.end().await else {
        panic!("no error was found");
    };
    assert!(error.is_in_body());
    assert_eq!(error.body.len(), 300_000);
}

async fn a_poller_that_goes_away() {
    let api = RuntimeApi::bind().await.unwrap();
    for n in 0..50 {
        let gone = client::begin(api.address(), NEXT, &[], b"").await;
        // A round trip, so that the server holds the request above.
        let unknown = "POST /2018-06-01/runtime/invocation/none/response";
        client::send(api.address(), unknown, &[], b"{}").await;
        drop(gone);
        let id = format!("request-{n}");
        let _reply = tokio::spawn(api.invoke(event().request_id(&id)));

        let taken = client::send(api.address(), NEXT, &[], b"").await;
        assert_eq!(
            taken.header("lambda-runtime-aws-request-id"),
            Some(id.as_str())
        );
    }
}

async fn an_answer_with_a_wrong_id() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = tokio::spawn(api.invoke(event().request_id("a")));
    let taken = client::send(api.address(), NEXT, &[], b"").await;
    let right = format!(
        "lambda-runtime-invocation-id: {}",
        taken.header("lambda-runtime-invocation-id").unwrap()
    );
    let post = async |id: &str, header: &str| {
        let start = format!("POST /2018-06-01/runtime/invocation/{id}/response");
        client::send(api.address(), &start, &[header], b"{}").await
    };

    let unknown = post("b", &right).await;
    assert_eq!(
        (unknown.status, &unknown.json()["errorType"]),
        (400, &json!("InvalidRequestID"))
    );
    let wrong = post("a", "lambda-runtime-invocation-id: other").await;
    assert_eq!(
        (wrong.status, &wrong.json()["errorType"]),
        (400, &json!("InvalidInvocationId"))
    );
    assert_eq!(post("a", &right).await.status, 202);
    assert_eq!(post("a", &right).await.status, 400);
    assert!(matches!(reply.await.unwrap(), Reply::Response { .. }));
}

async fn a_late_answer_is_refused() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = tokio::spawn(api.invoke(event().request_id("a").timeout(SHORT)));
    client::send(api.address(), NEXT, &[], b"").await;

    assert_eq!(reply.await.unwrap(), Reply::TimedOut);
    let start = "POST /2018-06-01/runtime/invocation/a/response";
    assert_eq!(
        client::send(api.address(), start, &[], b"{}").await.status,
        400
    );
}

async fn a_dropped_invocation() {
    let api = RuntimeApi::bind().await.unwrap();
    let dropped = tokio::spawn(api.invoke(event().request_id("dropped")));
    let _kept = tokio::spawn(api.invoke(event().request_id("kept")));
    tokio::task::yield_now().await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());

    let taken = client::send(api.address(), NEXT, &[], b"").await;
    assert_eq!(taken.header("lambda-runtime-aws-request-id"), Some("kept"));
}

async fn an_extension_can_be_registered() {
    let api = RuntimeApi::bind().await.unwrap();
    let name = "lambda-extension-name: helper";
    let start = "POST /2020-01-01/extension/register";

    let registered = client::send(api.address(), start, &[name], br#"{"events":[]}"#).await;

    assert_eq!(registered.status, 200);
    assert!(registered.header("lambda-extension-identifier").is_some());
    assert_eq!(registered.json()["functionName"], "function");
}

async fn a_value_that_is_no_header() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = api.invoke(event().tenant_id("a\nb")).await;

    let error: Value = reply.json().unwrap();
    assert_eq!(error["errorType"], "InvalidInvoke");
}
