//! X-Ray's daemon.

use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use testbed::{
    check::trace::TraceCheck,
    sink::{Content, Refusal, XrayDaemon},
};

use crate::{export, limited};

const HEADER: &str = "{\"format\": \"json\", \"version\": 1}\n";

const DOCUMENT: &str = r###"{"name":"## handler","id":"70de5b6f19ff9a0a","type":"subsegment","trace_id":"1-581cf771-a006649127e371903a2de979","parent_id":"6226467e3f845502","start_time":1700000000.1,"end_time":1700000000.2}"###;

type Expected = fn(&Refusal) -> bool;

fn send(address: SocketAddr, datagram: impl AsRef<[u8]>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sent = socket.send_to(datagram.as_ref(), address).unwrap();
    assert_eq!(sent, datagram.as_ref().len());
}

#[tokio::test]
async fn a_document_is_kept_as_it_was_sent_with_the_size_of_its_datagram() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        send(daemon.address(), format!("{HEADER}{DOCUMENT}"));
        assert_eq!(daemon.wait_for(1).await, [DOCUMENT]);
        let size = HEADER.len() + DOCUMENT.len();
        assert_eq!(daemon.received()[0].size(), size);
        let check = TraceCheck::new().parent("6226467e3f845502");
        check
            .assert_trace(&daemon.segments())
            .assert_path(&["## handler"]);
    })
    .await;
}

#[tokio::test]
async fn the_daemon_reads_a_header_and_no_more() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        let good = [
            (
                "format in capitals",
                "{\"format\":\"JSON\",\"version\":1}\n{}",
                "{}",
            ),
            (
                "keys in capitals",
                "{\"Format\":\"json\",\"VERSION\":1}\n{}",
                "{}",
            ),
            (
                "a version twice",
                "{\"format\":\"json\",\"version\":2,\"version\":1}\n{}",
                "{}",
            ),
            (
                "another member",
                "{\"format\":\"json\",\"version\":1,\"x\":2}\n{}",
                "{}",
            ),
            (
                "a body that is no JSON",
                "{\"format\":\"json\",\"version\":1}\nnope",
                "nope",
            ),
            (
                "a second newline",
                "{\"format\":\"json\",\"version\":1}\n{}\n{}",
                "{}\n{}",
            ),
        ];
        for (name, datagram, document) in good {
            send(daemon.address(), datagram);
            let next = daemon.next().await;
            assert_eq!(next.document(), Some(document), "{name}");
        }
        assert_eq!(daemon.refused(), []);
    })
    .await;
}

