//! The rows of the table of limits, but for the bytes of a line.

use powertools_metrics::{MetricsErrorKind, MetricsLayer, Unit};
use serde_json::json;

use crate::support::{bed, builder, kind, line, sets};

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("d{number}")).collect()
}

#[tokio::test]
async fn all_sets_and_the_service_together_have_29_dimensions() {
    for (service, room) in [("", 29), ("pay", 28)] {
        let names = numbered(room);
        let bed = bed(builder().service(service));
        bed.run(async |metrics| {
            let (main, further) = names.split_at(room - 2);
            for name in main {
                metrics.try_add_dimension(name, "v").unwrap();
            }
            let pair = [(&*further[0], "v"), (&*further[1], "v")];
            metrics.try_add_dimensions(pair).unwrap();
            let beyond = metrics.try_add_dimension("beyond", "v");
            assert_eq!(kind(beyond), MetricsErrorKind::DimensionLimit);
            let beyond = metrics.try_add_dimensions([("d0", "v"), ("beyond", "v")]);
            assert_eq!(kind(beyond), MetricsErrorKind::DimensionLimit);
            // Known names need no room.
            metrics
                .try_add_dimensions([("d0", "v"), ("d1", "v")])
                .unwrap();
            metrics.try_add_dimension("d0", "w").unwrap();
            if !service.is_empty() {
                metrics.try_add_dimension("service", "own").unwrap();
                metrics.try_add_dimension("service", "pay").unwrap();
            }
            metrics.add_dimension("beyond", "v");
            assert_eq!(metrics.refused(), 1);
            metrics.add("m", Unit::Count, 1);
        })
        .await;
        let line = bed.only();
        assert_eq!(line.as_object().unwrap().len(), 29 + 2);
        assert_eq!(sets(&line).as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_single_metric_and_a_scope_have_29_dimensions() {
    let names = numbered(29);
    let bed = bed(builder().service("pay"));
    let metrics = bed.layer.metrics();
    for (count, fits) in [(28, true), (29, false)] {
        let dimensions = names[..count].iter().map(|name| (&**name, "v"));
        let mut single = metrics.single_metric("m", Unit::Count, 1);
        for (name, value) in dimensions.clone() {
            single = single.dimension(name, value);
        }
        assert_eq!(single.flush().is_ok(), fits);
        assert_eq!(metrics.try_with_dimensions(dimensions).is_ok(), fits);
    }
    assert_eq!(sets(&bed.only())[0].as_array().unwrap().len(), 29);
}

#[tokio::test]
async fn names_of_metrics_have_255_characters_without_control_characters_and_are_not_aws() {
    let wide = "😀".repeat(255);
    let line = line(builder(), async |metrics| {
        metrics.try_add(&wide, Unit::Count, 1).unwrap();
        metrics.try_add(&"x".repeat(255), Unit::Count, 1).unwrap();
        for name in [
            &format!("{wide}x"),
            &"x".repeat(256),
            "a\nb",
            "a\u{0}",
            "a\u{7f}b",
            "a\u{80}b",
            "_aws",
            "",
            "  ",
        ] {
            let refused = metrics.try_add(name, Unit::Count, 1);
            assert_eq!(kind(refused), MetricsErrorKind::Name, "{name}");
        }
    })
    .await;
    assert_eq!(line[&wide], 1);
}

#[tokio::test]
async fn dimensions_have_250_and_1024_printable_characters_and_no_colon_first() {
    let (name, value) = ("n".repeat(250), "v".repeat(1024));
    let line = line(builder(), async |metrics| {
        metrics.try_add_dimension(&name, &value).unwrap();
        metrics.try_add_dimension(" a:\"\\~", ":x y\"\\").unwrap();
        for (name, value) in [
            (&*format!("{name}n"), "v"),
            ("n", &*format!("{value}v")),
            (":n", "v"),
            ("ñ", "v"),
            ("n", "ñ"),
            ("n\n", "v"),
            ("n", "v\t"),
            (" ", "v"),
            ("n", "  "),
            ("n", ""),
            ("_aws", "v"),
        ] {
            let refused = metrics.try_add_dimension(name, value);
            assert_eq!(kind(refused), MetricsErrorKind::Dimension, "{name}={value}");
        }
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(
        (&line[&name], &line[" a:\"\\~"]),
        (&json!(value), &json!(":x y\"\\"))
    );
}

#[tokio::test]
async fn a_namespace_that_cannot_be_one_makes_no_layer() {
    let long = "n".repeat(255);
    for namespace in [&*long, "0-9.A_Z/a#z: x", "AWSLambda", "x/AWS/"] {
        let bed = bed(builder().namespace(namespace));
        bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
            .await;
        let line = bed.only();
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], namespace);
    }
    let too_long = format!("{long}n");
    for namespace in [
        &*too_long,
        "",
        " ",
        "AWS/Lambda",
        ":x",
        "ä",
        "a\"b",
        "a\nb",
        "a%",
    ] {
        let error = builder().namespace(namespace).build().unwrap_err();
        assert!(error.to_string().contains("namespace"), "{error}");
        // Also one of the environment.
        let env = [("POWERTOOLS_METRICS_NAMESPACE", namespace)];
        let of_env = MetricsLayer::builder()
            .host(crate::support::host(env))
            .build();
        assert_eq!(of_env.is_err(), !namespace.is_empty(), "{namespace}");
    }
}

#[test]
fn what_else_makes_no_layer() {
    let long = "s".repeat(1025);
    for service in [&*long, " ", "é", "a\nb"] {
        let error = builder().service(service).build().unwrap_err();
        assert!(error.to_string().contains("service"), "{error}");
    }
    assert!(builder().service("s".repeat(1024)).build().is_ok());
    for (name, value) in [("", "v"), ("n", ""), (":n", "v"), ("n", "é")] {
        let error = builder()
            .default_dimension(name, value)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
    let with = |count, builder: powertools_metrics::MetricsBuilder| {
        let names = numbered(count);
        let all = names.iter().fold(builder, |builder, name| {
            builder.default_dimension(name, "v")
        });
        all.build().is_ok()
    };
    assert!(with(29, builder()) && !with(30, builder()));
    assert!(with(28, builder().service("s")) && !with(29, builder().service("s")));
    // They leave room for those of the request metrics.
    let requests = || builder().capture_request_metrics(true);
    assert!(with(26, requests()) && !with(27, requests()));
    let requests = || requests().service("s");
    assert!(with(25, requests()) && !with(26, requests()));
    let short = builder().max_line_bytes(16 * 1024 - 1).build().unwrap_err();
    assert!(short.to_string().contains("max_line_bytes"), "{short}");
    assert!(builder().max_line_bytes(16 * 1024).build().is_ok());
}

#[tokio::test]
async fn a_value_is_finite_and_within_2_to_the_360() {
    let most = 2_f64.powi(360);
    let line = line(builder(), async |metrics| {
        for value in [most, -most, 0.0, -0.0, f64::MIN_POSITIVE, 5e-324] {
            metrics.try_add("m", Unit::Count, value).unwrap();
        }
        for value in [
            f64::NAN,
            f64::INFINITY,
            -f64::INFINITY,
            most.next_up(),
            f64::MAX,
        ] {
            let refused = metrics.try_add("m", Unit::Count, value);
            assert_eq!(kind(refused), MetricsErrorKind::Value, "{value}");
        }
    })
    .await;
    assert_eq!(line["m"].as_array().unwrap().len(), 6);
    assert_eq!(line["m"][0], json!(most));
}

#[tokio::test]
async fn a_name_is_not_of_a_metric_and_a_dimension_of_one_line() {
    let bed = bed(builder().service("pay").default_dimension("env", "p"));
    bed.run(async |metrics| {
        for name in ["service", "env"] {
            let refused = metrics.try_add(name, Unit::Count, 1);
            assert_eq!(kind(refused), MetricsErrorKind::Collision);
        }
        metrics.add("m", Unit::Count, 1);
        assert_eq!(
            kind(metrics.try_add_dimension("m", "v")),
            MetricsErrorKind::Collision
        );
        // In another line it may be.
        let scope = metrics.with_dimensions([("m", "v")]);
        scope.try_add("n", Unit::Count, 1).unwrap();
        metrics.flush().unwrap();
        metrics.try_add_dimension("m", "v").unwrap();
        metrics.add("n", Unit::Count, 1);
    })
    .await;
    assert_eq!(bed.lines().len(), 3);
}
