//! Dimensions of the main set, defaults, and the service.

use powertools_metrics::{MetricsErrorKind, Unit};
use serde_json::json;

use crate::support::{bed, builder, kind, line, lines, sets};

#[tokio::test]
async fn a_dimension_is_of_all_metrics_of_the_invocation() {
    let line = line(builder(), async |metrics| {
        metrics.add("before", Unit::Count, 1);
        metrics.add_dimension("tier", "gold");
        metrics.add_dimension("env", "prod");
        metrics.add("after", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&line), &json!([["tier", "env"]]));
    assert_eq!(
        (&line["tier"], &line["env"]),
        (&json!("gold"), &json!("prod"))
    );
}

#[tokio::test]
async fn without_dimensions_and_service_there_is_one_empty_set() {
    let line = line(builder(), async |metrics| metrics.add("a", Unit::Count, 1)).await;
    assert_eq!(sets(&line), &json!([[]]));
}

#[tokio::test]
async fn the_same_name_again_replaces_the_value_with_a_warning() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("a", "1");
        metrics.add_dimension("b", "1");
        metrics.add_dimension("a", "1");
        assert!(bed.warnings.all().is_empty());
        metrics.add_dimension("a", "2");
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let line = bed.only();
    assert_eq!(
        (sets(&line), &line["a"]),
        (&json!([["a", "b"]]), &json!("2"))
    );
    assert_eq!(bed.warnings.codes(), ["overwritten"]);
}

#[tokio::test]
async fn a_dimension_cannot_have_the_name_of_a_metric_nor_the_other_way_round() {
    let bed = bed(builder().service("pay"));
    bed.run(async |metrics| {
        metrics.add("m", Unit::Count, 1);
        let taken = metrics.try_add_dimension("m", "v");
        assert_eq!(kind(taken), MetricsErrorKind::Collision);
        let taken = metrics.try_add_dimensions([("d", "v"), ("m", "v")]);
        assert_eq!(kind(taken), MetricsErrorKind::Collision);
        metrics.add_dimensions([("e", "v")]);
        metrics.add_dimension("f", "v");
        for name in ["service", "e", "f"] {
            let taken = metrics.try_add(name, Unit::Count, 1);
            assert_eq!(kind(taken), MetricsErrorKind::Collision, "{name}");
        }
        metrics.add_dimension("m", "v");
        assert_eq!(metrics.refused(), 1);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([["f", "service"], ["e"]]));
}

#[tokio::test]
async fn the_service_stands_last_and_may_be_given_as_a_dimension() {
    let bed = bed(builder().service("pay"));
    bed.run(async |metrics| {
        metrics.add_dimension("a", "1");
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    bed.run(async |metrics| {
        metrics.add_dimension("service", "other");
        metrics.add_dimension("a", "1");
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let [first, second] = bed.lines().try_into().unwrap();
    assert_eq!(
        (sets(&first), &first["service"]),
        (&json!([["a", "service"]]), &json!("pay"))
    );
    let second = (sets(&second), &second["service"]);
    assert_eq!(second, (&json!([["service", "a"]]), &json!("other")));
}

#[tokio::test]
async fn an_empty_service_is_none() {
    let line = line(builder().service(""), async |metrics| {
        metrics.add("service", Unit::Count, 1);
    })
    .await;
    assert_eq!((sets(&line), &line["service"]), (&json!([[]]), &json!(1)));
}

#[tokio::test]
async fn every_line_begins_with_the_default_dimensions() {
    let builder = builder()
        .default_dimension("env", "prod")
        .default_dimension("team", "a")
        .default_dimension("team", "b")
        .service("pay");
    let lines = lines(builder, async |metrics| {
        metrics.add_dimension("own", "1");
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        metrics.add("m", Unit::Count, 2);
        metrics
            .with_dimensions([("x", "y")])
            .add("m", Unit::Count, 3);
    })
    .await;
    let all: Vec<_> = lines.iter().map(sets).collect();
    let expected = [
        json!([["env", "team", "own", "service"]]),
        json!([["env", "team", "service"]]),
        json!([["env", "team", "x", "service"]]),
    ];
    assert_eq!(all, expected.iter().collect::<Vec<_>>());
    assert!(lines.iter().all(|line| line["team"] == "b"));
}

#[tokio::test]
async fn a_default_dimension_can_have_another_value_until_the_flush() {
    let bed = bed(builder().default_dimension("env", "prod"));
    bed.run(async |metrics| {
        metrics.add_dimension("env", "test");
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        metrics.add("m", Unit::Count, 2);
    })
    .await;
    let values: Vec<_> = bed.lines().iter().map(|line| line["env"].clone()).collect();
    assert_eq!(values, ["test", "prod"]);
    assert_eq!(bed.warnings.codes(), ["overwritten"]);
}

#[tokio::test]
async fn default_dimensions_that_are_set_come_back_after_a_flush_until_the_invocation_ends() {
    let bed = bed(builder().default_dimension("env", "prod"));
    bed.run(async |metrics| {
        metrics.add_dimension("once", "1");
        metrics.set_default_dimensions([("tier", "gold"), ("é", "bad"), ("env", "test")]);
        assert_eq!(metrics.refused(), 1);
        for value in 0..3 {
            metrics.add("m", Unit::Count, value);
            metrics.flush().unwrap();
        }
        metrics.clear();
        metrics.add("m", Unit::Count, 3);
    })
    .await;
    bed.run(async |metrics| metrics.add("m", Unit::Count, 4))
        .await;
    let lines = bed.lines();
    let all: Vec<_> = lines.iter().map(|line| sets(line).to_string()).collect();
    let standing = r#"[["env","tier"]]"#;
    assert_eq!(
        all,
        [
            r#"[["env","once","tier"]]"#,
            standing,
            standing,
            standing,
            r#"[["env"]]"#
        ]
    );
    let env: Vec<_> = lines.iter().map(|line| &line["env"]).collect();
    assert_eq!(env, ["test", "test", "test", "test", "prod"]);
}

#[tokio::test]
async fn cleared_default_dimensions_are_gone_from_the_next_flush_on() {
    let bed = bed(builder().default_dimension("env", "prod"));
    bed.run(async |metrics| {
        metrics.clear_default_dimensions();
        for value in 0..2 {
            metrics.add("m", Unit::Count, value);
            metrics.flush().unwrap();
        }
        metrics.set_default_dimensions([("tier", "gold")]);
        metrics.add("m", Unit::Count, 2);
        metrics.flush().unwrap();
        metrics.add("m", Unit::Count, 3);
    })
    .await;
    bed.run(async |metrics| metrics.add("m", Unit::Count, 4))
        .await;
    let lines = bed.lines();
    let all: Vec<_> = lines.iter().map(|line| sets(line).to_string()).collect();
    let tier = r#"[["tier"]]"#;
    assert_eq!(all, [r#"[["env"]]"#, "[[]]", tier, tier, r#"[["env"]]"#]);
}

#[tokio::test]
async fn what_cannot_be_a_dimension_is_refused_and_the_rest_goes_out() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for (name, value) in [
            ("", "v"),
            ("n", " "),
            (":n", "v"),
            ("n", "é"),
            ("_aws", "v"),
        ] {
            let refused = metrics.try_add_dimension(name, value);
            assert_eq!(kind(refused), MetricsErrorKind::Dimension, "{name}");
            metrics.add_dimension(name, value);
        }
        metrics.add_dimension("good", "v");
        metrics.add("m", Unit::Count, 1);
        assert_eq!(metrics.refused(), 5);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([["good"]]));
    assert_eq!(bed.warnings.codes(), ["dimension"]);
}
