//! Each fault: what the client sees, and whether the server has acted.

use std::time::Duration;

use testbed::proxy::{Answer, Fault, Kept, LostReply, Rule};
use tokio::time::Instant;

use crate::support::{Client, Server, is_reset, within};

const MOMENT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn reset_breaks_the_connection_and_the_server_sees_nothing() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("reset", Fault::reset()));
        let mut client = Client::connect(&proxy).await;
        is_reset(client.asks("/", "a").await);
        assert_eq!(proxy.times_fired("reset"), 1);
        assert!(server.acts().is_empty());
    })
    .await;
}

#[tokio::test]
async fn close_ends_the_connection_in_order_and_the_server_sees_nothing() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("close", Fault::close()));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        assert_eq!(client.rest().await.unwrap(), "");
        // What the client still sends must not make a reset of it.
        client.send("more").await;
        client.send("and more").await;
        assert_eq!(proxy.times_fired("close"), 1);
        assert!(server.acts().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_hanging_request_goes_on_when_it_is_released() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("hang", Fault::hang()).times(1));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        proxy.fired("hang").await;
        assert!(client.hears_nothing().await);
        assert!(server.acts().is_empty());
        proxy.release("another rule");
        assert!(client.hears_nothing().await);
        proxy.release("hang");
        assert_eq!(client.reply().await.unwrap().1, "1:a");
    })
    .await;
}

#[tokio::test]
async fn taking_a_rule_away_releases_what_it_holds() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("hang", Fault::hang()));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        proxy.fired("hang").await;
        proxy.clear();
        assert_eq!(client.reply().await.unwrap().1, "1:a");
    })
    .await;
}

#[tokio::test]
async fn a_hanging_request_whose_client_gives_up_never_reaches_the_server() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("hang", Fault::hang()).times(1));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        proxy.fired("hang").await;
        drop(client);
        proxy.disconnected().await;
        proxy.release("hang");
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "b").await.unwrap(), "1:b");
        assert_eq!(server.acts(), ["POST / b"]);
    })
    .await;
}

#[tokio::test]
async fn a_delayed_request_arrives_also_when_the_client_has_left() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("late", Fault::delay_request(MOMENT)));
        let began = Instant::now();
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        proxy.fired("late").await;
        assert!(server.acts().is_empty());
        drop(client);
        server.has_acted(1).await;
        assert!(began.elapsed() >= MOMENT);
    })
    .await;
}

#[tokio::test]
async fn a_delayed_reply_comes_long_after_the_server_has_acted() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("late", Fault::delay_reply(MOMENT)));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        let fired = proxy.fired("late").await;
        assert_eq!(server.acts(), ["POST / a"]);
        assert_eq!(client.reply().await.unwrap().1, "1:a");
        assert!(fired.at().elapsed() >= MOMENT);
    })
    .await;
}

#[tokio::test]
async fn a_dripping_reply_is_whole_and_slow() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let pause = Duration::from_millis(20);
        proxy.add_rule(Rule::new("drip", Fault::drip(10, pause)).times(1));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        let fired = proxy.fired("drip").await;
        let (head, body) = client.reply().await.unwrap();
        assert_eq!(body, "1:a");
        let pauses = u32::try_from((head.len() + body.len() - 1) / 10).unwrap();
        assert!(pauses >= 5, "{head}");
        assert!(fired.at().elapsed() >= pauses * pause);
        assert_eq!(client.asks("/", "b").await.unwrap(), "2:b");
    })
    .await;
}

#[tokio::test]
async fn a_truncated_reply_has_its_head_and_half_of_its_body() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("cut", Fault::truncate()));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "12345678").await;
        let reply = client.rest().await.unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.to_lowercase().contains("content-length: 10"), "{head}");
        assert_eq!(body, "1:123");
        assert_eq!(server.acts(), ["POST / 12345678"]);
    })
    .await;
}

