//! What errors say, and what they do not.

use std::{collections::HashSet, error::Error};

use powertools_metrics::{MetricsError, MetricsErrorKind, Resolution, Unit};

use crate::support::{bed, builder, kind};

const SECRET: &str = "s3cret\u{1}";

#[tokio::test]
async fn an_error_shows_no_value_of_a_dimension_or_metadata() {
    struct Tells;
    impl serde::Serialize for Tells {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(SECRET))
        }
    }
    let bed = bed(builder().max_line_bytes(16 * 1024));
    bed.run(async |metrics| {
        let long = SECRET.repeat(4000);
        let errors = [
            metrics.try_add_dimension("name", SECRET),
            metrics.try_add_dimensions([("name", SECRET)]),
            metrics.try_with_dimensions([("name", SECRET)]).map(drop),
            metrics.try_add_metadata("name", Tells),
            metrics.try_add_metadata("name", &long),
            metrics
                .single_metric("a", Unit::Count, 1)
                .dimension("name", SECRET)
                .flush(),
            metrics
                .single_metric("a", Unit::Count, 1)
                .metadata("name", Tells)
                .flush(),
            metrics
                .single_metric("a", Unit::Count, 1)
                .metadata("name", &long)
                .flush(),
        ];
        for error in errors {
            let error = error.unwrap_err();
            let mut shown = format!("{error} {error:?}");
            if let Some(source) = error.source() {
                shown += &source.to_string();
            }
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(error.to_string().contains(r#"(at "name")"#), "{shown}");
        }
        metrics.add_dimension("name", SECRET);
        metrics.add_metadata("name", Tells);
        metrics.add("m", Unit::Count, 12.5);
    })
    .await;
    for warning in bed.warnings.all() {
        assert!(!format!("{warning:?}").contains("s3cret"), "{warning:?}");
    }
    let debug = format!("{:?} {:?}", bed.layer, bed.layer.metrics());
    assert!(!debug.contains("s3cret"), "{debug}");
}

#[test]
fn an_error_shows_no_value_of_a_metric() {
    let layer = builder().build().unwrap();
    let metrics = layer.ephemeral_metrics();
    let error = metrics.try_add("m", Unit::Count, 3e300).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("3e300") && !shown.contains("3000"),
        "{shown}"
    );
}

#[test]
fn each_kind_has_a_code_and_a_text_of_its_own() {
    let own = [
        "a".parse::<Unit>().unwrap_err(),
        Resolution::try_from(7).unwrap_err(),
        MetricsError::sink("x"),
        MetricsError::no_namespace(),
        MetricsError::bad_name("n", "x"),
    ];
    let kinds = own.each_ref().map(MetricsError::kind);
    let expected = [
        MetricsErrorKind::Unit,
        MetricsErrorKind::Resolution,
        MetricsErrorKind::Sink,
        MetricsErrorKind::Namespace,
        MetricsErrorKind::Name,
    ];
    assert_eq!(kinds, expected);
    let codes: HashSet<_> = kinds.iter().map(|kind| kind.code()).collect();
    let texts: HashSet<_> = own.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), texts.len()), (5, 5));
    assert_eq!(own[4].source().unwrap().to_string(), "x");
}

#[test]
fn a_scope_that_is_refused_says_why() {
    let layer = builder().build().unwrap();
    let scope = layer.metrics().try_with_dimensions([("é", "v")]);
    assert_eq!(kind(scope), MetricsErrorKind::Dimension);
}
