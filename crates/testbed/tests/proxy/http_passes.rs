//! Without a fault nothing changes on the way, whatever HTTP/1.1 allows.

use testbed::proxy::{Fault, Protocol, Proxy, Rule};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
};

use crate::support::{Client, Server, listener, within};

/// A proxy in front of a server that reads one request up to `end`, sends this text and waits
/// for the connection's end.
async fn in_front_of_text(end: &'static str, text: &'static str, closes: bool) -> Proxy {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            read.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(text.as_bytes()).await.unwrap();
        if !closes {
            let _ = stream.read_u8().await;
        }
    });
    Proxy::in_front_of(address, Protocol::Http).await
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const HEAD_END: &str = "\r\n\r\n";

#[tokio::test]
async fn requests_of_every_form_pass_on_one_connection() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/a", "one").await.unwrap(), "1:one");
        client.send("GET /b HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert_eq!(client.reply().await.unwrap().1, "2:");
        client.send("HEAD /c HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let head = client.until(HEAD_END).await.unwrap();
        assert!(
            head.to_lowercase().contains("content-length: 2\r\n"),
            "{head}"
        );
        let empty = client.asks("/empty", "").await.unwrap();
        assert_eq!(empty, "");
        client
            .send(
                "POST /d HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: x-a\r\n\r\n\
                 3\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-a: b\r\n\r\n",
            )
            .await;
        assert_eq!(client.reply().await.unwrap().1, "5:abc0123456789");
        let acts = server.acts();
        assert_eq!(
            acts[..4],
            ["POST /a one", "GET /b ", "HEAD /c ", "POST /empty "]
        );
        assert_eq!(acts[4], r#"POST /d abc0123456789 {"x-a": "b"}"#);
        assert_eq!(proxy.connections(), 1);
        let seen: Vec<_> = proxy.requests().iter().map(|r| r.summary()).collect();
        let expected = ["POST /a", "GET /b", "HEAD /c", "POST /empty", "POST /d"];
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn requests_sent_in_one_go_are_answered_in_their_order() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        let all: String = ["a", "b", "c"]
            .map(|b| crate::support::post("/", b))
            .concat();
        client.send(all).await;
        for expected in ["1:a", "2:b", "3:c"] {
            assert_eq!(client.reply().await.unwrap().1, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_waits_for_continue_gets_it_once() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        client
            .send("PUT / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            .await;
        let interim = client.until(HEAD_END).await.unwrap();
        assert_eq!(interim, "HTTP/1.1 100 Continue\r\n\r\n");
        client.send("abc").await;
        let (head, body) = client.reply().await.unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, "1:abc");
    })
    .await;
}

#[tokio::test]
async fn interim_responses_pass() {
    within(async {
        let text = "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n\
                    HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let proxy = in_front_of_text(HEAD_END, text, false).await;
        let mut client = Client::connect(&proxy).await;
        client.send(GET).await;
        assert_eq!(client.until("ok").await.unwrap(), text);
    })
    .await;
}

#[tokio::test]
async fn chunks_and_trailers_of_a_reply_pass_as_they_are() {
    within(async {
        let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                    2\r\nok\r\n0\r\nx-a: b\r\n\r\n";
        let proxy = in_front_of_text(HEAD_END, text, false).await;
        // A fault reads the reply in full, so it has to find this end.
        proxy.add_rule(Rule::new("echo", Fault::duplicate_reply()));
        let mut client = Client::connect(&proxy).await;
        client.send(GET).await;
        let twice =
            client.until("b\r\n\r\n").await.unwrap() + &client.until("b\r\n\r\n").await.unwrap();
        assert_eq!(twice, text.repeat(2));
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_ends_with_its_connection_ends_the_clients() {
    within(async {
        let text = "HTTP/1.1 200 OK\r\n\r\nsome text";
        for rules in [
            Vec::new(),
            vec![Rule::new("slow", Fault::delay_reply(Default::default()))],
        ] {
            let proxy = in_front_of_text(HEAD_END, text, true).await;
            proxy.set_rules(rules);
            let mut client = Client::connect(&proxy).await;
            client.send(GET).await;
            assert_eq!(client.rest().await.unwrap(), text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_says_close_closes_the_client() {
    within(async {
        let text = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
        for rules in [
            Vec::new(),
            vec![Rule::new("slow", Fault::delay_reply(Default::default()))],
        ] {
            let proxy = in_front_of_text(HEAD_END, text, false).await;
            proxy.set_rules(rules);
            let mut client = Client::connect(&proxy).await;
            client.send(GET).await;
            assert_eq!(client.rest().await.unwrap(), text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_the_server_breaks_off_is_broken_off() {
    within(async {
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
        let proxy = in_front_of_text(HEAD_END, text, true).await;
        let mut client = Client::connect(&proxy).await;
        client.send(GET).await;
        assert_eq!(client.rest().await.unwrap(), text);
    })
    .await;
}

#[tokio::test]
async fn a_reply_passes_as_it_comes() {
    within(async {
        let (listener, address) = listener().await;
        let (go_on, went_on) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";
            stream.write_all(head).await.unwrap();
            went_on.await.unwrap();
            stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let proxy = Proxy::in_front_of(address, Protocol::Http).await;
        let mut client = Client::connect(&proxy).await;
        client.send(GET).await;
        client.until("one\r\n").await.unwrap();
        go_on.send(()).unwrap();
        assert_eq!(
            client.until("0\r\n\r\n").await.unwrap(),
            "3\r\ntwo\r\n0\r\n\r\n"
        );
    })
    .await;
}

#[tokio::test]
async fn large_bodies_pass_both_ways() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        let body = "x".repeat(2_000_000);
        let reply = client.asks("/", &body).await.unwrap();
        assert!(reply == format!("1:{body}"), "{} bytes", reply.len());
        assert_eq!(server.acts().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_server_sees_that_a_waiting_client_leaves() {
    within(async {
        let (listener, address) = listener().await;
        let (saw, seen) = oneshot::channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            stream.read_to_end(&mut request).await.unwrap();
            saw.send(request).unwrap();
        });
        let proxy = Proxy::in_front_of(address, Protocol::Http).await;
        let mut client = Client::connect(&proxy).await;
        client.send(GET).await;
        drop(client);
        assert_eq!(seen.await.unwrap(), GET.as_bytes());
        proxy.disconnected().await;
    })
    .await;
}
