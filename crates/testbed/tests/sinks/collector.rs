//! The collector, as it takes and refuses.

use std::{io::Write as _, net::TcpListener, time::Duration};

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse},
        metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
        trace::v1::ExportTraceServiceResponse,
    },
    common::v1::any_value::Value,
    logs::v1::ResourceLogs,
    metrics::v1::ResourceMetrics,
};
use prost::Message as _;
use testbed::sink::{OtlpCollector, Payload};

use crate::{
    export, limited,
    plain_http::{Reply, post},
};

const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");
const JSON: (&str, &str) = ("Content-Type", "application/json");
const GZIP: (&str, &str) = ("Content-Encoding", "gzip");

type Headers<'a> = &'a [(&'a str, &'a str)];

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

async fn traces(collector: &OtlpCollector, headers: Headers<'_>, body: &[u8]) -> Reply {
    post(collector.address(), "/v1/traces", headers, body).await
}

#[tokio::test]
async fn both_formats_are_taken_with_and_without_gzip() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let protobuf = export(&["a"]).encode_to_vec();
        let json = serde_json::to_vec(&export(&["a"])).unwrap();
        let charset = ("content-type", "application/json; charset=utf-8");
        let capitals = ("Content-Type", "Application/X-Protobuf");
        let gzip_in_capitals = ("Content-Encoding", "GZIP");
        let cases: [(&str, Headers<'_>, Vec<u8>); 6] = [
            ("protobuf", &[PROTOBUF], protobuf.clone()),
            ("protobuf with gzip", &[PROTOBUF, GZIP], gzip(&protobuf)),
            (
                "in capitals",
                &[capitals, gzip_in_capitals],
                gzip(&protobuf),
            ),
            ("JSON", &[JSON], json.clone()),
            ("JSON with gzip", &[JSON, GZIP], gzip(&json)),
            ("JSON with a character set", &[charset], json.clone()),
        ];
        for (name, headers, body) in &cases {
            let reply = traces(&collector, headers, body).await;
            assert_eq!(reply.status, 200, "{name}");
            let is_json = name.starts_with("JSON");
            let content_type = if is_json { JSON.1 } else { PROTOBUF.1 };
            assert_eq!(reply.header("content-type"), Some(content_type), "{name}");
            let response: ExportTraceServiceResponse = if is_json {
                serde_json::from_slice(&reply.body).unwrap()
            } else {
                ExportTraceServiceResponse::decode(&reply.body[..]).unwrap()
            };
            assert_eq!(response.partial_success, None, "{name}");
        }
        let requests = collector.wait_for(6).await;
        for (request, (name, _, body)) in requests.iter().zip(&cases) {
            assert_eq!(
                request.payload(),
                &Payload::Traces(export(&["a"])),
                "{name}"
            );
            assert_eq!(request.sent_bytes(), body.len(), "{name}");
            let plain = if name.starts_with("JSON") {
                json.len()
            } else {
                protobuf.len()
            };
            assert_eq!(request.bytes(), plain, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn metrics_and_logs_have_their_own_paths() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let metrics = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                schema_url: "m".to_owned(),
                ..ResourceMetrics::default()
            }],
        };
        let logs = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                schema_url: "l".to_owned(),
                ..ResourceLogs::default()
            }],
        };
        let key = ("x-api-key", "secret");
        let address = collector.address();
        let body = metrics.encode_to_vec();
        let reply = post(address, "/v1/metrics", &[PROTOBUF, key], &body).await;
        ExportMetricsServiceResponse::decode(&reply.body[..]).unwrap();
        let body = serde_json::to_vec(&logs).unwrap();
        let reply = post(address, "/v1/logs", &[JSON], &body).await;
        serde_json::from_slice::<ExportLogsServiceResponse>(&reply.body).unwrap();
        let requests = collector.wait_for(2).await;
        assert_eq!(requests[0].payload(), &Payload::Metrics(metrics));
        assert_eq!(requests[0].path(), "/v1/metrics");
        assert_eq!(requests[0].headers()["x-api-key"], "secret");
        assert_eq!(requests[1].payload(), &Payload::Logs(logs));
        assert_eq!(
            post(address, "/v1/profiles", &[PROTOBUF], b"").await.status,
            404
        );
    })
    .await;
}

