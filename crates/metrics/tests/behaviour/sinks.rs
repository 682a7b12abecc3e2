//! Where metrics go, and what happens if they cannot.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use powertools_core::test_util::TestContext;
use powertools_metrics::{
    Blob, Metrics, MetricsError, MetricsErrorKind, MetricsSink, Resolution, Unit,
    test_util::CapturedMetrics,
};
use serde_json::json;

use crate::support::{Disk, FailingSink, MILLIS, Output, Warnings, bed, builder, kind, moment};

#[tokio::test]
async fn a_writer_that_fails_keeps_the_values_and_no_value_goes_out_twice() {
    let (disk, output) = (Disk::default(), Output::default());
    let warnings = Warnings::install();
    let layer = builder()
        .output(disk.before(output.writer()))
        .build()
        .unwrap();
    let metrics = layer.ephemeral_metrics();
    metrics.add_dimension("d", "v");
    metrics.add_metadata("meta", 1);
    metrics.add("m", Unit::Count, 1);
    disk.set_full(true);
    let error = metrics.flush().unwrap_err();
    assert!(error.is_sink() && !error.is_empty());
    assert!(std::error::Error::source(&error).is_some());
    metrics.add("m", Unit::Count, 2);
    assert_eq!(output.text(), "");
    disk.set_full(false);
    metrics.flush().unwrap();
    metrics.add("m", Unit::Count, 3);
    metrics.flush().unwrap();
    let lines = output.json();
    assert_eq!(
        (&lines[0]["m"], &lines[1]["m"]),
        (&json!([1, 2]), &json!(3))
    );
    assert_eq!(
        (&lines[0]["d"], &lines[0]["meta"]),
        (&json!("v"), &json!(1))
    );
    assert_eq!(lines.len(), 2);
    assert!(warnings.all().is_empty());
}

#[tokio::test]
async fn of_several_lines_only_those_that_failed_come_again() {
    for failing in 0..4 {
        let sink = FailingSink::default();
        let bed = bed(builder().sink(sink.clone()));
        let metrics = bed.layer.ephemeral_metrics();
        metrics.add("m", Unit::Count, -1);
        for number in 0..3 {
            let scope = metrics.with_dimensions([("id", &*number.to_string())]);
            scope.add("m", Unit::Count, number);
        }
        sink.fail_after(failing, 1);
        assert!(metrics.flush().unwrap_err().is_sink());
        assert_eq!(sink.captured.blobs(), 3);
        metrics.flush().unwrap();
        let mut values = sink.captured.metric("m").values();
        let last = values.pop().unwrap();
        values.insert(failing, last);
        assert_eq!(values, [-1.0, 0.0, 1.0, 2.0]);
    }
}

#[tokio::test]
async fn a_full_line_that_fails_refuses_the_value_that_found_no_room() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    bed.run(async |metrics| {
        for number in 0..99 {
            metrics.try_add("m", Unit::Count, number).unwrap();
        }
        sink.fail(3);
        for number in 99..101 {
            let refused = metrics.try_add("m", Unit::Count, number);
            assert_eq!(kind(refused), MetricsErrorKind::Sink);
        }
        metrics.add("m", Unit::Count, 101);
        assert_eq!(metrics.refused(), 1);
        for number in 0..102 {
            metrics.try_add("m", Unit::Count, 1000 + number).unwrap();
        }
    })
    .await;
    let values = sink.captured.metric("m").values();
    let expected = (0..99).chain(1000..1102).map(f64::from);
    assert!(values.into_iter().eq(expected));
    assert_eq!(sink.captured.blobs(), 3);
}

