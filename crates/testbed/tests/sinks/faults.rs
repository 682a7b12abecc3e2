//! The answers that a test orders from the collector.

use std::{net::SocketAddr, time::Duration};

use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use testbed::sink::{Answer, OtlpCollector, Payload};

use crate::{
    export, limited,
    plain_http::{Reply, post},
};

async fn send(address: SocketAddr, name: &str) -> Reply {
    let headers = [("Content-Type", "application/x-protobuf")];
    let body = export(&[name]).encode_to_vec();
    post(address, "/v1/traces", &headers, &body).await
}

#[tokio::test]
async fn an_ordered_error_is_answered_so_often_and_then_no_more() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let wait = Duration::from_millis(1500);
        collector.answer_next(2, &Answer::unavailable().retry_after(wait));
        collector.answer_next(1, &Answer::status(StatusCode::BAD_GATEWAY));
        let mut answers = Vec::new();
        for _ in 0..4 {
            let reply = send(collector.address(), "a").await;
            let wait = reply.header("retry-after").map(str::to_owned);
            answers.push((reply.status, wait));
        }
        let two = Some("2".to_owned());
        assert_eq!(
            answers,
            [(503, two.clone()), (503, two), (502, None), (200, None)]
        );
    })
    .await;
}

#[tokio::test]
async fn spans_of_a_refused_request_do_not_count_but_are_kept() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        collector.answer_next(1, &Answer::unavailable());
        send(collector.address(), "refused").await;
        assert_eq!(collector.spans(), []);
        send(collector.address(), "taken").await;
        let spans = collector.wait_for_spans(1).await;
        assert_eq!(spans[0].name(), "taken");
        let first = &collector.requests()[0];
        assert_eq!(first.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(first.payload(), &Payload::Traces(export(&["refused"])));
    })
    .await;
}

#[tokio::test]
async fn a_partial_success_says_how_many_were_rejected() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        collector.answer_next(1, &Answer::partial_success(3, "too old"));
        let reply = send(collector.address(), "a").await;
        assert_eq!(reply.status, 200);
        let response = ExportTraceServiceResponse::decode(&reply.body[..]).unwrap();
        let partial = response.partial_success.unwrap();
        assert_eq!(
            (partial.rejected_spans, &*partial.error_message),
            (3, "too old")
        );
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_place_of_a_partial_success() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        collector.answer_next(1, &Answer::partial_success(1, "x"));
        let headers = [("Content-Type", "application/json")];
        let reply = post(collector.address(), "/v1/logs", &headers, b"nope").await;
        assert_eq!(reply.status, 400);
    })
    .await;
}
