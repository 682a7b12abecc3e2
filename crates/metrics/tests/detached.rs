//! Code around which there is no layer. Its warning is one for the whole process, so it has a
//! process of its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use powertools_metrics::{Metrics, MetricsErrorKind, Unit};
use support::{Warnings, bed, builder, kind};

#[tokio::test]
async fn without_a_layer_everything_is_refused_with_one_warning() {
    let warnings = Warnings::install();
    let metrics = Metrics::current();
    let refused = [
        metrics.try_add("m", Unit::Count, 1),
        metrics.try_add_high_resolution("m", Unit::Count, 1),
        metrics.try_add_dimension("d", "v"),
        metrics.try_add_dimensions([("d", "v")]),
        metrics.try_add_metadata("m", 1),
        metrics.try_with_dimensions([("d", "v")]).map(drop),
        metrics.single_metric("m", Unit::Count, 1).flush(),
        metrics.flush(),
        metrics.serialize().map(drop),
    ];
    for result in refused {
        assert_eq!(kind(result), MetricsErrorKind::Detached);
    }
    assert!(warnings.all().is_empty());
    let scope = metrics.with_dimensions([("d", "v")]);
    assert_eq!(
        kind(scope.try_add("m", Unit::Count, 1)),
        MetricsErrorKind::Detached
    );
    for _ in 0..2 {
        metrics.add("m", Unit::Count, 1);
        metrics.add_dimension("d", "v");
        metrics.add_dimensions([("d", "v")]);
        metrics.add_metadata("m", 1);
        metrics.set_timestamp(support::moment());
        metrics.set_default_dimensions([("d", "v")]);
        metrics.clear_default_dimensions();
        metrics.clear();
        scope.at(support::moment()).add("m", Unit::Count, 1);
    }
    assert_eq!(warnings.codes(), ["detached"]);
    assert_eq!(metrics.refused(), 0);

    // Also in a bare task of an invocation, which is not told to take it along.
    let bed = bed(builder());
    bed.run(async |metrics| {
        let bare = tokio::spawn(async {
            let metrics = Metrics::current();
            kind(metrics.try_add("bare", Unit::Count, 1))
        });
        assert_eq!(bare.await.unwrap(), MetricsErrorKind::Detached);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(bed.only().get("bare"), None);
}