#[tokio::test]
async fn many_scopes_that_fail_refuse_the_value_that_found_no_room() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    bed.run(async |metrics| {
        let add = |number: u32| {
            let scope = metrics.with_dimensions([("id", &*number.to_string())]);
            scope.try_add("m", Unit::Count, number)
        };
        for number in 0..99 {
            add(number).unwrap();
        }
        sink.fail(500);
        for number in 99..599 {
            assert_eq!(kind(add(number)), MetricsErrorKind::Sink);
        }
        add(599).unwrap();
        assert_eq!(sink.captured.blobs(), 100);
    })
    .await;
    let values = sink.captured.metric("m").values();
    assert!(values.into_iter().eq((0..99).chain([599]).map(f64::from)));
}

#[tokio::test]
async fn at_the_end_of_an_invocation_a_warning_tells_how_many_values_were_lost() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    let handler = async |metrics: Metrics| {
        metrics.add("a", Unit::Count, 1);
        metrics.add("a", Unit::Count, 1);
        metrics.add("b", Unit::Count, 1);
        metrics
            .with_dimensions([("d", "v")])
            .add("a", Unit::Count, 1);
        sink.fail(2);
        Ok::<_, Infallible>("answer")
    };
    assert_eq!(
        bed.answer(TestContext::new("r-9"), handler).await,
        Ok("answer")
    );
    let warning = bed.warnings.only();
    assert_eq!((&*warning["code"], &*warning["lost"]), ("sink", "4"));
    assert_eq!((&*warning["of"], &*warning["why"]), ("r-9", "on purpose"));
    // Then the second time, the fourth, and so on.
    for _ in 0..7 {
        bed.answer(TestContext::new("r-10"), handler).await.unwrap();
    }
    let told: Vec<_> = bed.warnings.all();
    let in_all: Vec<_> = told.iter().map(|told| &*told["lost_in_all"]).collect();
    assert_eq!(in_all, ["4", "8", "16", "32"]);
    assert_eq!(bed.layer.metrics().lost(), 32);
    assert!(sink.captured.is_empty());
}

#[tokio::test]
async fn of_several_lines_only_those_that_failed_are_lost() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    bed.run(async |metrics| {
        metrics.add("a", Unit::Count, 1);
        metrics
            .with_dimensions([("d", "1")])
            .add("a", Unit::Count, 2);
        metrics
            .with_dimensions([("d", "2")])
            .add("a", Unit::Count, 3);
        sink.fail_after(1, 1);
    })
    .await;
    assert_eq!(sink.captured.metric("a").values(), [1.0, 3.0]);
    assert_eq!(bed.warnings.only()["lost"], "1");
}

#[tokio::test]
async fn a_late_value_that_went_out_before_another_line_failed_is_not_refused() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    let mut taken = None;
    bed.run(async |metrics| {
        metrics
            .with_dimensions([("d", "v")])
            .add("m", Unit::Count, 1);
        sink.fail(1);
        taken = Some(metrics);
    })
    .await;
    let metrics = taken.unwrap();
    sink.fail_after(1, 1);
    metrics.try_add("late", Unit::Count, 2).unwrap();
    assert_eq!(sink.captured.metric("late").values(), [2.0]);
    sink.fail(1);
    let refused = metrics.try_add("late", Unit::Count, 3);
    assert_eq!(kind(refused), MetricsErrorKind::Sink);
    metrics.try_add("late", Unit::Count, 4).unwrap();
    assert_eq!(sink.captured.metric("late").values(), [2.0, 4.0]);
}

#[tokio::test]
async fn a_sink_that_panics_is_one_that_failed() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    let answer = bed.answer(TestContext::new("r-1"), async |metrics| {
        sink.panic(true);
        metrics.add("m", Unit::Count, 1);
        let error = metrics.flush().unwrap_err();
        assert!(error.is_sink());
        let single = metrics.single_metric("one", Unit::Count, 1);
        assert!(single.flush().unwrap_err().is_sink());
        sink.panic(false);
        metrics.flush().unwrap();
        sink.panic(true);
        metrics.add("m", Unit::Count, 2);
        Ok::<_, Infallible>("answer")
    });
    assert_eq!(answer.await, Ok("answer"));
    assert_eq!(sink.captured.metric("m").values(), [1.0]);
    assert_eq!(bed.warnings.only()["lost"], "1");
    sink.panic(false);
    bed.run(async |metrics| metrics.add("m", Unit::Count, 3))
        .await;
    assert_eq!(sink.captured.metric("m").values(), [1.0, 3.0]);
}

