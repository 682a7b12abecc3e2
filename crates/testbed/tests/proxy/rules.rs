//! Which requests a rule is for, how often it acts, and what is known of it afterwards.

use std::time::Duration;

use testbed::proxy::{Answer, Fault, Rule};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::support::{Client, Server, is_reset, post, within};

/// A rule that can be recognised by its status.
fn answers(status: u16) -> Rule {
    Rule::new(status.to_string(), Fault::answer(Answer::status(status)))
}

async fn status(client: &mut Client, request: impl AsRef<[u8]>) -> u16 {
    client.send(request).await;
    let (head, _) = client.reply().await.unwrap();
    head[9..12].parse().unwrap()
}

#[tokio::test]
async fn conditions_look_at_the_request_and_not_at_the_connection() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.set_rules([
            answers(501).on_method("DELETE"),
            answers(502).on_path("/items").containing("x\"1"),
            answers(503).on_target("PutItem"),
            answers(504).on_header("X-Kind", "odd"),
            answers(505).when(|request| request.bytes().len() > 200),
        ]);
        let mut client = Client::connect(&proxy).await;
        let with = |header: &str| format!("GET / HTTP/1.1\r\nhost: a\r\n{header}\r\n\r\n");
        for (request, expected) in [
            (post("/", ""), 200),
            ("DELETE / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 501),
            (post("/items?a=b", "{x\"1}"), 502),
            (post("/items", "{}"), 200),
            (post("/other", "{x\"1}"), 200),
            (with("X-Amz-Target: DynamoDB_20120810.PutItem"), 503),
            (with("X-Amz-Target: DynamoDB_20120810.GetItem"), 200),
            (with("x-kind: an odd one"), 504),
            (post("/", &"y".repeat(200)), 505),
        ] {
            assert_eq!(status(&mut client, &request).await, expected, "{request}");
        }
        assert_eq!(proxy.connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_rule_counts_the_requests_that_it_is_for() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(answers(503).on_path("/a").skip(1).every(2).times(2));
        let mut client = Client::connect(&proxy).await;
        let mut seen = Vec::new();
        for _ in 0..8 {
            assert_eq!(status(&mut client, post("/b", "")).await, 200);
            seen.push(status(&mut client, post("/a", "")).await);
        }
        assert_eq!(seen, [200, 200, 503, 200, 503, 200, 200, 200]);
        assert_eq!(proxy.times_fired("503"), 2);
    })
    .await;
}

#[tokio::test]
async fn of_several_rules_the_first_that_is_due_acts() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.set_rules([
            answers(501).times(1),
            answers(502).times(2),
            answers(503).skip(1),
        ]);
        let mut client = Client::connect(&proxy).await;
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(status(&mut client, post("/", "")).await);
        }
        assert_eq!(seen, [501, 502, 502, 200, 503, 503]);
    })
    .await;
}

#[tokio::test]
async fn rules_change_while_a_connection_is_open() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let mut client = Client::connect(&proxy).await;
        assert_eq!(status(&mut client, post("/", "")).await, 200);
        proxy.add_rule(answers(501));
        assert_eq!(status(&mut client, post("/", "")).await, 501);
        proxy.set_rules([answers(502)]);
        assert_eq!(status(&mut client, post("/", "")).await, 502);
        proxy.clear();
        assert_eq!(status(&mut client, post("/", "")).await, 200);
        assert_eq!(proxy.connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_rule_may_be_for_a_connection_by_its_number() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.set_rules([
            Rule::new("first byte", Fault::reset())
                .at_connect()
                .on_connection(2),
            answers(503).on_connection(3),
        ]);
        let mut first = Client::connect(&proxy).await;
        assert_eq!(status(&mut first, post("/", "")).await, 200);
        // Nothing is sent: the connection itself is what the rule acts on. The reset may come
        // so early that it is connecting that fails.
        is_reset(match TcpStream::connect(proxy.address()).await {
            Ok(mut stream) => stream.read_u8().await,
            Err(error) => Err(error),
        });
        let mut third = Client::connect(&proxy).await;
        assert_eq!(status(&mut third, post("/", "")).await, 503);
        assert_eq!(status(&mut first, post("/", "")).await, 200);
    })
    .await;
}

#[tokio::test]
async fn a_connection_can_be_closed_held_and_delayed_before_any_byte() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let late = Duration::from_millis(100);
        proxy.set_rules([
            Rule::new("close", Fault::close()).at_connect().times(1),
            Rule::new("hang", Fault::hang()).at_connect().times(1),
            Rule::new("late", Fault::delay_request(late))
                .at_connect()
                .times(1),
        ]);
        let mut client = Client::connect(&proxy).await;
        client.post("/", "").await;
        assert_eq!(client.rest().await.unwrap(), "");

        let mut client = Client::connect(&proxy).await;
        proxy.fired("hang").await;
        client.post("/", "a").await;
        assert!(client.hears_nothing().await);
        assert!(proxy.requests().is_empty());
        proxy.release("hang");
        assert_eq!(client.reply().await.unwrap().1, "1:a");

        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "b").await.unwrap(), "2:b");
        assert!(proxy.fired("late").await.at().elapsed() >= late);
    })
    .await;
}

#[tokio::test]
async fn a_firing_says_what_happened_to_which_request() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.set_rules([answers(501).on_path("/a"), answers(502).on_path("/b")]);
        let waiting = tokio::spawn({
            let proxy = proxy.clone();
            async move { proxy.fired_times("501", 2).await }
        });
        let mut client = Client::connect(&proxy).await;
        for path in ["/a?1", "/b?2", "/c?3", "/a?4"] {
            client.asks(path, "").await.unwrap();
        }
        let second = waiting.await.unwrap();
        assert_eq!(second.request().path(), Some("/a?4"));
        assert_eq!(proxy.fired("501").await.request().summary(), "POST /a?1");
        let firings = proxy.firings();
        let all: Vec<_> = firings
            .iter()
            .map(|f| (f.rule(), f.request().summary()))
            .collect();
        let expected = [
            ("501", "POST /a?1"),
            ("502", "POST /b?2"),
            ("501", "POST /a?4"),
        ];
        assert_eq!(
            all,
            expected.map(|(rule, summary)| (rule, summary.to_owned()))
        );
        assert!(firings.is_sorted_by_key(|firing| firing.at()));
        assert_eq!(proxy.requests().len(), 4);
    })
    .await;
}
