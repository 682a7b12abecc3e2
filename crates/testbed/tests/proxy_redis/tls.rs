//! Redis with TLS and an ACL: the proxy sees only bytes.

use redis::RedisResult;
use testbed::proxy::{Fault, LostReply, Rule};
use tokio::time::Instant;

use crate::{
    bed::{Bed, HASTE, PATIENCE, ask, failure, get, name, print, recovers, set_nx, timed},
    within,
};

#[tokio::test]
async fn a_session_breaks_in_the_middle_and_the_manager_begins_another() {
    within(async {
        for (row, fault, written) in [
            ("TLS, reset", Fault::reset(), None),
            ("TLS, close", Fault::close(), None),
            (
                "TLS, reply dropped",
                Fault::drop_reply(LostReply::Reset),
                Some("me"),
            ),
        ] {
            let bed = Bed::tls().await;
            let mut manager = bed.managed(PATIENCE).await;
            let greeting = ask::<String>(&redis::cmd("PING"), &mut manager).await;
            assert_eq!(greeting.unwrap(), "PONG");
            bed.proxy.add_rule(Rule::new(row, fault).times(1));
            let (outcome, took) = timed(&set_nx(&bed.key("a"), "me"), &mut manager).await;
            assert_eq!(bed.proxy.times_fired(row), 1);
            let acted = bed.read("a").await;
            print(row, &outcome, acted.is_some(), "", took);
            assert_eq!((outcome.as_str(), acted.as_deref()), ("dropped", written));
            recovers(&mut manager).await;
            let found: RedisResult<Option<String>> = ask(&get(&bed.key("a")), &mut manager).await;
            assert_eq!(found.unwrap(), acted);
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_hangs_in_the_middle_and_goes_on_when_it_is_released() {
    within(async {
        let bed = Bed::tls().await;
        let mut connection = bed.multiplexed(HASTE).await;
        bed.proxy
            .add_rule(Rule::new("hang", Fault::hang()).times(1));
        let (outcome, took) = timed(&set_nx(&bed.key("a"), "me"), &mut connection).await;
        assert_eq!(outcome, "timeout");
        assert!(took >= HASTE);
        assert_eq!(bed.read("a").await, None);
        print("TLS, hang", &outcome, false, "", took);
        bed.proxy.release("hang");
        while ask::<()>(&redis::cmd("PING"), &mut connection)
            .await
            .is_err()
        {}
        assert_eq!(bed.read("a").await.as_deref(), Some("me"));
    })
    .await;
}

#[tokio::test]
async fn a_handshake_that_breaks_or_hangs_fails_the_connection() {
    within(async {
        let bed = Bed::tls().await;
        bed.proxy.set_rules([Rule::new("reset", Fault::reset())]);
        let error = bed.connects(PATIENCE).await.unwrap_err();
        assert!(error.is_connection_dropped(), "{error:?}");
        bed.proxy
            .set_rules([Rule::new("hang", Fault::hang()).at_connect()]);
        let began = Instant::now();
        let error = bed.connects(HASTE).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        let took = began.elapsed();
        assert!(took >= HASTE);
        print("TLS, hang in connecting", &failure(&error), false, "", took);
        bed.proxy.clear();
        bed.connects(PATIENCE).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_refusing_server_is_found_again() {
    within(async {
        let bed = Bed::tls().await;
        let mut manager = bed.managed(PATIENCE).await;
        bed.proxy.refuse().await;
        let (outcome, took) = timed(&set_nx(&bed.key("a"), "me"), &mut manager).await;
        assert_eq!(outcome, "dropped");
        print(
            "TLS, refuse",
            &outcome,
            bed.read("a").await.is_some(),
            "",
            took,
        );
        let error = bed.connects(PATIENCE).await.unwrap_err();
        assert!(error.is_connection_refusal(), "{error}");
        bed.proxy.accept().await;
        recovers(&mut manager).await;
    })
    .await;
}

#[tokio::test]
async fn the_acl_lets_nobody_in_without_a_login_and_nobody_out_of_the_prefix() {
    within(async {
        let bed = Bed::tls().await;
        let mut connection = bed.multiplexed(PATIENCE).await;
        let inside: RedisResult<Option<String>> =
            ask(&set_nx(&bed.key("a"), "me"), &mut connection).await;
        assert_eq!(name(&inside), "OK");
        let outside: RedisResult<Option<String>> = ask(&get("other:a"), &mut connection).await;
        assert_eq!(name(&outside), "NOPERM");
        let error = bed.without_login().await.unwrap_err();
        assert_eq!(failure(&error), "NOAUTH");
    })
    .await;
}
