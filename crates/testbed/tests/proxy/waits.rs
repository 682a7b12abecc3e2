//! A wait in vain ends, and says what was seen instead.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use testbed::proxy::{Fault, LostReply, Protocol, Proxy, Rule};

use crate::support::{Client, Server, is_reset, listener, within};

const SHORT: Duration = Duration::from_millis(50);

/// What a wait says that panics.
async fn message<T>(wait: impl Future<Output = T>) -> String {
    let Err(panic) = AssertUnwindSafe(wait).catch_unwind().await else {
        panic!("the wait has found something");
    };
    *panic
        .downcast::<String>()
        .expect("a text with values in it")
}

#[tokio::test]
async fn a_wait_in_vain_says_what_was_seen() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let proxy = proxy.time_limit(SHORT);
        proxy.set_rules([
            Rule::new("late", Fault::delay_reply(Duration::ZERO)).times(1),
            Rule::new("never", Fault::reset()).skip(9),
        ]);
        let mut client = Client::connect(&proxy).await;
        for path in ["/a", "/b", "/c"] {
            client.asks(path, "").await.unwrap();
        }
        let seen = "\nrules:\n  late: matched 3, due 1, fired 1\n  never: matched 2, due 0, fired 0\
                    \nrequests:\n  POST /a\n  POST /b\n  POST /c\nfirings:\n  late on POST /a";
        let vain = message(proxy.fired("never")).await;
        assert_eq!(vain, format!("waited 50ms for firing 1 of \"never\"{seen}"));
        let vain = message(proxy.fired_times("late", 2)).await;
        assert_eq!(vain, format!("waited 50ms for firing 2 of \"late\"{seen}"));
        let vain = message(proxy.disconnected()).await;
        assert_eq!(vain, format!("waited 50ms for no open connection{seen}"));
    })
    .await;
}

#[tokio::test]
async fn a_fault_of_a_reply_that_never_came_was_due_and_has_not_fired() {
    within(async {
        let (listener, address) = listener().await;
        drop(listener);
        let proxy = Proxy::in_front_of(address, Protocol::Http).await;
        let proxy = proxy.time_limit(SHORT);
        proxy.add_rule(Rule::new("lost", Fault::drop_reply(LostReply::Close)));
        let mut client = Client::connect(&proxy).await;
        is_reset(client.asks("/", "").await);
        let vain = message(proxy.fired("lost")).await;
        assert!(vain.contains("lost: matched 1, due 1, fired 0"), "{vain}");
        assert!(vain.ends_with("\nfirings: none"), "{vain}");
    })
    .await;
}

#[tokio::test]
async fn a_condition_that_panics_makes_the_waits_panic() {
    within(async {
        let (_server, proxy) = Server::behind_a_proxy().await;
        let wrong = Rule::new("wrong", Fault::reset());
        proxy.add_rule(wrong.when(|request| panic!("no idea of {}", request.summary())));
        let mut client = Client::connect(&proxy).await;
        assert!(client.asks("/a", "").await.is_err());
        let expected = "a condition of a rule has panicked: no idea of POST /a";
        assert_eq!(message(proxy.fired("wrong")).await, expected);
        assert_eq!(message(proxy.disconnected()).await, expected);
    })
    .await;
}
