//! Each fault of the proxy between the SDK for DynamoDB and a server: what a caller sees, how
//! often the SDK tries, whether the server has written, and how long it takes.
//!
//! Every test prints a row of a table for each case, seen with `--nocapture`.

mod bed;
#[path = "../support/dynamodb.rs"]
mod dynamodb;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use bed::{Bed, HASTE, STEADY};
use testbed::proxy::{Answer, Fault, Kept, LostReply, Rule};
use tokio::time;

/// Later than any attempt waits.
const LATE: Duration = Duration::from_millis(1500);

async fn within<T>(test: impl Future<Output = T>) -> T {
    let ended = time::timeout(Duration::from_secs(60), test).await;
    ended.expect("the test ends in time")
}

#[tokio::test]
async fn a_reset_or_closed_connection_is_tried_again_and_nothing_is_written_before() {
    within(async {
        let bed = Bed::new().await;
        for (name, fault) in [("reset", Fault::reset()), ("close", Fault::close())] {
            let [once, always, alone] = bed.loud(name, &fault).await;
            once.shows("ok", 2, Some("me"));
            always.shows("dispatch failure", 3, None);
            alone.shows("dispatch failure", 1, None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_refuses_is_tried_three_times_and_found_again() {
    within(async {
        let bed = Bed::new().await;
        bed.proxy.refuse().await;
        let refused = bed.put("refuse, always", &bed.steady).await;
        refused.shows("dispatch failure", 3, None);
        let refused = bed.put("refuse, no retries", &bed.patient_once).await;
        refused.shows("dispatch failure", 1, None);
        assert_eq!(bed.proxy.connections(), 0);
        bed.proxy.accept().await;
        let accepted = bed.put("refuse, afterwards", &bed.steady).await;
        accepted.shows("ok", 1, Some("me"));

        let gone = Fault::refuse(Duration::from_secs(600));
        bed.proxy
            .set_rules([Rule::new("gone", gone).on_target("PutItem")]);
        let died = bed.put("server dies on the request", &bed.steady).await;
        died.shows("dispatch failure", 3, None);
        // Only the first attempt has found somebody who listens.
        assert_eq!(bed.proxy.times_fired("gone"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_hanging_server_costs_the_timeout_of_every_attempt() {
    within(async {
        let bed = Bed::new().await;
        let [once, always, alone] = bed.silent("hang", &Fault::hang()).await;
        once.shows("ok", 2, Some("me")).not_before(STEADY);
        always.shows("timeout", 3, None).not_before(3 * HASTE);
        alone.shows("timeout", 1, None).not_before(HASTE);
    })
    .await;
}

#[tokio::test]
async fn a_late_request_writes_after_its_caller_was_told_of_a_timeout() {
    within(async {
        let bed = Bed::new().await;
        let late = Fault::delay_request(LATE);
        let [once, always, alone] = bed.silent("delayed request", &late).await;
        once.shows("ok", 2, Some("me")).not_before(STEADY);
        // The first attempt may be written before the third one has been given up.
        always.ends("timeout", 3).not_before(3 * HASTE);
        alone.shows("timeout", 1, None).not_before(HASTE);
        for row in ["delayed request, always", "delayed request, no retries"] {
            while bed.read(row, "owner").await.is_none() {
                time::sleep(Duration::from_millis(20)).await;
            }
            assert!(bed.proxy.fired(row).await.at().elapsed() >= LATE);
        }
    })
    .await;
}

#[tokio::test]
async fn a_late_or_slow_reply_makes_the_retry_fail_on_our_own_record() {
    within(async {
        let bed = Bed::new().await;
        let slow = Fault::drip(1, LATE / 100);
        for (name, fault) in [
            ("delayed reply", Fault::delay_reply(LATE)),
            ("slow drip", slow),
        ] {
            let [once, always, alone] = bed.silent(name, &fault).await;
            once.shows("condition failed on me", 2, Some("me"))
                .not_before(STEADY);
            always.shows("timeout", 3, Some("me")).not_before(3 * HASTE);
            alone.shows("timeout", 1, Some("me")).not_before(HASTE);
        }
        let pause = Duration::from_millis(5);
        let drip = Rule::new("drip", Fault::drip(16, pause)).on_target("PutItem");
        bed.proxy.set_rules([drip]);
        let waited = bed.put("slow drip, patient", &bed.patient_once).await;
        // A head of some 150 bytes and more.
        waited.shows("ok", 1, Some("me")).not_before(8 * pause);
    })
    .await;
}

#[tokio::test]
async fn a_truncated_reply_is_tried_again_although_the_server_has_written() {
    within(async {
        let bed = Bed::new().await;
        let [once, always, alone] = bed.loud("truncate", &Fault::truncate()).await;
        once.shows("condition failed on me", 2, Some("me"));
        always.shows("response error", 3, Some("me"));
        alone.shows("response error", 1, Some("me"));
    })
    .await;
}

#[tokio::test]
async fn an_answer_in_place_of_the_server_is_tried_again() {
    within(async {
        let bed = Bed::new().await;
        let throttled = "ProvisionedThroughputExceededException";
        for (name, answer, code) in [
            (
                "throttled",
                Answer::aws_error(400, throttled, "slow down"),
                throttled,
            ),
            ("internal error", Answer::status(500), "status 500"),
            (
                "unavailable",
                Answer::status(503).body("busy"),
                "status 503",
            ),
        ] {
            let [once, always, alone] = bed.loud(name, &Fault::answer(answer)).await;
            once.shows("ok", 2, Some("me"));
            always.shows(code, 3, None);
            alone.shows(code, 1, None);
        }
        let refused = Answer::aws_error(400, "ValidationException", "no");
        let [once, ..] = bed.loud("refused for good", &Fault::answer(refused)).await;
        once.shows("ValidationException", 1, None);
    })
    .await;
}

/// The ambiguous case: the caller cannot know whether its put has been written, and the SDK's
/// own retry meets the record of the attempt before.
#[tokio::test]
async fn after_a_dropped_reply_the_retry_fails_on_our_own_record() {
    within(async {
        let bed = Bed::new().await;
        for (name, lost) in [
            ("reply dropped, close", LostReply::Close),
            ("reply dropped, reset", LostReply::Reset),
        ] {
            let [once, always, alone] = bed.loud(name, &Fault::drop_reply(lost)).await;
            once.shows("condition failed on me", 2, Some("me"));
            always.shows("dispatch failure", 3, Some("me"));
            alone.shows("dispatch failure", 1, Some("me"));
        }
        let lost = Fault::drop_reply(LostReply::Silence);
        let [once, always, alone] = bed.silent("reply dropped, silence", &lost).await;
        once.shows("condition failed on me", 2, Some("me"))
            .not_before(STEADY);
        always.shows("timeout", 3, Some("me")).not_before(3 * HASTE);
        alone.shows("timeout", 1, Some("me")).not_before(HASTE);
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_is_hidden_or_fails_on_our_own_record() {
    within(async {
        let bed = Bed::new().await;
        let first = Fault::duplicate(Kept::First);
        for seen in bed.loud("delivered twice, first reply", &first).await {
            seen.shows("ok", 1, Some("me"));
        }
        let second = Fault::duplicate(Kept::Second);
        for seen in bed.loud("delivered twice, second reply", &second).await {
            seen.shows("condition failed on me", 1, Some("me"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_counts_a_counter_twice() {
    within(async {
        let bed = Bed::new().await;
        let twice = Rule::new("twice", Fault::duplicate(Kept::First)).on_target("UpdateItem");
        bed.proxy.set_rules([twice.times(1)]);
        for expected in ["2", "3"] {
            bed.patient_once
                .update_item()
                .table_name("records")
                .key("id", AttributeValue::S("counter".to_owned()))
                .update_expression("ADD hits :one")
                .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
                .send()
                .await
                .unwrap();
            let hits = bed.read("counter", "hits").await;
            assert_eq!(hits.as_deref(), Some(expected));
        }
        assert_eq!(bed.proxy.requests().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_comes_twice_does_no_harm() {
    within(async {
        let bed = Bed::new().await;
        for seen in bed.loud("reply twice", &Fault::duplicate_reply()).await {
            seen.shows("ok", 1, Some("me"));
        }
        let after = bed.put("reply twice, afterwards", &bed.patient_once).await;
        after.shows("ok", 1, Some("me"));
    })
    .await;
}
