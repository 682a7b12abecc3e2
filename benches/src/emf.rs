//! The metrics that every library is given, and the proof that its line holds them.

use serde_json::Value;

use crate::sink::SINK;

pub(crate) const NAMESPACE: &str = "shop";
pub(crate) const SERVICE: &str = "checkout";
pub(crate) const TIER: &str = "gold";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const ORDER: &str = "o-20417";

/// Name, unit and value.
pub(crate) type Metric = (&'static str, &'static str, f64);

/// The metrics of `*/emf5`.
pub(crate) const FIVE: [Metric; 5] = [
    ("OrdersPlaced", "Count", 1.0),
    ("ItemsOrdered", "Count", 31.0),
    ("PaymentLatency", "Milliseconds", 12.5),
    ("PayloadSize", "Bytes", 2048.0),
    ("Discount", "Percent", 0.375),
];

/// The metrics of `*/emf100`. Their names live as long as the process: some libraries would
/// copy others.
pub(crate) fn hundred() -> Vec<Metric> {
    let metric = |index: u32| {
        let name: &'static str = format!("RouteLatency{index:03}").leak();
        (name, "Milliseconds", f64::from(index) + 0.5)
    };
    (0..100).map(metric).collect()
}

/// Fails unless `run` writes such a line.
pub(crate) fn prove(run: impl FnOnce(), metrics: &[Metric]) {
    prove_holds(&SINK.keep(run), metrics);
}

/// Fails unless this is one line of EMF with exactly these metrics, service, two dimensions
/// and one text that is none of them.
pub(crate) fn prove_holds(line: &str, metrics: &[Metric]) {
    assert_eq!(line.matches('\n').count(), 1, "not one line: {line}");
    let json: Value = serde_json::from_str(line).expect("the line is JSON");
    let directive = &json["_aws"]["CloudWatchMetrics"][0];
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();

    assert!(
        json["_aws"]["Timestamp"].as_u64() > Some(1_600_000_000_000),
        "{line}"
    );
    assert_eq!(directive["Namespace"], NAMESPACE, "{line}");
    let sets = list(&directive["Dimensions"]);
    assert_eq!(sets.len(), 1, "{line}");
    for (name, value) in [("service", SERVICE), ("tier", TIER), ("region", REGION)] {
        assert!(
            list(&sets[0]).iter().any(|known| known == name),
            "no {name} in {line}"
        );
        assert_eq!(json[name], value, "{line}");
    }
    assert_eq!(list(&sets[0]).len(), 3, "{line}");
    assert_eq!(json["order_id"], ORDER, "{line}");

    let definitions = list(&directive["Metrics"]);
    assert_eq!(definitions.len(), metrics.len(), "{line}");
    for (name, unit, value) in metrics {
        let known = definitions.iter().find(|metric| metric["Name"] == *name);
        assert!(
            known.is_some_and(|metric| metric["Unit"] == *unit),
            "no {name} in {line}"
        );
        // Some write a list of one.
        let member = json[name].get(0).unwrap_or(&json[name]);
        assert_eq!(member.as_f64(), Some(*value), "{name} in {line}");
    }
}