#[tokio::test]
async fn a_truncated_reply_without_a_body_breaks_off_in_its_head() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("cut", Fault::truncate()));
        let mut client = Client::connect(&proxy).await;
        client.post("/empty", "").await;
        let reply = client.rest().await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 204"), "{reply}");
        assert!(!reply.contains("\r\n\r\n"), "{reply}");
        assert_eq!(server.acts().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_answer_comes_from_the_proxy_and_the_connection_lives_on() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let answer = Answer::status(503).header("retry-after", "1").body("later");
        proxy.add_rule(Rule::new("busy", Fault::answer(answer)).times(2));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        let (head, body) = client.reply().await.unwrap();
        assert!(
            head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
            "{head}"
        );
        assert!(head.contains("retry-after: 1\r\n"), "{head}");
        assert_eq!(body, "later");
        // A reply to HEAD has no body.
        client.send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let head = client.until("\r\n\r\n").await.unwrap();
        assert!(head.contains("content-length: 5\r\n"), "{head}");
        assert!(client.hears_nothing().await);
        assert_eq!(client.asks("/", "b").await.unwrap(), "1:b");
        assert_eq!(server.acts(), ["POST / b"]);
        assert_eq!(proxy.connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_reply_is_dropped_after_the_server_has_acted() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.set_rules([
            Rule::new("close", Fault::drop_reply(LostReply::Close)).on_path("/close"),
            Rule::new("reset", Fault::drop_reply(LostReply::Reset)).on_path("/reset"),
            Rule::new("silence", Fault::drop_reply(LostReply::Silence)).on_path("/silence"),
        ]);
        let mut client = Client::connect(&proxy).await;
        client.post("/close", "").await;
        assert_eq!(client.rest().await.unwrap(), "");
        assert_eq!(server.acts().len(), 1);

        let mut client = Client::connect(&proxy).await;
        client.post("/reset", "").await;
        is_reset(client.rest().await);
        assert_eq!(server.acts().len(), 2);

        let mut client = Client::connect(&proxy).await;
        client.post("/silence", "").await;
        proxy.fired("silence").await;
        assert_eq!(server.acts().len(), 3);
        assert!(client.hears_nothing().await);
        proxy.release("silence");
        assert_eq!(client.rest().await.unwrap(), "");
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_makes_the_server_act_twice() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.set_rules([
            Rule::new("first", Fault::duplicate(Kept::First)).times(1),
            Rule::new("second", Fault::duplicate(Kept::Second)).times(1),
        ]);
        let mut client = Client::connect(&proxy).await;
        assert_eq!(client.asks("/", "a").await.unwrap(), "1:a");
        assert_eq!(client.asks("/", "b").await.unwrap(), "4:b");
        assert_eq!(client.asks("/", "c").await.unwrap(), "5:c");
        let acts = ["POST / a", "POST / a", "POST / b", "POST / b", "POST / c"];
        assert_eq!(server.acts(), acts);
    })
    .await;
}

#[tokio::test]
async fn a_duplicated_reply_is_twice_on_the_wire_and_the_server_acts_once() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        proxy.add_rule(Rule::new("echo", Fault::duplicate_reply()));
        let mut client = Client::connect(&proxy).await;
        client.post("/", "a").await;
        let first = client.reply().await.unwrap();
        assert_eq!(first, client.reply().await.unwrap());
        assert_eq!(first.1, "1:a");
        assert!(client.hears_nothing().await);
        assert_eq!(server.acts().len(), 1);
    })
    .await;
}

/// Nothing is awaited between the client's end and the release, so the runtime has not heard of
/// the one when the other comes.
async fn left_just_before_the_release() {
    within(async {
        for round in 0..40 {
            let (server, proxy) = Server::behind_a_proxy().await;
            proxy.add_rule(Rule::new("hang", Fault::hang()));
            let mut client = Client::connect(&proxy).await;
            client.post("/", "a").await;
            proxy.fired("hang").await;
            if round % 4 == 0 {
                // The end stands behind unread bytes.
                client.post("/", "b").await;
            }
            drop(client);
            if round % 2 == 0 {
                proxy.release("hang");
            } else {
                proxy.clear();
            }
            proxy.disconnected().await;
            assert!(server.acts().is_empty(), "in round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_left_just_before_the_release_waits_no_more() {
    left_just_before_the_release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_left_just_before_the_release_waits_no_more_on_many_threads() {
    left_just_before_the_release().await;
}

#[tokio::test]
async fn an_answer_ends_the_connection_if_it_or_the_request_says_so() {
    within(async {
        let (server, proxy) = Server::behind_a_proxy().await;
        let closing = Answer::status(503).header("Connection", "close");
        proxy.set_rules([
            Rule::new("closing", Fault::answer(closing)).times(1),
            Rule::new("plain", Fault::answer(Answer::status(503))),
        ]);
        let mut client = Client::connect(&proxy).await;
        client.post("/", "").await;
        let reply = client.rest().await.unwrap();
        assert!(reply.contains("Connection: close\r\n"), "{reply}");
        let mut client = Client::connect(&proxy).await;
        client
            .send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await;
        assert!(client.rest().await.unwrap().starts_with("HTTP/1.1 503"));
        assert!(server.acts().is_empty());
    })
    .await;
}

#[test]
#[should_panic(expected = "the length of an answer is that of its body")]
fn an_answer_has_one_length() {
    let _ = Answer::status(200).header("Content-Length", "5");
}
