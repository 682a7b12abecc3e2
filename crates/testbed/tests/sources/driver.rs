//! The driver around an async function, in the process and behind the Runtime API.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use bytes::Bytes;
use powertools_local::{Invoke, Reply, RuntimeApi};
use serde_json::Value;
use testbed::source::{Driver, EventSource as _, Fate, Outcome, SqsSource};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Barrier,
    time::timeout,
};

use crate::support::{seconds, send};

const LIMIT: Duration = Duration::from_secs(60);

fn ids(event: &Bytes) -> Vec<String> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let records = event["Records"].as_array().unwrap().iter();
    records
        .map(|record| record["messageId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_function_is_called_until_the_queue_is_empty() {
    let mut queue = SqsSource::standard()
        .report_batch_item_failures(true)
        .batch_size(2)
        .build()
        .unwrap();
    let sent = send(&mut queue, ["a", "b", "c"]);
    let handled = RefCell::new(Vec::new());
    let failed_once = Cell::new(false);
    let run = Driver::new().run(&mut queue, |event| {
        let ids = ids(&event);
        let handled = &handled;
        let failed_once = &failed_once;
        async move {
            tokio::task::yield_now().await;
            let fails = !failed_once.replace(true);
            let (failed, done) = ids.split_at(usize::from(fails));
            handled.borrow_mut().extend_from_slice(done);
            Outcome::failures(failed)
        }
    });
    let invocations = timeout(LIMIT, run).await.unwrap();
    assert_eq!(invocations, 3);
    let handled = handled.into_inner();
    assert_eq!(handled, [&sent[1], &sent[2], &sent[0]].map(Clone::clone));
    queue.log().assert_each_processed_at_least_once(&handled);
    queue.log().assert_none_handled_twice(&handled);
    assert_eq!(
        queue.now(),
        seconds(30),
        "the failed message was waited for"
    );
}

#[tokio::test]
async fn as_many_invocations_as_allowed_run_at_once() {
    let mut queue = SqsSource::standard().batch_size(1).build().unwrap();
    send(&mut queue, ["a", "b", "c", "d", "e", "f"]);
    // Nobody passes the barrier alone, and a fourth one would be counted.
    let barrier = Barrier::new(3);
    let (running, most) = (Cell::new(0), Cell::new(0));
    let run = Driver::new().concurrency(3).run(&mut queue, |_| async {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        barrier.wait().await;
        running.set(running.get() - 1);
        Outcome::success()
    });
    assert_eq!(timeout(LIMIT, run).await.unwrap(), 6);
    assert_eq!(most.get(), 3);
}

#[tokio::test]
#[should_panic(expected = "the source has not run dry after 5 invocations")]
async fn an_endless_run_is_given_up() {
    let mut queue = SqsSource::standard().build().unwrap();
    send(&mut queue, ["a"]);
    let run = Driver::new()
        .max_invocations(5)
        .run(&mut queue, |_| async { Outcome::Error });
    let _ = timeout(LIMIT, run).await;
}

#[tokio::test]
async fn a_function_that_never_waits_leaves_others_a_turn() {
    let mut queue = SqsSource::standard().build().unwrap();
    send(&mut queue, ["a"]);
    let run = Driver::new().run(&mut queue, |_| async { Outcome::Error });
    tokio::select! {
        biased;
        invocations = run => panic!("{invocations} invocations in one turn"),
        () = std::future::ready(()) => {}
    }
}

/// A function without a runtime: takes one invocation from the Runtime API and answers it.
async fn serve_one(api: &RuntimeApi, end: &str, body: &str) {
    let address = api.address();
    let mut next = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    );
    next.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    next.read_to_string(&mut response).await.unwrap();
    let id = response
        .lines()
        .find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "))
        .expect("an invocation has an id");
    let mut answer = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /2018-06-01/runtime/invocation/{id}/{end} HTTP/1.1\r\nhost: {address}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    answer.write_all(request.as_bytes()).await.unwrap();
    answer.read_to_string(&mut String::new()).await.unwrap();
}

#[tokio::test]
async fn a_real_reply_is_an_outcome() {
    let mut queue = SqsSource::standard()
        .report_batch_item_failures(true)
        .max_receive_count(2)
        .build()
        .unwrap();
    let [a, b] = send(&mut queue, ["a", "b"]);
    let api = timeout(LIMIT, RuntimeApi::bind()).await.unwrap().unwrap();
    let function = async {
        let failed = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{b}"}}]}}"#);
        serve_one(&api, "response", &failed).await;
        serve_one(&api, "error", r#"{"errorType":"E","errorMessage":"m"}"#).await;
    };
    let run = Driver::new().run(&mut queue, |event| api.invoke(Invoke::new(event)));
    let both = async { tokio::join!(run, function) };
    let (invocations, ()) = timeout(LIMIT, both).await.unwrap();
    assert_eq!(invocations, 2);
    assert_eq!(queue.log().fate(&a), Some(Fate::Processed));
    assert_eq!(queue.log().fate(&b), Some(Fate::DeadLettered));
}

#[test]
fn a_crash_is_an_error_and_a_timeout_a_timeout() {
    assert_eq!(Outcome::from(Reply::Crashed), Outcome::Error);
    assert_eq!(Outcome::from(Reply::TimedOut), Outcome::TimedOut);
}
