//! When lines are written, and what stays: the rows of the table.

use std::{convert::Infallible, future::pending};

use futures_util::FutureExt;
use powertools_core::test_util::TestContext;
use powertools_metrics::{Metrics, MetricsErrorKind, Unit};
use serde_json::{Value, json};

use crate::support::{MILLIS, Output, bed, builder, caught, kind, sets};

fn record(metrics: &Metrics) {
    metrics.add_dimension("d", "v");
    metrics.add_metadata("meta", 1);
    metrics.add("m", Unit::Count, 1);
}

fn assert_recorded(lines: &[Value]) {
    assert_eq!(lines.len(), 1);
    assert_eq!(sets(&lines[0]), &json!([["d"]]));
    assert_eq!((&lines[0]["meta"], &lines[0]["m"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn an_answer_an_error_a_panic_and_a_drop_write_everything_and_nothing_stays() {
    let bed = bed(builder());
    let context = || TestContext::new("r-1");
    for end in ["answer", "error", "panic", "panic after a wait", "drop"] {
        let before = bed.lines().len();
        let mut call = Box::pin(caught(bed.answer(context(), async |metrics| {
            record(&metrics);
            match end {
                "answer" => Ok(()),
                "error" => Err("no luck"),
                "panic" => panic!("on purpose"),
                "panic after a wait" => {
                    tokio::task::yield_now().await;
                    panic!("on purpose")
                }
                _ => pending().await,
            }
        })));
        if end == "drop" {
            assert!(call.as_mut().now_or_never().is_none());
            assert_eq!(bed.lines().len(), before);
            drop(call);
        } else {
            match (end, call.await) {
                ("answer", ended) => assert_eq!(ended.unwrap(), Ok(())),
                ("error", ended) => assert_eq!(ended.unwrap(), Err("no luck")),
                (_, ended) => assert!(ended.is_err()),
            }
        }
        assert_recorded(&bed.lines()[before..]);
        bed.run(async |metrics| metrics.add("next", Unit::Count, 1))
            .await;
        let lines = bed.lines();
        let next = lines.last().unwrap();
        assert_eq!(
            (sets(next), next.get("meta")),
            (&json!([[]]), None),
            "{end}"
        );
    }
}

#[tokio::test]
async fn a_panic_in_call_writes_what_was_recorded_before() {
    let bed = bed(builder());
    let handler = tower::service_fn(|_: lambda_runtime::LambdaEvent<()>| {
        record(&Metrics::current());
        if true {
            panic!("on purpose");
        }
        async { Ok::<_, Infallible>(()) }
    });
    let service = tower::Layer::layer(&bed.layer, handler);
    let call = tower::ServiceExt::oneshot(service, TestContext::new("r-1").event(()));
    assert!(caught(call).await.is_err());
    assert_recorded(&bed.lines());
}

#[tokio::test]
async fn the_hundredth_metric_writes_the_line_and_dimensions_metadata_and_time_stay() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_metadata("meta", 1);
        metrics.set_timestamp(
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(MILLIS - 7),
        );
        let scope = metrics.with_dimensions([("scope", "s")]);
        scope.add("stays", Unit::Count, 1);
        for number in 0..100 {
            assert_eq!(bed.lines().len(), 0, "{number}");
            metrics.add(&format!("m{number}"), Unit::Count, number);
        }
        assert_eq!(bed.lines().len(), 1);
        metrics.add("m0", Unit::Count, 100);
    })
    .await;
    let lines = bed.lines();
    assert_eq!(lines.len(), 3);
    let counts: Vec<_> = bed
        .output
        .emf()
        .iter()
        .map(|emf| emf.metrics().len())
        .collect();
    assert_eq!(counts, [100, 1, 1]);
    for line in &lines {
        assert_eq!((&line["d"], &line["meta"]), (&json!("v"), &json!(1)));
        assert_eq!(line["_aws"]["Timestamp"], MILLIS - 7);
    }
}

#[tokio::test]
async fn the_hundredth_value_writes_the_line_and_dimensions_metadata_and_time_stay() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_metadata("meta", 1);
        metrics.set_timestamp(
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(MILLIS - 7),
        );
        metrics.add("other", Unit::Count, 1);
        for number in 0..250 {
            assert_eq!(bed.lines().len(), number / 100);
            metrics.add("m", Unit::Count, number);
        }
    })
    .await;
    let lines = bed.lines();
    let counts: Vec<_> = lines
        .iter()
        .map(|line| line["m"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [100, 100, 50]);
    assert_eq!(lines[0]["other"], 1);
    assert!(lines[1..].iter().all(|line| line.get("other").is_none()));
    let all: Vec<_> = lines
        .iter()
        .flat_map(|line| line["m"].as_array().unwrap())
        .collect();
    assert!(
        all.into_iter()
            .eq(&(0..250).map(|number| json!(number)).collect::<Vec<_>>())
    );
    for line in &lines {
        assert_eq!((&line["d"], &line["meta"]), (&json!("v"), &json!(1)));
        assert_eq!(line["_aws"]["Timestamp"], MILLIS - 7);
    }
}

