//! The sink for users' own tests.

use std::time::Duration;

use powertools_metrics::{Resolution, Unit, test_util::CapturedMetrics};
use serde_json::json;

use crate::support::{bed, builder, moment};

#[tokio::test]
async fn it_keeps_what_it_is_given() {
    let captured = CapturedMetrics::default();
    let bed = bed(builder().service("pay").sink(captured.clone()));
    assert!(captured.is_empty() && captured.names().is_empty());
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_metadata("meta", json!({"a": 1}));
        metrics.add("b", Unit::Count, 1);
        metrics.add_high_resolution("a", Unit::Seconds, 2.5);
        metrics.add("b", Unit::Count, 3);
        metrics
            .with_dimensions([("tier", "gold")])
            .at(moment() - Duration::from_secs(9))
            .add("b", Unit::Count, 5);
    })
    .await;
    assert!(!captured.is_empty());
    assert_eq!(
        (captured.blobs(), captured.names()),
        (2, vec!["b".to_owned(), "a".to_owned()])
    );
    assert_eq!(
        captured.metadata("meta"),
        [json!({"a": 1}), json!({"a": 1})]
    );
    assert!(captured.metadata("other").is_empty());
    let b = captured.metric("b");
    assert_eq!(
        (b.count(), b.sum(), b.values()),
        (3, 9.0, vec![1.0, 3.0, 5.0])
    );
    assert_eq!(b.with_dimension("tier", "gold").values(), [5.0]);
    assert_eq!(b.with_dimension("tier", "iron").count(), 0);
    assert_eq!(b.with_dimension("service", "pay").count(), 3);
    let all: Vec<_> = b.iter().collect();
    assert_eq!((all[0].blob(), all[2].blob()), (1, 2));
    assert_eq!(all[2].timestamp(), moment() - Duration::from_secs(9));
    assert_eq!((all[0].namespace(), all[0].value()), ("app", 1.0));
    let a = captured.metric("a");
    let a = a.iter().next().unwrap();
    assert_eq!(
        (a.unit(), a.resolution()),
        (Unit::Seconds, Resolution::High)
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        a.dimension_sets(),
        [[pair("d", "v"), pair("service", "pay")]]
    );
    assert_eq!((a.dimension("d"), a.dimension("x")), (Some("v"), None));
    assert_eq!(captured.metric("none").count(), 0);
    captured.clear();
    assert!(captured.is_empty() && captured.blobs() == 0 && captured.metadata("meta").is_empty());
}
