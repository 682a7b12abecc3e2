//! The bytes of a line.

use powertools_metrics::{Metrics, MetricsBuilder, MetricsErrorKind, Unit};
use serde_json::{Value, json};
use testbed::check::emf::Samples;

use crate::support::{MAX_LINE, bed, builder, key, kind, limited_bed, sets};

const LEAST: usize = 16 * 1024;

/// Records as many long names and values as a line may have, and says which.
fn record_much(metrics: &Metrics) -> Samples {
    let mut expected = Samples::new();
    for number in 0..99 {
        let name = format!("{number:x<200}\"\\é");
        for _ in 0..99 {
            let value = -1.234_567_890_123_456_7e-100;
            metrics.add(&name, Unit::Count, value);
            expected.add(key([("d", "v")], &name), value);
        }
    }
    expected
}

fn dimensions(builder: MetricsBuilder) -> MetricsBuilder {
    builder.default_dimension("d", "v")
}

#[tokio::test]
async fn what_does_not_fit_goes_into_further_lines() {
    for max_line in [LEAST, LEAST + 1, 20_000, 100_000, MAX_LINE, 1 << 20] {
        let bed = limited_bed(dimensions(builder()), max_line);
        let mut expected = Samples::new();
        bed.run(async |metrics| {
            metrics.add_metadata("meta", "data");
            expected = record_much(&metrics);
            // Shown as it is written.
            let shown = metrics.serialize().unwrap();
            crate::support::checked(&shown, max_line);
        })
        .await;
        bed.output.samples().assert_same_as(&expected);
        let lines = bed.lines();
        assert!(lines.iter().all(|line| line["meta"] == "data"));
        let bytes = bed.output.text().len();
        let few = bytes / max_line + 1;
        assert!(
            (few..=few * 3 / 2 + 1).contains(&lines.len()),
            "{} {few}",
            lines.len()
        );
    }
}

#[tokio::test]
async fn the_default_is_256_kib() {
    let bed = bed(dimensions(builder()));
    let mut expected = Samples::new();
    bed.run(async |metrics| expected = record_much(&metrics))
        .await;
    bed.output.samples().assert_same_as(&expected);
    let longest = bed.output.text().lines().map(str::len).max().unwrap();
    assert!((200 * 1024..256 * 1024).contains(&longest), "{longest}");
    // What Lambda's way to CloudWatch is said to carry.
    testbed::check::emf::EmfCheck::new().assert_lines(bed.output.text());
}

#[tokio::test]
async fn dimensions_and_metadata_that_leave_no_room_are_refused_where_they_are_added() {
    let bed = limited_bed(builder(), LEAST);
    bed.run(async |metrics| {
        let long = "\"".repeat(900);
        metrics.try_add_dimension("a", &long).unwrap();
        assert_eq!(
            kind(metrics.try_add_dimension("b", &long)),
            MetricsErrorKind::Size
        );
        assert_eq!(
            kind(metrics.try_add_dimensions([("b", &*long)])),
            MetricsErrorKind::Size
        );
        assert_eq!(
            kind(metrics.try_with_dimensions([("b", &*long)])),
            MetricsErrorKind::Size
        );
        let scope = metrics.with_dimensions([("c", "v")]);
        assert_eq!(
            kind(scope.try_with_dimensions([("b", &*long)])),
            MetricsErrorKind::Size
        );
        let text = "\n".repeat(1500);
        metrics.try_add_metadata("\n\n", &text).unwrap();
        assert_eq!(
            kind(metrics.try_add_metadata("more", &text)),
            MetricsErrorKind::Size
        );
        metrics.add_metadata("more", &text);
        assert_eq!(metrics.refused(), 1);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let line = bed.only();
    assert_eq!(sets(&line), &json!([["a"]]));
    assert_eq!(line.get("more"), None);
    assert_eq!(bed.warnings.codes(), ["size"]);
}

#[tokio::test]
async fn metadata_that_is_replaced_needs_no_room_of_its_own() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for letter in ["a", "b", "c"] {
            metrics
                .try_add_metadata("long", letter.repeat(100_000))
                .unwrap();
        }
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(bed.only()["long"].as_str().unwrap().len(), 100_000);
}

#[tokio::test]
async fn default_dimensions_that_leave_no_room_make_no_layer() {
    let with = |count: usize, max_line| {
        let add = |builder: MetricsBuilder, number| {
            builder.default_dimension(format!("d{number}"), "v".repeat(1000))
        };
        let builder = (0..count).fold(builder(), add).max_line_bytes(max_line);
        builder.build().is_ok()
    };
    assert!(with(1, LEAST));
    assert!(!with(20, LEAST));
    assert!(with(29, MAX_LINE));
}

#[tokio::test]
async fn the_longest_of_everything_keeps_the_limit() {
    for max_line in [LEAST, MAX_LINE] {
        let builder = builder()
            .namespace("n".repeat(255))
            .service("\"".repeat(1024))
            .function_name("\\".repeat(1024))
            .capture_cold_start_metric(true)
            .capture_request_metrics(true)
            .capture_request_ids(true);
        let bed = limited_bed(builder, max_line);
        let id = "\"".repeat(500);
        let context = powertools_core::test_util::TestContext::new(&id);
        bed.run_as(context, async |metrics| {
            let mut number = 0;
            while metrics
                .try_add_dimension(&format!("{number}{}", "\"".repeat(40)), &"\\".repeat(40))
                .is_ok()
            {
                number += 1;
            }
            while metrics
                .try_add_dimensions([(&*format!("s{number}"), "v")])
                .is_ok()
            {
                number += 1;
            }
            while metrics
                .try_add_metadata(&format!("{number}\u{1}"), "\u{1}".repeat(50))
                .is_ok()
            {
                number += 1;
            }
            let name = format!("{}\"", "😀".repeat(254));
            for _ in 0..100 {
                metrics.add_high_resolution(
                    &name,
                    Unit::GigabytesPerSecond,
                    -1.2345678901234567e-300,
                );
            }
            metrics.add(&name, Unit::Count, 1);
            let single = metrics.single_metric(&name, Unit::GigabytesPerSecond, 1);
            single
                .metadata("\u{1}", "\u{1}".repeat(50))
                .flush()
                .unwrap();
        })
        .await;
        let lines: Vec<Value> = bed.lines();
        let name = lines.iter().filter(|line| line.to_string().contains("😀"));
        assert_eq!(name.count(), 3);
    }
}

#[tokio::test]
async fn long_names_alone_make_further_lines() {
    let bed = limited_bed(dimensions(builder()), LEAST);
    let mut expected = Samples::new();
    bed.run(async |metrics| {
        for number in 0..99 {
            let name = format!("{number:\"<255}");
            metrics.add(&name, Unit::Count, 1);
            expected.add(key([("d", "v")], &name), 1.0);
        }
    })
    .await;
    bed.output.samples().assert_same_as(&expected);
    assert!(bed.lines().len() > 5);
}
