use super::*;
use crate::source::Nature;

fn queue() -> Arc<Queue> {
    Queue::new(SharedClock::default(), SharedRandom::default())
}

fn source(resets_on_timeout: bool) -> Arc<Source> {
    Source::new(Nature {
        resets_on_timeout,
        is_process: true,
        ..Nature::default()
    })
}

fn push(queue: &Queue, request_id: &str) -> mpsc::UnboundedReceiver<Piece> {
    let (pieces, received) = mpsc::unbounded_channel();
    queue.push(Waiting {
        request_id: request_id.to_owned(),
        event: Bytes::from_static(b"{}"),
        headers: HeaderMap::new(),
        timeout: Duration::from_secs(60),
        pieces,
    });
    received
}

async fn end(mut received: mpsc::UnboundedReceiver<Piece>) -> Reply {
    loop {
        if let Piece::End(reply) = received.recv().await.unwrap() {
            return reply;
        }
    }
}

#[tokio::test]
async fn an_invocation_that_nobody_waits_for_is_skipped() {
    let queue = queue();
    let source = source(true);
    drop(push(&queue, "cancelled"));
    let replied = push(&queue, "wanted");

    let handed = queue.next(&source).await.unwrap();
    let id = Some(handed.invocation_id.as_str());
    let crashed = Piece::End(Reply::Crashed);
    queue.end(&source, "wanted", id, crashed).unwrap();

    assert_eq!(end(replied).await, Reply::Crashed);
}

#[tokio::test]
async fn two_attempts_with_one_request_id_are_told_apart() {
    let queue = queue();
    let source = source(false);
    let (mut first, second) = (push(&queue, "same"), push(&queue, "same"));
    let _first_id = queue.next(&source).await.unwrap().invocation_id;
    let second_id = queue.next(&source).await.unwrap().invocation_id;

    let timed_out = || Piece::End(Reply::TimedOut);
    let wrong = queue.end(&source, "same", Some("other"), timed_out());
    assert_eq!(wrong, Err(Refusal::WrongInvocation));
    queue
        .end(&source, "same", Some(&second_id), timed_out())
        .unwrap();

    assert_eq!(end(second).await, Reply::TimedOut);
    assert!(matches!(first.try_recv(), Ok(Piece::Taken { .. })));
    assert!(first.try_recv().is_err());
}

#[tokio::test]
async fn a_source_that_timed_out_takes_no_other_event() {
    let queue = queue();
    let (slow, fresh) = (source(true), source(true));
    let timed_out = push(&queue, "slow");
    let handed = queue.next(&slow).await.unwrap();
    queue.time_out(&handed.invocation_id);
    assert_eq!(end(timed_out).await, Reply::TimedOut);

    let _next = push(&queue, "next");
    assert!(queue.take(&slow).unwrap().is_none());
    assert!(queue.take(&fresh).unwrap().is_some());
}

#[tokio::test]
async fn a_crash_ends_only_what_its_own_source_took() {
    let queue = queue();
    let (crashing, healthy) = (source(false), source(false));
    let lost = push(&queue, "lost");
    queue.next(&crashing).await.unwrap();
    let mut kept = push(&queue, "kept");
    queue.next(&healthy).await.unwrap();

    queue.crash(&crashing);

    assert_eq!(end(lost).await, Reply::Crashed);
    assert!(matches!(kept.try_recv(), Ok(Piece::Taken { .. })));
    assert!(kept.try_recv().is_err());
}

#[tokio::test]
async fn a_stream_that_began_takes_no_second_answer_and_ends_once() {
    let queue = queue();
    let source = source(true);
    let received = push(&queue, "a");
    let handed = queue.next(&source).await.unwrap();
    let mut stream = queue.stream(&source, "a", None, HeaderMap::new()).unwrap();

    let second = queue.end(&source, "a", None, Piece::End(Reply::Crashed));
    assert_eq!(second, Err(Refusal::UnknownRequest));
    queue.time_out(&handed.invocation_id);
    stream.ended().await;
    assert!(!stream.end(Piece::Streamed(None)));
    assert_eq!(end(received).await, Reply::TimedOut);
}

#[tokio::test]
async fn one_worker_gets_the_next_event_when_its_answer_has_begun() {
    let queue = queue();
    let source = source(true);
    let _first = push(&queue, "first");
    queue.next(&source).await.unwrap();
    // Nothing waits, so there is nothing to refuse.
    assert!(queue.take(&source).unwrap().is_none());
    let _second = push(&queue, "second");
    assert_eq!(queue.take(&source).unwrap_err(), Busy);

    let stream = queue.stream(&source, "first", None, HeaderMap::new());

    assert!(stream.is_ok());
    assert!(queue.take(&source).unwrap().is_some());
}
