//! Values that were measured at another time.

use std::time::{Duration, SystemTime};

use powertools_metrics::Unit;
use serde_json::Value;

use crate::support::{MILLIS, bed, builder, lines, moment};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

fn times(lines: &[Value]) -> Vec<u64> {
    let times = lines.iter().map(|line| line["_aws"]["Timestamp"].as_u64());
    times.map(Option::unwrap).collect()
}

#[tokio::test]
async fn without_one_it_is_the_time_of_the_flush() {
    let clock = powertools_core::test_util::ManualClock::at(moment());
    let host = crate::support::host([]).with_clock(clock.shared());
    let lines = lines(builder().host(host), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        clock.advance(Duration::from_millis(250));
        metrics.flush().unwrap();
        metrics.add("m", Unit::Count, 1);
        clock.advance(Duration::from_millis(250));
    })
    .await;
    assert_eq!(times(&lines), [MILLIS + 250, MILLIS + 500]);
}

#[tokio::test]
async fn a_time_is_of_all_metrics_until_the_next_flush() {
    let lines = lines(builder(), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        let before = metrics.with_dimensions([("scope", "before")]);
        metrics.set_timestamp(moment() - DAY);
        before.add("m", Unit::Count, 1);
        metrics
            .with_dimensions([("scope", "after")])
            .add("m", Unit::Count, 1);
        metrics.clear();
        metrics.add("m", Unit::Count, 1);
        before.add("m", Unit::Count, 1);
        metrics
            .with_dimensions([("scope", "after")])
            .add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let day_ago = MILLIS - millis(DAY);
    assert_eq!(times(&lines), [day_ago, day_ago, day_ago, MILLIS]);
}

#[tokio::test]
async fn of_a_scope_and_its_invocation_the_scopes_own_time_counts() {
    let lines = lines(builder(), async |metrics| {
        metrics.set_timestamp(moment() - DAY);
        metrics.at(moment() - 2 * DAY).add("m", Unit::Count, 1);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let days: Vec<_> = times(&lines)
        .iter()
        .map(|time| (MILLIS - time) / millis(DAY))
        .collect();
    assert_eq!(days, [1, 2]);
}

#[tokio::test]
async fn what_cloudwatch_drops_is_warned_of_and_written() {
    let edge = Duration::from_millis(1);
    for (at, warned) in [
        (moment() - 14 * DAY, false),
        (moment() - 14 * DAY - edge, true),
        (moment() + Duration::from_secs(2 * 60 * 60), false),
        (moment() + Duration::from_secs(2 * 60 * 60) + edge, true),
    ] {
        let expected: &[&str] = if warned { &["timestamp"] } else { &[] };
        let expected_time = millis(at.duration_since(SystemTime::UNIX_EPOCH).unwrap());
        for how in 0..4 {
            let bed = bed(builder());
            bed.run(async |metrics| {
                match how {
                    0 => metrics.set_timestamp(at),
                    1 => metrics.at(at).add("m", Unit::Count, 1),
                    2 => metrics
                        .with_dimensions([("", ""); 0])
                        .at(at)
                        .add("m", Unit::Count, 1),
                    _ => {
                        let single = metrics.single_metric("m", Unit::Count, 1);
                        single.at(at).flush().unwrap();
                    }
                }
                if how == 0 {
                    metrics.add("m", Unit::Count, 1);
                }
            })
            .await;
            assert_eq!(times(&bed.lines()), [expected_time]);
            let mut codes = bed.warnings.codes();
            // A single metric is none of the invocation's.
            codes.retain(|code| code != "empty");
            assert_eq!(codes, expected, "{how}");
        }
    }
}