#[tokio::test]
async fn what_the_daemon_drops_is_kept_with_the_reason() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        let bad: [(&str, &[u8], Expected); 12] = [
            ("an empty datagram", b"", |why| *why == Refusal::NoNewline),
            ("no header", DOCUMENT.as_bytes(), |why| {
                *why == Refusal::NoNewline
            }),
            ("an empty header", b"\n{}", |why| {
                matches!(why, Refusal::Header(_))
            }),
            ("a header of text", b"json 1\n{}", |why| {
                matches!(why, Refusal::Header(_))
            }),
            ("no version", b"{\"format\":\"json\"}\n{}", |why| {
                matches!(why, Refusal::Header(_))
            }),
            ("xml", b"{\"format\":\"xml\",\"version\":1}\n{}", |why| {
                *why == Refusal::Format("xml".to_owned())
            }),
            (
                "version 2",
                b"{\"format\":\"json\",\"version\":2}\n{}",
                |why| *why == Refusal::Version(2),
            ),
            (
                "a version as float",
                b"{\"format\":\"json\",\"version\":1.0}\n{}",
                |why| matches!(why, Refusal::Header(_)),
            ),
            ("no body", b"{\"format\":\"json\",\"version\":1}\n", |why| {
                *why == Refusal::EmptyBody
            }),
            (
                "other bytes",
                b"{\"format\":\"json\",\"version\":1}\n\xff",
                |why| *why == Refusal::NotUtf8,
            ),
            (
                "no base64",
                b"{\"format\":\"json\",\"version\":1}\nT1S$",
                |why| matches!(why, Refusal::Spans(_)),
            ),
            (
                "no protobuf",
                b"{\"format\":\"json\",\"version\":1}\nT1U////",
                |why| matches!(why, Refusal::Spans(_)),
            ),
        ];
        for (name, datagram, expected) in bad {
            send(daemon.address(), datagram);
            let next = daemon.next().await;
            assert!(next.refusal().is_some_and(expected), "{name}: {next:?}");
            assert_eq!(next.size(), datagram.len(), "{name}");
            let Content::Refused { bytes, .. } = next.content() else {
                panic!("{name}: {next:?}");
            };
            assert_eq!(bytes, datagram, "{name}");
        }
        assert_eq!(daemon.refused().len(), 12);
        assert_eq!(daemon.segments(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn spans_in_the_framing_of_the_aws_distro_are_decoded() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        for (prefix, expected) in [("T1S", true), ("T1U", false)] {
            let encoded = STANDARD.encode(export(&["a", "b"]).encode_to_vec());
            send(daemon.address(), format!("{HEADER}{prefix}{encoded}"));
            let next = daemon.next().await;
            let Content::Spans { sampled, request } = next.content() else {
                panic!("{next:?}");
            };
            assert_eq!((*sampled, request), (expected, &export(&["a", "b"])));
        }
        let spans = daemon.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name()).collect();
        assert_eq!(names, ["a", "b", "a", "b"]);
        assert_eq!(daemon.segments(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn the_largest_datagram_is_taken_whole() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        let body = "x".repeat(65_507 - HEADER.len());
        send(daemon.address(), format!("{HEADER}{body}"));
        let next = daemon.next().await;
        assert_eq!(next.size(), 65_507);
        assert_eq!(next.document(), Some(body.as_str()));
    })
    .await;
}

#[test]
fn a_burst_is_read_while_the_test_does_not_wait() {
    let daemon = XrayDaemon::bind().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..100 {
        let datagram = format!("{HEADER}{number}");
        socket
            .send_to(datagram.as_bytes(), daemon.address())
            .unwrap();
    }
    // No runtime has run so far.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let documents = runtime.unwrap().block_on(limited(daemon.wait_for(100)));
    let expected: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(documents, expected);
}

#[tokio::test]
async fn a_wait_wakes_for_what_comes_later() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        let (documents, ()) = tokio::join!(daemon.wait_for(2), async {
            for _ in 0..2 {
                tokio::task::yield_now().await;
                send(daemon.address(), format!("{HEADER}{{}}"));
            }
        });
        assert_eq!(documents.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_datagram() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        tokio::select! {
            biased;
            next = daemon.next() => panic!("nothing was sent: {next:?}"),
            () = tokio::task::yield_now() => {}
        }
        send(daemon.address(), format!("{HEADER}first"));
        assert_eq!(daemon.next().await.document(), Some("first"));
        send(daemon.address(), format!("{HEADER}second"));
        assert_eq!(daemon.next().await.document(), Some("second"));
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "NoNewline")]
async fn a_wait_in_vain_fails_with_what_came() {
    limited(async {
        let daemon = XrayDaemon::bind().unwrap();
        send(daemon.address(), "no header");
        daemon.next().await;
        let daemon = daemon.time_limit(Duration::from_millis(50));
        daemon.wait_for(1).await;
    })
    .await;
}

#[test]
fn a_dropped_daemon_gives_its_port_back() {
    // Another process may take the port just then.
    let given_back = (0..20).any(|_| {
        let daemon = XrayDaemon::bind().unwrap();
        let address = daemon.address();
        assert!(UdpSocket::bind(address).is_err());
        drop(daemon);
        UdpSocket::bind(address).is_ok()
    });
    assert!(given_back);
}
