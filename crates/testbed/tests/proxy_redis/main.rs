//! Each fault of the proxy between the `redis` client and a server: what a caller sees, whether
//! the server has written, and whether the connection can be used afterwards.
//!
//! Every test prints a row of a table for each case, seen with `--nocapture`.

mod bed;
mod tls;

use std::time::Duration;

use bed::{Bed, HASTE, PATIENCE, ask, get, name, print, recovers, set_nx, timed};
use redis::RedisResult;
use testbed::proxy::{Answer, Fault, Kept, LostReply, Rule};
use tokio::time;

/// Later than a hasty client waits.
const LATE: Duration = Duration::from_millis(1500);

async fn within<T>(test: impl Future<Output = T>) -> T {
    let ended = time::timeout(Duration::from_secs(60), test).await;
    ended.expect("the test ends in time")
}

#[tokio::test]
async fn a_broken_connection_is_dropped_and_only_the_manager_connects_again() {
    within(async {
        for (row, fault, written) in [
            ("reset", Fault::reset(), None),
            ("close", Fault::close(), None),
            (
                "reply dropped, close",
                Fault::drop_reply(LostReply::Close),
                Some("me"),
            ),
            (
                "reply dropped, reset",
                Fault::drop_reply(LostReply::Reset),
                Some("me"),
            ),
        ] {
            let [managed, multiplexed] = Bed::cases(row, &fault, PATIENCE).await;
            managed.shows("dropped", written, "nil");
            multiplexed.shows("dropped", written, "dropped");
        }
    })
    .await;
}

