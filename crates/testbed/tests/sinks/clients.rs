//! Clients that block, break off or err.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use testbed::sink::{Answer, OtlpCollector, Payload, XrayDaemon};

use crate::{limited, plain_http::post};

const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");

fn head(method: &str, length: usize) -> String {
    format!(
        "{method} /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/x-protobuf\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// The first line of the answer, or nothing.
fn blocking(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_client_may_block_the_only_thread_of_the_test() {
    let collector = OtlpCollector::bind().unwrap();
    let reply = blocking(collector.address(), &head("POST", 0));
    assert_eq!(reply, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn an_open_connection_does_not_keep_a_dropped_collector() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let mut stream = TcpStream::connect(collector.address()).unwrap();
        stream.write_all(head("POST", 100).as_bytes()).unwrap();
        drop(collector);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_no_request_and_takes_no_answer() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        collector.answer_next(1, &Answer::unavailable());
        let cut = format!("{}0123456789", head("POST", 100));
        TcpStream::connect(collector.address())
            .unwrap()
            .write_all(cut.as_bytes())
            .unwrap();
        let cut_off = collector.wait_for_cut_off(1).await;
        assert!(cut_off[0].starts_with("/v1/traces: "), "{cut_off:?}");
        assert_eq!(collector.requests(), []);
        let reply = post(collector.address(), "/v1/traces", &[PROTOBUF], b"").await;
        assert_eq!(reply.status, 503);
    })
    .await;
}

#[tokio::test]
async fn requests_to_nowhere_are_kept_and_take_no_answer() {
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        collector.answer_next(1, &Answer::unavailable());
        let address = collector.address();
        for path in ["/v1/traces/v1/traces", "/v1/traces/", "/"] {
            let reply = post(address, path, &[PROTOBUF], b"").await;
            assert_eq!(reply.status, 404, "{path}");
        }
        assert_eq!(
            blocking(address, &head("GET", 0)),
            "HTTP/1.1 405 Method Not Allowed"
        );
        let requests = collector.wait_for(4).await;
        assert_eq!(requests[0].path(), "/v1/traces/v1/traces");
        let statuses: Vec<u16> = requests.iter().map(|r| r.status().as_u16()).collect();
        assert_eq!(statuses, [404, 404, 404, 405]);
        let why = Payload::Refused("GET of /v1/traces, not POST".to_owned());
        assert_eq!(requests[3].payload(), &why);
        let reply = post(address, "/v1/traces", &[PROTOBUF], b"").await;
        assert_eq!(reply.status, 503);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_lasts_while_tokio_s_clock_is_paused() {
    let before = tokio::time::Instant::now();
    limited(async {
        let collector = OtlpCollector::bind().unwrap();
        let daemon = XrayDaemon::bind().unwrap();
        let (http, udp) = (collector.address(), daemon.address());
        let sender = thread::spawn(move || {
            // So long that a clock that does not stand still would have run ahead.
            thread::sleep(Duration::from_millis(50));
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let datagram = b"{\"format\":\"json\",\"version\":1}\n{}";
            socket.send_to(datagram, udp).unwrap();
            blocking(http, &head("POST", 0))
        });
        assert_eq!(daemon.wait_for(1).await, ["{}"]);
        assert_eq!(collector.wait_for(1).await.len(), 1);
        assert_eq!(sender.join().unwrap(), "HTTP/1.1 200 OK");
    })
    .await;
    assert_eq!(before.elapsed(), Duration::ZERO);
}
