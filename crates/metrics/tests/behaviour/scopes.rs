//! Metrics that stay apart.

use std::time::Duration;

use powertools_metrics::{MetricsErrorKind, Unit};
use serde_json::json;

use crate::support::{MILLIS, bed, builder, key, kind, lines, moment, sets};

#[tokio::test]
async fn values_under_different_dimensions_are_kept_apart_in_order() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for (tier, count) in [("gold", 3), ("silver", 5), ("gold", 1)] {
            metrics
                .with_dimensions([("tier", tier)])
                .add("Orders", Unit::Count, count);
        }
        metrics.add("Orders", Unit::Count, 9);
    })
    .await;
    let told: Vec<_> = bed
        .lines()
        .iter()
        .map(|line| (line["tier"].clone(), line["Orders"].clone()))
        .collect();
    let expected = [
        (json!(null), json!(9)),
        (json!("gold"), json!([3, 1])),
        (json!("silver"), json!(5)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_scope_carries_the_dimensions_that_there_were_when_it_was_made() {
    let lines = lines(builder().service("pay"), async |metrics| {
        metrics.add_dimension("before", "b");
        metrics.add_dimensions([("set", "s")]);
        let scope = metrics.with_dimensions([("in", "i")]);
        metrics.add_dimension("after", "a");
        scope.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(lines.len(), 1);
    assert_eq!(sets(&lines[0]), &json!([["before", "in", "service"]]));
}

#[tokio::test]
async fn a_scope_may_give_a_dimension_another_value_without_a_warning() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("tier", "gold");
        metrics
            .with_dimensions([("tier", "iron")])
            .add("m", Unit::Count, 1);
        metrics.add("m", Unit::Count, 2);
    })
    .await;
    let samples = bed.output.samples();
    assert_eq!(samples.values(&key([("tier", "gold")], "m")), [(2.0, 1)]);
    assert_eq!(samples.values(&key([("tier", "iron")], "m")), [(1.0, 1)]);
    assert!(bed.warnings.all().is_empty());
}

#[tokio::test]
async fn scopes_stand_inside_of_each_other() {
    let lines = lines(builder(), async |metrics| {
        let outer = metrics.with_dimensions([("a", "1")]);
        let inner = outer.with_dimensions([("b", "2"), ("a", "3")]);
        let tried = inner.try_with_dimensions([("c", "4")]).unwrap();
        outer.add("m", Unit::Count, 1);
        inner.add("m", Unit::Count, 2);
        tried.add("m", Unit::Count, 3);
        outer.clone().add("m", Unit::Count, 4);
    })
    .await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| format!("{} {} {}", sets(line), line["a"], line["m"]))
        .collect();
    assert_eq!(
        told,
        [
            r#"[["a"]] "1" [1,4]"#,
            r#"[["a","b"]] "3" 2"#,
            r#"[["a","b","c"]] "3" 3"#
        ]
    );
}

#[tokio::test]
async fn the_same_scope_again_is_one_line_whatever_the_order_of_its_dimensions() {
    let lines = lines(builder(), async |metrics| {
        for set in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
            for _ in 0..2 {
                metrics.with_dimensions(set).add("m", Unit::Count, 1);
            }
        }
        let swapped = metrics.with_dimensions([("b", "1"), ("a", "2")]);
        swapped.add("m", Unit::Count, 2);
    })
    .await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["m"], json!([1, 1, 1, 1]));
    assert_eq!(lines[1]["m"], json!(2));
}