#[tokio::test]
async fn a_sink_of_ones_own_sees_the_whole_blob() {
    #[derive(Clone, Default)]
    struct Shows(Arc<Mutex<Vec<String>>>);
    impl MetricsSink for Shows {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            let sets: Vec<Vec<_>> = blob.dimension_sets().map(Iterator::collect).collect();
            let metrics: Vec<_> = blob
                .metrics()
                .map(|metric| {
                    let values: Vec<_> = metric.values().collect();
                    (metric.name(), metric.unit(), metric.resolution(), values)
                })
                .collect();
            let metadata: Vec<_> = blob.metadata().collect();
            assert_eq!(blob.timestamp(), moment());
            assert_eq!(blob.timestamp_millis(), MILLIS);
            self.0.lock().unwrap().push(format!(
                "{:?} {sets:?} {metrics:?} {metadata:?}",
                blob.namespace()
            ));
            Ok(())
        }
    }
    let shows = Shows::default();
    let bed = bed(builder()
        .service("pay")
        .capture_request_ids(true)
        .sink(shows.clone()));
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_dimensions([("e", "w")]);
        metrics.add_metadata("meta", "data");
        metrics.add("a", Unit::Count, 1);
        metrics.add_high_resolution("b", Unit::Seconds, 2.5);
        metrics.add_high_resolution("b", Unit::Seconds, 3);
    })
    .await;
    let high = Resolution::High;
    let expected = format!(
        "{:?} {:?} {:?} {:?}",
        Some("app"),
        [vec![("d", "v"), ("service", "pay")], vec![("e", "w")]],
        [
            ("a", Unit::Count, Resolution::Standard, vec![1.0]),
            ("b", Unit::Seconds, high, vec![2.5, 3.0]),
        ],
        [("function_request_id", "\"r-1\""), ("meta", "\"data\"")],
    );
    assert_eq!(*shows.0.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn a_sink_says_whether_there_is_a_service_which_names_it_takes_and_what_it_warns_of() {
    #[derive(Clone, Default)]
    struct Picky(CapturedMetrics);
    impl MetricsSink for Picky {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            self.0.emit(blob)
        }
        fn adds_service(&self) -> bool {
            false
        }
        fn check_name(&self, name: &str) -> Result<(), MetricsError> {
            if name.contains(' ') {
                return Err(MetricsError::bad_name(name, "no spaces"));
            }
            Ok(())
        }
        fn warn_of_dimension(&self, name: &str, _value: &str) -> Option<&'static str> {
            (name == "odd").then_some("odd")
        }
    }
    let sink = Picky::default();
    // An `Arc` of a sink is that sink.
    let bed = bed(builder().service("pay").sink(Arc::new(sink.clone())));
    bed.run(async |metrics| {
        metrics.add_dimension("even", "v");
        assert!(bed.warnings.all().is_empty());
        metrics.add_dimension("odd", "v");
        metrics.add("service", Unit::Count, 1);
        let refused = metrics.try_add("a b", Unit::Count, 1).unwrap_err();
        assert_eq!(refused.kind(), MetricsErrorKind::Name);
        assert_eq!(
            std::error::Error::source(&refused).unwrap().to_string(),
            "no spaces"
        );
    })
    .await;
    assert_eq!(sink.0.names(), ["service"]);
    let captured = sink.0.metric("service");
    let value = captured.iter().next().unwrap();
    let sets = value.dimension_sets();
    assert_eq!(sets.len(), 1);
    assert_eq!(
        (value.dimension("even"), value.dimension("odd")),
        (Some("v"), Some("v"))
    );
    assert_eq!(sets[0].len(), 2);
    assert_eq!(bed.warnings.codes(), ["tag"]);
}
