//! A second opinion on X-Ray documents: moto takes what the checker takes, and of what the
//! checker refuses it refuses the part that it knows about.

#[path = "support/plain_http.rs"]
mod plain_http;

use std::{future::Future, net::UdpSocket, time::Duration};

use serde_json::{Value, json};
use testbed::{check::trace::TraceCheck, servers::Aws, sink::XrayDaemon};

const TRACE: &str = "1-581cf771-a006649127e371903a2de979";

async fn limited<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), test)
        .await
        .expect("the test ends in time")
}

/// Calls an action of X-Ray. moto checks no signature, but reads region and service there;
/// the account it takes from a header of its own, not from the access key.
async fn call(aws: &Aws, action: &str, body: &Value) -> Value {
    let (key, region) = (aws.access_key(), aws.region());
    let credential = format!("Credential={key}/20260101/{region}/xray/aws4_request");
    let authorization = format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("x-moto-account-id", key),
    ];
    let path = format!("/{action}");
    let body = body.to_string();
    let reply = plain_http::post(aws.address(), &path, &headers, body.as_bytes()).await;
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, 200, "{text}");
    let length = reply.header("content-length");
    assert_eq!(length, Some(text.len().to_string().as_str()), "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The documents that moto did not take.
async fn unprocessed(aws: &Aws, documents: &[String]) -> Vec<Value> {
    let body = json!({"TraceSegmentDocuments": documents});
    let reply = call(aws, "TraceSegments", &body).await;
    reply["UnprocessedTraceSegments"]
        .as_array()
        .unwrap()
        .clone()
}

fn segment() -> Value {
    json!({
        "name": "pay", "id": "6226467e3f845502", "trace_id": TRACE,
        "start_time": 1_700_000_000.25, "end_time": 1_700_000_001.5,
        "annotations": {"n": 1}, "metadata": {"pay": {"a": [null]}},
    })
}

fn subsegment() -> Value {
    json!({
        "name": "## handler", "id": "70de5b6f19ff9a0a", "trace_id": TRACE,
        "type": "subsegment", "parent_id": "6226467e3f845502", "namespace": "local",
        "start_time": 1_700_000_000.5, "end_time": 1_700_000_001.25, "in_progress": false,
    })
}

#[tokio::test]
async fn documents_from_the_daemon_pass_both_the_checker_and_moto() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for document in [subsegment(), segment()] {
            let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
            socket
                .send_to(datagram.as_bytes(), daemon.address())
                .unwrap();
        }
        let documents = daemon.wait_for(2).await;
        let trace = TraceCheck::new().assert_trace(&documents);
        trace.assert_path(&["pay", "## handler"]);

        let aws = Aws::moto();
        assert_eq!(unprocessed(&aws, &documents).await, [] as [Value; 0]);
        let reply = call(&aws, "Traces", &json!({"TraceIds": [TRACE]})).await;
        let stored = reply["Traces"][0]["Segments"].as_array().unwrap();
        let mut names: Vec<Value> = Vec::new();
        for segment in stored {
            let document = segment["Document"].as_str().unwrap();
            names.push(serde_json::from_str::<Value>(document).unwrap()["name"].clone());
        }
        assert_eq!(names, ["pay", "## handler"]);
    })
    .await;
}

#[tokio::test]
async fn what_moto_refuses_the_checker_refuses_as_well() {
    limited(async {
        let aws = Aws::moto();
        for member in ["id", "name", "trace_id", "start_time", "end_time"] {
            let mut document = segment();
            document.as_object_mut().unwrap().remove(member).unwrap();
            let document = document.to_string();
            let refused = unprocessed(&aws, std::slice::from_ref(&document)).await;
            assert_eq!(refused.len(), 1, "moto without {member}: {refused:?}");
            let checked = TraceCheck::new().document(&document);
            assert!(checked.is_err(), "the checker without {member}");
        }
    })
    .await;
}

#[tokio::test]
async fn another_account_on_moto_does_not_see_the_trace() {
    limited(async {
        let (first, second) = (Aws::moto(), Aws::moto());
        unprocessed(&first, &[segment().to_string()]).await;
        for (aws, count) in [(&first, 1), (&second, 0)] {
            let reply = call(aws, "Traces", &json!({"TraceIds": [TRACE]})).await;
            assert_eq!(reply["Traces"].as_array().unwrap().len(), count, "{reply}");
        }
    })
    .await;
}