#[tokio::test]
async fn a_dimension_of_a_scope_that_cannot_be_one_is_left_out() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        let scope = metrics.with_dimensions([("a", "1"), ("bad", ""), ("b", "2")]);
        scope.add("m", Unit::Count, 1);
        scope
            .with_dimensions([(":", "x"), ("c", "3")])
            .add("m", Unit::Count, 2);
        assert_eq!(metrics.refused(), 2);
    })
    .await;
    let all: Vec<_> = bed
        .lines()
        .iter()
        .map(|line| sets(line).to_string())
        .collect();
    assert_eq!(all, [r#"[["a","b"]]"#, r#"[["a","b","c"]]"#]);
}

#[tokio::test]
async fn dimensions_of_a_scope_beyond_the_limit_are_left_out_and_its_values_go_out() {
    let names: Vec<_> = (0..31).map(|number| format!("d{number}")).collect();
    let all = || names.iter().map(|name| (name.as_str(), "v"));
    let bed = bed(builder());
    bed.run(async |metrics| {
        let refused = metrics.try_with_dimensions(all());
        assert_eq!(kind(refused), MetricsErrorKind::DimensionLimit);
        metrics.with_dimensions(all()).add("m", Unit::Count, 1);
        assert_eq!(metrics.refused(), 2);
        let inner = metrics
            .with_dimensions([("in", "i")])
            .with_dimensions(all());
        inner.add("m", Unit::Count, 2);
        assert_eq!(metrics.refused(), 2 + 3);
    })
    .await;
    let lines = bed.lines();
    assert_eq!((&lines[0]["m"], &lines[1]["m"]), (&json!(1), &json!(2)));
    for line in &lines {
        assert_eq!(sets(line)[0].as_array().unwrap().len(), 29);
    }
    assert_eq!(bed.warnings.codes(), ["dimension_limit"]);
}

#[tokio::test]
async fn all_dimensions_of_a_tried_scope_or_none() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        let refused = metrics.try_with_dimensions([("a", "1"), ("b", "")]);
        assert_eq!(kind(refused), MetricsErrorKind::Dimension);
        let scope = metrics.try_with_dimensions([("c", "1")]).unwrap();
        let refused = scope.try_with_dimensions([("a", "1"), ("b", "")]);
        assert_eq!(kind(refused), MetricsErrorKind::Dimension);
        scope.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([["c"]]));
}

#[tokio::test]
async fn a_scope_records_as_its_metrics_do() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        let scope = metrics.with_dimensions([("d", "v")]);
        scope.add("a", Unit::Count, 1);
        scope.add_high_resolution("high", Unit::Count, 1);
        scope
            .try_add_high_resolution("tried", Unit::Count, 1)
            .unwrap();
        assert_eq!(
            kind(scope.try_add("d", Unit::Count, 1)),
            MetricsErrorKind::Collision
        );
        scope.add("nan", Unit::Count, f64::NAN);
        scope.add_high_resolution("nan", Unit::Count, f64::NAN);
        assert_eq!(metrics.refused(), 2);
        // A metric of the main set and a dimension of a scope are in no line together.
        metrics.add("d", Unit::Count, 1);
    })
    .await;
    let emf = bed.output.emf();
    let resolutions: Vec<_> = emf[1]
        .metrics()
        .iter()
        .map(|metric| (metric.key().name(), metric.key().resolution()))
        .collect();
    assert_eq!(resolutions, [("a", 60), ("high", 1), ("tried", 1)]);
    assert_eq!(emf[0].named("d").len(), 1);
}

#[tokio::test]
async fn a_scope_may_outlive_a_flush() {
    let lines = lines(builder(), async |metrics| {
        let scope = metrics.with_dimensions([("a", "1")]);
        scope.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        scope.add("m", Unit::Count, 2);
        metrics.add("m", Unit::Count, 3);
    })
    .await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| format!("{} {}", sets(line), line["m"]))
        .collect();
    assert_eq!(told, [r#"[["a"]] 1"#, "[[]] 3", r#"[["a"]] 2"#]);
}

#[tokio::test]
async fn a_time_of_its_own_keeps_values_apart() {
    let earlier = moment() - Duration::from_secs(60);
    let lines = lines(builder(), async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.at(earlier).add("m", Unit::Count, 1);
        metrics.add("m", Unit::Count, 2);
        let scope = metrics.with_dimensions([("e", "w")]);
        scope.at(earlier).add("m", Unit::Count, 3);
        scope.add("m", Unit::Count, 4);
        metrics
            .at(earlier)
            .with_dimensions([("e", "w")])
            .add("m", Unit::Count, 5);
        metrics.at(earlier).add("m", Unit::Count, 6);
    })
    .await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let ago = MILLIS - line["_aws"]["Timestamp"].as_u64().unwrap();
            format!("{ago} {} {}", sets(line), line["m"])
        })
        .collect();
    let expected = [
        r#"0 [["d"]] 2"#,
        r#"60000 [["d"]] [1,6]"#,
        r#"60000 [["d","e"]] [3,5]"#,
        r#"0 [["d","e"]] 4"#,
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn refused_values_in_scopes_of_their_own_keep_no_memory() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for number in 0..1000 {
            let scope = metrics.with_dimensions([("id", &*number.to_string())]);
            scope.add("", Unit::Count, 1);
        }
        metrics.add("m", Unit::Count, 1);
        metrics.add("m", Unit::Count, 2);
    })
    .await;
    // Scopes without a value are none, so nothing went out before the end.
    assert_eq!(bed.only()["m"], json!([1, 2]));
}