#[tokio::test]
async fn spans_are_found_with_their_resource_and_scope() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        for names in [&["a", "b"][..], &["c"]] {
            traces(&collector, &[PROTOBUF], &export(names).encode_to_vec()).await;
        }
        let spans = collector.wait_for_spans(3).await;
        let names: Vec<_> = spans.iter().map(|span| span.name()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let last = &spans[2];
        assert_eq!(
            last.resource("service.name"),
            Some(&Value::StringValue("pay".to_owned()))
        );
        assert_eq!(
            last.attribute("k"),
            Some(&Value::StringValue("v".to_owned()))
        );
        assert_eq!(last.attribute("service.name"), None);
        assert_eq!(last.scope(), "tests");
        assert_eq!(last.trace_id(), "ab".repeat(16));
        assert_eq!(
            (last.span_id(), last.parent_id()),
            ("01".repeat(8), "02".repeat(8))
        );
    })
    .await;
}

#[tokio::test]
async fn the_published_json_form_is_read_with_hex_ids_and_numbers_as_text() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let body = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{
            "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
            "name":"I'm a server span","startTimeUnixNano":"1544712660000000000","kind":2,
            "attributes":[{"key":"n","value":{"intValue":"7"}}]}]}]}]}"#;
        assert_eq!(traces(&collector, &[JSON], body).await.status, 200);
        let span = &collector.spans()[0];
        assert_eq!(span.trace_id(), "5b8efff798038103d269b633813fc60c");
        assert_eq!(span.span().start_time_unix_nano, 1_544_712_660_000_000_000);
        assert_eq!(span.attribute("n"), Some(&Value::IntValue(7)));
    })
    .await;
}

#[tokio::test]
async fn bad_requests_are_refused_and_kept_with_the_reason() {
    limited(async {
        let collector = OtlpCollector::bind_with_max_bytes(1000).unwrap();
        let good = export(&["a"]).encode_to_vec();
        let bomb = gzip(&vec![0; 1001]);
        assert!(bomb.len() < 1000);
        let text = ("Content-Type", "text/plain");
        let zstd = ("Content-Encoding", "zstd");
        let cases: [(&str, u16, Headers<'_>, &[u8]); 9] = [
            ("no content type", 415, &[], &good),
            ("text", 415, &[text], &good),
            (
                "JSON called protobuf",
                400,
                &[PROTOBUF],
                b"{\"resourceSpans\":[]}",
            ),
            ("half a protobuf", 400, &[PROTOBUF], &good[..good.len() - 1]),
            ("half a JSON", 400, &[JSON], b"{\"resourceSpans\":["),
            ("another encoding", 400, &[PROTOBUF, zstd], &good),
            ("no gzip", 400, &[PROTOBUF, GZIP], &good),
            ("too many bytes", 413, &[PROTOBUF], &[0; 1001]),
            ("too many bytes after gzip", 413, &[PROTOBUF, GZIP], &bomb),
        ];
        for (name, status, headers, body) in cases {
            let reply = traces(&collector, headers, body).await;
            assert_eq!(reply.status, status, "{name}");
            let last = collector.requests().pop().unwrap();
            assert_eq!(last.status().as_u16(), status, "{name}");
            assert!(
                matches!(last.payload(), Payload::Refused(_)),
                "{name}: {last:?}"
            );
        }
        assert_eq!(collector.requests().len(), 9);
        assert_eq!(collector.spans(), []);
        let reply = traces(&collector, &[JSON], b"nope").await;
        let status: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert!(status["message"].is_string(), "{status}");
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "waited 50ms for 2 requests")]
async fn a_wait_in_vain_fails_with_what_came() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let collector = collector.time_limit(Duration::from_millis(50));
        traces(&collector, &[PROTOBUF], b"").await;
        collector.wait_for(2).await;
    })
    .await;
}

#[tokio::test]
async fn a_dropped_collector_gives_its_port_back() {
    limited(async {
        // Another process may take the port just then.
        for _ in 0..20 {
            let collector = OtlpCollector::bind().unwrap();
            let address = collector.address();
            traces(&collector, &[PROTOBUF], b"").await;
            drop(collector);
            if TcpListener::bind(address).is_ok() {
                return;
            }
        }
        panic!("20 ports were not free");
    })
    .await;
}