#[tokio::test]
async fn a_refusing_server_is_found_again_by_the_manager() {
    within(async {
        let bed = Bed::plain().await;
        let mut manager = bed.managed(PATIENCE).await;
        bed.proxy.refuse().await;
        for expected in ["dropped", "refused"] {
            let (outcome, took) = timed(&set_nx(&bed.key("a"), "me"), &mut manager).await;
            assert_eq!(outcome, expected);
            print(
                "refuse, manager",
                &outcome,
                bed.read("a").await.is_some(),
                "",
                took,
            );
        }
        let error = bed.connects(PATIENCE).await.unwrap_err();
        assert!(error.is_connection_refusal(), "{error}");
        bed.proxy.accept().await;
        recovers(&mut manager).await;
        let result = ask(&set_nx(&bed.key("a"), "me"), &mut manager).await;
        assert_eq!(name(&result), "OK");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_dies_on_a_command_is_refused_until_it_is_back() {
    within(async {
        let gone = Fault::refuse(Duration::from_secs(600));
        let [managed, multiplexed] = Bed::cases("server dies", &gone, PATIENCE).await;
        managed.shows("dropped", None, "refused");
        multiplexed.shows("dropped", None, "dropped");
    })
    .await;
}

#[tokio::test]
async fn a_silent_connection_times_out_and_stays_in_use() {
    within(async {
        for (row, fault, written) in [
            ("hang", Fault::hang(), None),
            (
                "reply dropped, silence",
                Fault::drop_reply(LostReply::Silence),
                Some("me"),
            ),
        ] {
            for seen in Bed::cases(row, &fault, HASTE).await {
                // The manager does not connect again after a timeout either.
                seen.shows("timeout", written, "timeout").not_before(HASTE);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_command_that_hung_is_done_after_its_caller_was_told_of_a_timeout() {
    within(async {
        let bed = Bed::plain().await;
        let mut connection = bed.multiplexed(HASTE).await;
        bed.proxy
            .add_rule(Rule::new("hang", Fault::hang()).on_command("SET"));
        let result = ask(&set_nx(&bed.key("a"), "me"), &mut connection).await;
        assert_eq!(name(&result), "timeout");
        assert_eq!(bed.read("a").await, None);
        bed.proxy.release("hang");
        while bed.read("a").await.is_none() {
            time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_late_reply_is_not_taken_for_that_of_the_next_command() {
    within(async {
        for (row, fault) in [
            ("delayed request", Fault::delay_request(LATE)),
            ("delayed reply", Fault::delay_reply(LATE)),
        ] {
            let bed = Bed::plain().await;
            let mut connection = bed.multiplexed(HASTE).await;
            bed.proxy
                .add_rule(Rule::new(row, fault).on_command("SET").times(1));
            let (outcome, took) = timed(&set_nx(&bed.key("a"), "me"), &mut connection).await;
            assert_eq!(outcome, "timeout");
            let fired = bed.proxy.fired(row).await;
            let written = bed.read("a").await;
            print(row, &outcome, written.is_some(), "", took);
            assert_eq!(written.is_some(), row == "delayed reply");
            let echoed: (u32, String) = async {
                for number in 0.. {
                    let mut echo = redis::cmd("ECHO");
                    echo.arg(number);
                    if let Ok(text) = ask(&echo, &mut connection).await {
                        return (number, text);
                    }
                }
                unreachable!("the numbers do not end")
            }
            .await;
            assert_eq!(echoed.0.to_string(), echoed.1);
            assert!(fired.at().elapsed() >= LATE);
            assert_eq!(bed.read("a").await.as_deref(), Some("me"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_dripping_reply_is_slow_and_whole() {
    within(async {
        let pause = Duration::from_millis(20);
        for seen in Bed::cases("slow drip", &Fault::drip(1, pause), PATIENCE).await {
            // `+OK` and the end of a line, the last byte without a pause before it is seen.
            seen.shows("OK", Some("me"), "nil").not_before(4 * pause);
        }
    })
    .await;
}

#[tokio::test]
async fn a_truncated_reply_is_unreadable_although_the_server_has_written() {
    within(async {
        let [managed, multiplexed] = Bed::cases("truncate", &Fault::truncate(), PATIENCE).await;
        managed.shows("unreadable", Some("me"), "nil");
        multiplexed.shows("unreadable", Some("me"), "dropped");
    })
    .await;
}

#[tokio::test]
async fn an_error_line_is_the_callers_and_the_connection_lives_on() {
    within(async {
        for (line, code) in [
            ("LOADING Redis is loading the dataset in memory", "LOADING"),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                "OOM",
            ),
            (
                "READONLY You can't write against a read only replica.",
                "READONLY",
            ),
        ] {
            let fault = Fault::answer(Answer::redis_error(line));
            for seen in Bed::cases(code, &fault, PATIENCE).await {
                seen.shows(code, None, "nil");
            }
        }
    })
    .await;
}

/// The ambiguous case: the caller cannot know whether it holds the lock that it asked for.
#[tokio::test]
async fn after_a_dropped_reply_a_retry_of_set_nx_sees_its_own_value() {
    within(async {
        let bed = Bed::plain().await;
        let mut manager = bed.managed(PATIENCE).await;
        let lost = Fault::drop_reply(LostReply::Close);
        bed.proxy
            .add_rule(Rule::new("lost", lost).on_command("SET").times(1));
        let set = set_nx(&bed.key("a"), "me");
        let first: RedisResult<Option<String>> = ask(&set, &mut manager).await;
        assert_eq!(name(&first), "dropped");
        let (retry, took) = timed(&set, &mut manager).await;
        assert_eq!(retry, "nil");
        let owner = ask(&get(&bed.key("a")), &mut manager).await;
        assert_eq!(name(&owner), "me");
        print("reply dropped, retried", &retry, true, "me", took);
        // The same question in one step.
        let mut set_get = set_nx(&bed.key("a"), "me");
        set_get.arg("GET");
        assert_eq!(name(&ask(&set_get, &mut manager).await), "me");
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_is_hidden_or_sees_its_own_value() {
    within(async {
        let first = Fault::duplicate(Kept::First);
        for seen in Bed::cases("delivered twice, first reply", &first, PATIENCE).await {
            seen.shows("OK", Some("me"), "nil");
        }
        let second = Fault::duplicate(Kept::Second);
        for seen in Bed::cases("delivered twice, second reply", &second, PATIENCE).await {
            seen.shows("nil", Some("me"), "nil");
        }
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_counts_a_counter_twice() {
    within(async {
        let bed = Bed::plain().await;
        let mut connection = bed.multiplexed(PATIENCE).await;
        let twice = Rule::new("twice", Fault::duplicate(Kept::First)).on_command("INCR");
        bed.proxy.add_rule(twice.times(1));
        let mut count = redis::cmd("INCR");
        count.arg(bed.key("count"));
        assert_eq!(ask::<u32>(&count, &mut connection).await.unwrap(), 1);
        assert_eq!(ask::<u32>(&count, &mut connection).await.unwrap(), 3);
        assert_eq!(bed.read("count").await.as_deref(), Some("3"));
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_comes_twice_shifts_the_replies_of_a_pipeline() {
    within(async {
        let twice = Fault::duplicate_reply();
        for seen in Bed::cases("reply twice", &twice, PATIENCE).await {
            // Alone, the second one comes when nobody waits for it.
            seen.shows("OK", Some("me"), "nil");
        }
        let bed = Bed::plain().await;
        let mut connection = bed.multiplexed(PATIENCE).await;
        bed.proxy
            .add_rule(Rule::new("twice", twice).on_command("SET"));
        let mut pipe = redis::pipe();
        pipe.add_command(set_nx(&bed.key("a"), "me"));
        pipe.add_command(get(&bed.key("a")));
        let replies: [String; 2] = pipe.query_async(&mut connection).await.unwrap();
        assert_eq!(replies, ["OK", "OK"]);
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_goes_through_in_its_order() {
    within(async {
        let bed = Bed::plain().await;
        let mut connection = bed.multiplexed(PATIENCE).await;
        let mut pipe = redis::pipe();
        for number in 0..500 {
            pipe.cmd("ECHO").arg(number);
        }
        let replies: Vec<u32> = pipe.query_async(&mut connection).await.unwrap();
        assert!(replies.into_iter().eq(0..500));
        let mut pipe = redis::pipe();
        pipe.atomic()
            .cmd("INCR")
            .arg(bed.key("a"))
            .cmd("INCR")
            .arg(bed.key("a"));
        let replies: [u32; 2] = pipe.query_async(&mut connection).await.unwrap();
        assert_eq!(replies, [1, 2]);
    })
    .await;
}
