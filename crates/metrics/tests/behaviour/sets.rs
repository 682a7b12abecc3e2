//! Further dimension sets.

use std::collections::HashMap;

use powertools_metrics::{MetricsErrorKind, Unit};
use serde_json::json;

use crate::support::{bed, builder, key, kind, line, sets};

#[tokio::test]
async fn each_metric_belongs_to_each_set() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("main", "m");
        metrics.add("a", Unit::Count, 1);
        metrics.add_dimensions([("b", "1"), ("c", "2")]);
        metrics.add("a", Unit::Count, 2);
    })
    .await;
    let samples = bed.output.samples();
    for key in [
        key([("main", "m")], "a"),
        key([("b", "1"), ("c", "2")], "a"),
    ] {
        assert_eq!(samples.values(&key), [(1.0, 1), (2.0, 1)]);
    }
    assert_eq!(samples.len(), 4);
}

#[tokio::test]
async fn a_set_has_the_default_dimensions_but_not_the_service() {
    let builder = builder().default_dimension("env", "prod").service("pay");
    let line = line(builder, async |metrics| {
        metrics.add_dimension("own", "o");
        metrics.add_dimensions([("b", "1")]);
        metrics.set_default_dimensions([("tier", "gold")]);
        metrics.add_dimensions([("c", "1")]);
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    let expected = json!([
        ["env", "own", "tier", "service"],
        ["env", "b"],
        ["env", "tier", "c"],
    ]);
    assert_eq!(sets(&line), &expected);
}

#[tokio::test]
async fn a_set_is_gone_after_the_flush() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimensions([("b", "1")]);
        metrics.add("a", Unit::Count, 1);
        metrics.flush().unwrap();
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    let all: Vec<_> = bed
        .lines()
        .iter()
        .map(|line| sets(line).to_string())
        .collect();
    assert_eq!(all, [r#"[[],["b"]]"#, "[[]]"]);
}

#[tokio::test]
async fn a_dimension_of_a_set_that_cannot_be_one_is_left_out() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimensions([("b", "1"), ("c", ""), ("d", "2")]);
        metrics.add("a", Unit::Count, 1);
        assert_eq!(metrics.refused(), 1);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([[], ["b", "d"]]));
}

#[tokio::test]
async fn all_of_a_set_or_none() {
    let line = line(builder(), async |metrics| {
        let refused = metrics.try_add_dimensions([("b", "1"), ("c", "")]);
        assert_eq!(kind(refused), MetricsErrorKind::Dimension);
        metrics.add("b", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&line), &json!([[]]));
}

#[tokio::test]
async fn a_set_without_dimensions_and_one_that_is_there_already_are_refused() {
    let line = line(builder(), async |metrics| {
        let empty = metrics.try_add_dimensions([("", ""); 0]);
        assert_eq!(kind(empty), MetricsErrorKind::DimensionSet);
        metrics.add_dimensions([("b", "1"), ("c", "1")]);
        let again = metrics.try_add_dimensions([("c", "2"), ("b", "2")]);
        assert_eq!(kind(again), MetricsErrorKind::DimensionSet);
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&line), &json!([[], ["b", "c"]]));
    assert_eq!((&line["b"], &line["c"]), (&json!("1"), &json!("1")));
}

#[tokio::test]
async fn a_set_like_the_main_one_counts_no_value_twice() {
    let bed = bed(builder().service("pay"));
    bed.run(async |metrics| {
        metrics.add_dimensions([("b", "1")]);
        metrics.add_dimensions([("b", "1"), ("service", "pay")]);
        metrics.add_dimension("b", "1");
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([["b", "service"], ["b"]]));
    assert_eq!(bed.output.samples().len(), 2);
}

#[tokio::test]
async fn in_a_line_a_dimension_has_one_value_the_last_one_with_a_warning() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("b", "1");
        metrics.add_dimensions([("b", "2"), ("c", "1")]);
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    let line = bed.only();
    assert_eq!(
        (sets(&line), &line["b"]),
        (&json!([["b"], ["b", "c"]]), &json!("2"))
    );
    assert_eq!(bed.warnings.codes(), ["overwritten"]);
}

#[tokio::test]
async fn the_service_of_a_set_is_that_of_the_line_with_a_warning_if_it_is_another() {
    for (service, codes) in [("other", &["overwritten"] as &[_]), ("pay", &[])] {
        let bed = bed(builder().service("pay"));
        bed.run(async |metrics| {
            metrics.add_dimensions([("service", service), ("c", "1")]);
            metrics.add("a", Unit::Count, 1);
        })
        .await;
        let line = bed.only();
        assert_eq!(sets(&line), &json!([["service"], ["service", "c"]]));
        assert_eq!(line["service"], service);
        assert_eq!(bed.warnings.codes(), codes);
    }
}

#[tokio::test]
async fn a_set_leaves_a_default_dimension_the_value_that_it_was_given() {
    let bed = bed(builder().default_dimension("env", "prod"));
    bed.run(async |metrics| {
        metrics.add_dimension("env", "test");
        metrics.add_dimensions([("b", "1")]);
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    let line = bed.only();
    assert_eq!(sets(&line), &json!([["env"], ["env", "b"]]));
    assert_eq!(line["env"], "test");
    assert_eq!(bed.warnings.codes(), ["overwritten"]);
}

#[tokio::test]
async fn dimensions_may_be_owned_borrowed_or_of_a_map() {
    let builder = builder().default_dimension(String::from("env"), "p");
    let line = line(builder, async |metrics| {
        let (name, value) = (String::from("a"), String::from("1"));
        metrics.add_dimension(&name, &value);
        metrics.add_dimensions([(&name, &value)]);
        metrics.add_dimensions(HashMap::from([("b", value.clone())]));
        metrics.add_dimensions(&HashMap::from([
            (name.clone(), value.clone()),
            ("c".into(), "1".into()),
        ]));
        metrics.set_default_dimensions(vec![(name, "1")]);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let mut all: Vec<Vec<String>> = serde_json::from_value(sets(&line).clone()).unwrap();
    all.iter_mut().for_each(|set| set.sort());
    let expected = [vec!["a", "env"], vec!["b", "env"], vec!["a", "c", "env"]];
    assert_eq!(all, expected);
}
