//! Members of the line that are no metrics.

use std::collections::BTreeMap;

use powertools_metrics::{MetricsErrorKind, Unit};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::{json, value::RawValue};

use crate::support::{bed, builder, kind, line, members};

#[tokio::test]
async fn metadata_is_a_member_of_every_line_and_makes_no_dimension() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_metadata("booking", json!({"id": 7, "tags": ["a", null]}));
        metrics.add_metadata("text", "line\nbreak \"quoted\"");
        metrics.add_metadata("nothing", ());
        metrics.add_metadata("none", None::<u8>);
        metrics.add("m", Unit::Count, 1);
        metrics
            .with_dimensions([("d", "v")])
            .add("m", Unit::Count, 1);
    })
    .await;
    let lines = bed.lines();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line["booking"], json!({"id": 7, "tags": ["a", null]}));
        assert_eq!(line["text"], "line\nbreak \"quoted\"");
        let line = line.as_object().unwrap();
        assert_eq!(line["nothing"], json!(null));
        assert_eq!(line["none"], json!(null));
    }
    assert_eq!(bed.output.samples().len(), 2);
}

#[tokio::test]
async fn metadata_makes_no_line_by_itself() {
    let bed = bed(builder());
    bed.run(async |metrics| metrics.add_metadata("m", 1)).await;
    assert!(bed.lines().is_empty());
}

#[tokio::test]
async fn the_last_metadata_of_a_key_stands_at_the_place_of_the_first() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_metadata("a", "much longer than before");
        metrics.add_metadata("b", 1);
        metrics.add_metadata("a", 2);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let text = bed.output.text();
    assert_eq!(members(&text), ["_aws", "a", "b", "m"]);
    assert_eq!((&bed.only()["a"], &bed.only()["b"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn raw_json_over_several_lines_becomes_one() {
    let raw = "{\n\t\"a\": [1,\r\n 2],\n\"b\": \"x\\ny\"}".to_owned();
    let raw = RawValue::from_string(raw).unwrap();
    let line = line(builder(), async |metrics| {
        metrics.add_metadata("raw", &raw);
        metrics.add_metadata("nested", BTreeMap::from([("in", &raw)]));
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let expected = json!({"a": [1, 2], "b": "x\ny"});
    assert_eq!(
        (&line["raw"], &line["nested"]["in"]),
        (&expected, &expected)
    );
}

#[tokio::test]
async fn what_cannot_be_written_as_json_is_refused_at_the_call() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }
    let bed = bed(builder());
    bed.run(async |metrics| {
        let refused = metrics.try_add_metadata("broken", Broken);
        assert_eq!(kind(refused), MetricsErrorKind::Metadata);
        let keys = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(
            kind(metrics.try_add_metadata("map", keys)),
            MetricsErrorKind::Metadata
        );
        metrics.add_metadata("broken", Broken);
        metrics.add_metadata("good", 1);
        metrics.add("m", Unit::Count, 1);
        assert_eq!(metrics.refused(), 1);
    })
    .await;
    assert_eq!(members(&bed.output.text()), ["_aws", "good", "m"]);
    assert_eq!(bed.warnings.codes(), ["metadata"]);
}

#[tokio::test]
async fn a_metric_or_dimension_of_the_name_covers_metadata() {
    let bed = bed(builder().service("pay"));
    bed.run(async |metrics| {
        for name in ["metric", "dimension", "of set", "service", "free"] {
            metrics.add_metadata(name, "metadata");
        }
        metrics.add_dimension("dimension", "d");
        metrics.add_dimensions([("of set", "s")]);
        metrics.add("metric", Unit::Count, 1);
        // The later scope has no such metric, so there it shows.
        metrics
            .with_dimensions([("", ""); 0])
            .add("other", Unit::Count, 1);
    })
    .await;
    let [main, scope] = bed.lines().try_into().unwrap();
    assert_eq!(main["metric"], 1);
    assert_eq!(main["dimension"], "d");
    assert_eq!(main["of set"], "s");
    assert_eq!(main["service"], "pay");
    assert_eq!(main["free"], "metadata");
    assert_eq!(
        (&scope["metric"], &scope["of set"]),
        (&json!("metadata"), &json!("metadata"))
    );
}

#[tokio::test]
async fn the_member_of_the_directives_is_no_metadata() {
    let line = line(builder(), async |metrics| {
        let refused = metrics.try_add_metadata("_aws", 1);
        assert_eq!(kind(refused), MetricsErrorKind::Metadata);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(line["m"], 1);
}

#[tokio::test]
async fn odd_keys_are_escaped() {
    let odd = ["", "a\"b", "a\nb", "\u{0}", "é", " "];
    let line = line(builder(), async |metrics| {
        for key in odd {
            metrics.add_metadata(key, key);
        }
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    for key in odd {
        assert_eq!(line[key], key);
    }
}

#[tokio::test]
async fn metadata_is_gone_after_a_flush_by_hand() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_metadata("a", 1);
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let [first, second] = bed.lines().try_into().unwrap();
    assert_eq!((first.get("a"), second.get("a")), (Some(&json!(1)), None));
}

#[tokio::test]
async fn a_value_that_records_while_it_is_written_is_no_trouble() {
    struct Records;
    impl Serialize for Records {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            powertools_metrics::Metrics::current().add("serialized", Unit::Count, 1);
            serializer.serialize_u8(7)
        }
    }
    let line = line(builder(), async |metrics| {
        metrics.add_metadata("a", Records);
    })
    .await;
    assert_eq!((&line["a"], &line["serialized"]), (&json!(7), &json!(1)));
}
