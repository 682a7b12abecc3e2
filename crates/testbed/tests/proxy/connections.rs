//! The port, and how connections end.

use std::{io, time::Duration};

use testbed::proxy::{Fault, Protocol, Proxy, Rule};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::mpsc,
    time::{self, Instant},
};

use crate::support::{Client, Server, is_reset, listener, post, within};

async fn is_refused(proxy: &Proxy) -> bool {
    let connected = TcpStream::connect(proxy.address()).await;
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn refusing_resets_what_is_open_and_lets_nobody_in_until_it_ends() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "a").await.unwrap(), "1:a");
        proxy.refuse().await;
        is_reset(client.rest().await);
        assert!(is_refused(&proxy).await);
        // Twice makes no difference.
        proxy.refuse().await;
        assert!(is_refused(&proxy).await);
        proxy.accept().await;
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "b").await.unwrap(), "2:b");
        assert_eq!(server.acts(), ["POST / a", "POST / b"]);
    })
    .await;
}

#[tokio::test]
async fn the_port_stays_ours_while_it_is_closed() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.refuse().await;
        let taken = TcpListener::bind(proxy.address()).await;
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    })
    .await;
}

#[tokio::test]
async fn a_rule_can_refuse_for_a_time() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let time = Duration::from_millis(300);
        proxy.add_rule(
            Rule::new("gone", Fault::refuse(time))
                .on_path("/b")
                .times(1),
        );
        let mut other = Client::connect(&proxy).await;
        assert_eq!(other.asks("/", "a").await.unwrap(), "1:a");
        let mut client = Client::connect(&proxy).await;
        is_reset(client.asks("/b", "").await);
        // The one that sees the reset finds the port closed; so do all others.
        assert!(is_refused(&proxy).await);
        is_reset(other.rest().await);
        let again = loop {
            match TcpStream::connect(proxy.address()).await {
                Ok(_) => break Instant::now(),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
            }
            time::sleep(Duration::from_millis(5)).await;
        };
        let gone = proxy.fired("gone").await;
        assert!(again - gone.at() >= time);
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/b", "c").await.unwrap(), "2:c");
        assert_eq!(server.acts(), ["POST / a", "POST /b c"]);
    })
    .await;
}

#[tokio::test]
async fn open_connections_can_be_reset_by_hand() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let mut idle = Client::connect(&proxy).await;
        idle.asks("/", "").await.unwrap();
        proxy.add_rule(Rule::new("hang", Fault::hang()).times(1));
        let mut hanging = Client::connect(&proxy).await;
        hanging.post("/", "").await;
        proxy.fired("hang").await;
        proxy.reset_connections().await;
        is_reset(idle.rest().await);
        is_reset(hanging.rest().await);
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "b").await.unwrap(), "2:b");
    })
    .await;
}

#[tokio::test]
async fn the_proxy_ends_with_its_last_clone() {
    within(async {
        let (listener, address) = listener().await;
        let (ended, mut ends) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let ended = ended.clone();
                tokio::spawn(async move {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                    ended.send(()).unwrap();
                });
            }
        });
        let proxy = Proxy::in_front_of(address, Protocol::Raw).await;
        let clone = proxy.clone();
        let number = proxy.address();
        let mut clients = [Client::connect(&proxy).await, Client::connect(&proxy).await];
        for client in &mut clients {
            client.send("a").await;
        }
        proxy.add_rule(Rule::new("hang", Fault::hang()));
        clients[1].send("b").await;
        clone.fired("hang").await;
        drop(proxy);
        assert!(clients[0].hears_nothing().await);
        drop(clone);
        for client in clients {
            let _ = client.into_inner().read_to_end(&mut Vec::new()).await;
            ends.recv().await.unwrap();
        }
        // The tasks end when the runtime comes to them.
        while TcpStream::connect(number).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_a_reset() {
    within(async {
        let (listener, address) = listener().await;
        drop(listener);
        for protocol in [Protocol::Http, Protocol::Redis, Protocol::Raw] {
            let proxy = Proxy::in_front_of(address, protocol).await;
            let mut client = Client::connect(&proxy).await;
            client.send("GET / HTTP/1.1\r\n\r\n").await;
            is_reset(client.rest().await);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_http_is_reset() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        client.send("*1\r\n$4\r\nPING\r\n").await;
        is_reset(client.rest().await);
        assert!(server.acts().is_empty());
    })
    .await;
}

async fn refused_when_it_has_fired() {
    within(async {
        let gone = || Rule::new("gone", Fault::refuse(Duration::from_secs(60))).times(1);
        let server = Server::start().await;
        for round in 0..40 {
            let proxy = Proxy::in_front_of(server.address, Protocol::Http).await;
            proxy.add_rule(gone());
            let mut client = Client::connect(&proxy).await;
            client.post("/", "").await;
            proxy.fired("gone").await;
            assert!(is_refused(&proxy).await, "in round {round}");

            let proxy = Proxy::in_front_of(server.address, Protocol::Http).await;
            proxy.add_rule(gone());
            let mut client = Client::connect(&proxy).await;
            client.post("/", "").await;
            proxy.fired("gone").await;
            proxy.accept().await;
            // Whatever was asked for meanwhile has been done when this has.
            proxy.reset_connections().await;
            assert!(!is_refused(&proxy).await, "in round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_refuses_has_fired_when_the_port_is_closed() {
    refused_when_it_has_fired().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_refuses_has_fired_when_the_port_is_closed_on_many_threads() {
    refused_when_it_has_fired().await;
}

#[tokio::test]
async fn a_rule_can_refuse_until_the_port_is_opened_by_hand() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("gone", Fault::refuse(Duration::MAX)).times(1));
        let mut client = Client::connect(&proxy).await;
        is_reset(client.asks("/", "a").await);
        assert!(is_refused(&proxy).await);
        proxy.accept().await;
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "b").await.unwrap(), "1:b");
        assert_eq!(server.acts(), ["POST / b"]);
    })
    .await;
}

#[test]
#[should_panic(expected = "the runtime that the proxy began on has ended")]
fn a_proxy_whose_runtime_has_ended_cannot_be_told_anything() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (_server, proxy) = first.block_on(Server::behind_a_proxy());
    drop(first);
    runtime().block_on(within(proxy.refuse()));
}

#[tokio::test]
async fn requests_sent_before_a_half_close_are_all_answered() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        let all = ["a", "b", "c"].map(|body| post("/", body)).concat();
        // The last one is no request, and never will be.
        client.send(all + "POST / HT").await;
        let mut stream = client.into_inner();
        stream.shutdown().await.unwrap();
        let mut replies = String::new();
        stream.read_to_string(&mut replies).await.unwrap();
        assert_eq!(replies.matches("200 OK").count(), 3, "{replies}");
        assert!(replies.ends_with("3:c"), "{replies}");
        assert_eq!(server.acts().len(), 3);
    })
    .await;
}