#[tokio::test]
async fn the_hundredth_scope_writes_all_lines_and_dimensions_metadata_and_time_stay() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_metadata("meta", 1);
        metrics.set_timestamp(
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(MILLIS - 7),
        );
        metrics.add("m", Unit::Count, -1);
        for number in 0..150 {
            let expected = if number < 100 { 0 } else { 101 };
            assert_eq!(bed.lines().len(), expected);
            let scope = metrics.with_dimensions([("id", &*number.to_string())]);
            scope.add("m", Unit::Count, number);
        }
    })
    .await;
    let lines = bed.lines();
    let values: Vec<_> = lines
        .iter()
        .map(|line| line["m"].as_i64().unwrap())
        .collect();
    assert_eq!(values, (-1..150).collect::<Vec<_>>());
    for line in &lines {
        assert_eq!((&line["d"], &line["meta"]), (&json!("v"), &json!(1)));
        assert_eq!(line["_aws"]["Timestamp"], MILLIS - 7);
    }
}

#[tokio::test]
async fn flush_writes_everything_and_only_default_dimensions_stay() {
    let bed = bed(builder().default_dimension("env", "p"));
    bed.run(async |metrics| {
        record(&metrics);
        metrics.add_dimensions([("set", "s")]);
        metrics.set_timestamp(
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(MILLIS - 7),
        );
        metrics
            .with_dimensions([("x", "y")])
            .add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        assert_eq!(bed.lines().len(), 2);
        metrics.add("m", Unit::Count, 2);
    })
    .await;
    let lines = bed.lines();
    let last = &lines[2];
    assert_eq!(lines.len(), 3);
    assert_eq!((sets(last), last.get("meta")), (&json!([["env"]]), None));
    assert_eq!(last["_aws"]["Timestamp"], MILLIS);
}

#[tokio::test]
async fn after_the_end_each_value_goes_out_at_once_with_what_there_was() {
    let bed = bed(builder());
    let mut taken = None;
    bed.run(async |metrics| {
        record(&metrics);
        taken = Some((metrics.with_dimensions([("x", "y")]), metrics));
    })
    .await;
    assert_recorded(&bed.lines());
    let (scope, metrics) = taken.unwrap();
    for number in 2..4 {
        metrics.add("late", Unit::Count, number);
        assert_eq!(bed.lines().len(), number);
    }
    scope.add("late", Unit::Count, 4);
    let lines = bed.lines();
    assert_eq!(lines.len(), 4);
    for line in &lines[1..] {
        assert_eq!((&line["d"], &line["meta"]), (&json!("v"), &json!(1)));
    }
    assert_eq!(sets(&lines[3]), &json!([["d", "x"]]));
    assert_eq!(bed.output.samples().len(), 4);
}

#[tokio::test]
async fn an_invocation_without_metrics_writes_nothing_and_warns_once() {
    let bed = bed(builder());
    for _ in 0..3 {
        bed.run(async |metrics| metrics.add_dimension("d", "v"))
            .await;
    }
    assert_eq!(bed.output.text(), "");
    let warning = bed.warnings.only();
    assert_eq!((&*warning["code"], &*warning["of"]), ("empty", "r-1"));
}

#[tokio::test]
async fn an_invocation_whose_metrics_went_out_before_its_end_is_not_without_metrics() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
    })
    .await;
    bed.run(async |metrics| {
        for _ in 0..100 {
            metrics.add("m", Unit::Count, 1);
        }
    })
    .await;
    assert_eq!(bed.lines().len(), 2);
    assert!(bed.warnings.all().is_empty(), "{:?}", bed.warnings.codes());
}

#[tokio::test]
async fn a_flush_of_nothing_warns_and_clears_nothing() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.flush().unwrap();
        assert_eq!(bed.warnings.codes(), ["empty"]);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([["d"]]));
}

#[tokio::test]
async fn a_flush_of_nothing_can_be_an_error_and_the_end_only_warns() {
    let bed = bed(builder().raise_on_empty_metrics(true));
    let answer = bed.answer(TestContext::new("r-1"), async |metrics| {
        let error = metrics.flush().unwrap_err();
        assert!(error.is_empty() && !error.is_sink());
        assert_eq!(kind(metrics.flush()), MetricsErrorKind::Empty);
        assert!(bed.warnings.all().is_empty());
        Ok::<_, Infallible>("answer")
    });
    assert_eq!(answer.await, Ok("answer"));
    assert_eq!(bed.warnings.codes(), ["empty"]);
    bed.run(async |metrics| {
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
    })
    .await;
    assert_eq!(bed.lines().len(), 1);
}

#[tokio::test]
async fn no_value_goes_out_twice_whatever_writes_the_line() {
    let output = Output::default();
    let layer = builder().output(output.writer()).build().unwrap();
    let metrics = layer.metrics();
    for number in 0..1000 {
        metrics.add("m", Unit::Count, number);
        let scope = number % 110;
        metrics
            .with_dimensions([("scope", &*scope.to_string())])
            .add("m", Unit::Count, number);
        if number % 70 == 0 {
            metrics.flush().unwrap();
        }
    }
    drop((metrics, layer));
    let samples = output.samples();
    assert_eq!(samples.len(), 2000);
    assert!(samples.iter().all(|(_, _, count)| count == 1));
}
