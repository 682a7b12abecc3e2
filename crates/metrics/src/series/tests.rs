use proptest::prelude::*;
use serde_json::json;

use super::*;

fn sample(name: &str, value: f64) -> Sample<'_> {
    Sample {
        name,
        unit: Unit::Count,
        resolution: Resolution::Standard,
        value,
    }
}

fn shown(series: &Series) -> Vec<(String, Vec<f64>)> {
    let metrics = (0..series.len()).map(|index| series.get(index));
    metrics
        .map(|metric| (metric.name().to_owned(), metric.values().collect()))
        .collect()
}

/// What the metrics are said to be, in text and in look-ups.
fn defined(series: &Series) -> (String, Vec<(Unit, Resolution)>) {
    let metrics = (0..series.len()).map(|index| series.get(index));
    let kinds = metrics.map(|metric| (metric.unit(), metric.resolution()));
    (
        series.definitions(0..series.len()).to_owned(),
        kinds.collect(),
    )
}

#[test]
fn the_last_unit_and_resolution_count_and_a_change_of_unit_is_told() {
    let mut series = Series::default();
    let high = Sample {
        resolution: Resolution::High,
        unit: Unit::Seconds,
        ..sample("a", 1.0)
    };
    assert!(!series.record(high, |_| Ok(())).unwrap().changed_unit);
    assert!(
        series
            .record(sample("a", 2.0), |_| Ok(()))
            .unwrap()
            .changed_unit
    );
    let metric = series.get(0);
    assert_eq!(
        (metric.unit(), metric.resolution()),
        (Unit::Count, Resolution::Standard)
    );
}

#[test]
fn the_hundredth_name_and_the_hundredth_value_fill_it() {
    let mut names = Series::default();
    let mut values = Series::default();
    for number in 1..=100 {
        let name = format!("m{number}");
        let full = names.record(sample(&name, 1.0), |_| Ok(())).unwrap().full;
        assert_eq!(full, number == 100);
        let full = values.record(sample("same", 1.0), |_| Ok(())).unwrap().full;
        assert_eq!(full, number == 100);
    }
}

#[test]
fn a_name_is_the_same_with_white_space_around_it() {
    let mut series = Series::default();
    for name in [" a ", "a", "\ta\n"] {
        series.record(sample(name, 1.0), |_| Ok(())).unwrap();
    }
    assert_eq!(shown(&series), [("a".to_owned(), vec![1.0; 3])]);
}

#[test]
fn a_refused_name_leaves_nothing() {
    let mut series = Series::default();
    let refuse = |name: &str| Err(MetricsError::named(crate::MetricsErrorKind::Name, name));
    assert!(series.record(sample("a", 1.0), refuse).is_err());
    assert!(series.record(sample("a", f64::NAN), |_| Ok(())).is_err());
    assert!(series.is_empty() && !series.contains("a"));
}

proptest! {
    #[test]
    fn definitions_say_what_the_metrics_are_now(
        samples in prop::collection::vec(
            ("[a-d]{1,2}|[\"\\\\é]{1,3}", any::<bool>(), any::<bool>()),
            1..40,
        ),
    ) {
        let mut series = Series::default();
        for (name, seconds, high) in &samples {
            let unit = if *seconds { Unit::Seconds } else { Unit::BytesPerSecond };
            let resolution = if *high { Resolution::High } else { Resolution::Standard };
            let sample = Sample { unit, resolution, ..sample(name, 1.0) };
            series.record(sample, |_| Ok(())).unwrap();
        }
        let expected: Vec<_> = (0..series.len())
            .map(|index| {
                let metric = series.get(index);
                let (name, unit) = (metric.name(), metric.unit().as_str());
                prop_assert_eq!(metric.quoted_name(), serde_json::to_string(name).unwrap());
                Ok(match metric.resolution() {
                    Resolution::Standard => json!({"Name": name, "Unit": unit}),
                    Resolution::High => {
                        json!({"Name": name, "Unit": unit, "StorageResolution": 1})
                    }
                })
            })
            .collect::<Result<_, TestCaseError>>()?;
        let list = |from, to| format!("[{}]", series.definitions(from..to));
        let middle = series.len() / 2;
        for (from, to) in [(0, series.len()), (0, middle), (middle, series.len())] {
            let shown: Vec<serde_json::Value> = serde_json::from_str(&list(from, to)).unwrap();
            prop_assert_eq!(&shown[..], &expected[from..to]);
        }
    }

    #[test]
    fn names_and_values_keep_their_order_and_the_last_can_be_taken_back(
        samples in prop::collection::vec(("[a-f]{1,2}|[\"\\\\é]{1,9}", -9.0..9.0_f64), 1..99),
    ) {
        let mut series = Series::default();
        let mut model: Vec<(String, Vec<f64>)> = Vec::new();
        for (name, value) in &samples {
            let before = (shown(&series), defined(&series), series.line_bytes());
            let other = Sample {
                    unit: Unit::Bytes,
                    resolution: Resolution::High,
                    ..sample(name, *value)
                };
            let recorded = series.record(other, |_| Ok(())).unwrap();
            prop_assert!(series.undo(other, recorded));
            prop_assert_eq!((shown(&series), defined(&series), series.line_bytes()), before);
            series.record(sample(name, *value), |_| Ok(())).unwrap();
            match model.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(*value),
                None => model.push((name.clone(), vec![*value])),
            }
        }
        prop_assert_eq!(series.values(), samples.len());
        let sum: usize = (0..series.len()).map(|index| series.get(index).line_bytes()).sum();
        prop_assert_eq!(series.line_bytes(), sum);
        prop_assert_eq!(shown(&series), model);
    }
}
