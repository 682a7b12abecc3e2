//! `json` and `fields`: values of any `Serialize`.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use powertools_logger::{append_context_keys, append_key, append_keys, fields, json};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::{Value, json as value};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::support::{builder, invoked, keys, line, lines, logged, only};

#[derive(Serialize)]
struct Order {
    id: u32,
    items: Option<Vec<&'static str>>,
}

const ORDER: Order = Order { id: 7, items: None };

/// Its `Serialize` fails, with a payload in the error.
struct Fails;

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("s3cret"))
    }
}

#[test]
fn a_value_is_a_field_of_json() {
    let line = line(|| {
        tracing::info!(debug = ?json(&ORDER), display = %json(&[1, 2]), text = ?json("a\n"), "x");
    });
    assert_eq!(line["debug"], value!({"id": 7, "items": null}));
    assert_eq!(line["display"], value!([1, 2]));
    assert_eq!(line["text"], "a\n");
}

#[test]
fn members_are_fields_of_their_own() {
    let output = logged(builder(), |_| {
        tracing::info!(before = 1, order = ?fields(&ORDER), after = 2, "received");
    });
    assert_eq!(
        keys(&output)[4..],
        ["service", "before", "id", "after"],
        "null members hide"
    );
    assert_eq!(only(&output)["id"], 7);
}

#[test]
fn a_member_that_is_null_hides_the_appended_key_for_this_line() {
    let output = invoked(builder(), async || {
        append_key("items", &3);
        tracing::info!(order = ?fields(&ORDER));
        tracing::info!("next");
    });
    let [hidden, next] = output.json().try_into().unwrap();
    assert_eq!(hidden.get("items"), None);
    assert_eq!(next["items"], 3);
}

#[test]
fn a_field_that_is_null_hides_the_key_and_a_member_deep_inside_stays() {
    let output = invoked(builder(), async || {
        append_key("order", &1);
        tracing::info!(order = ?json(&None::<u8>), deep = ?json(&value!({"a": null})));
    });
    let line = only(&output);
    assert_eq!(line.get("order"), None);
    assert_eq!(line["deep"], value!({"a": null}));
}

#[test]
fn members_with_names_of_the_line_itself_are_dropped() {
    let names = ["level", "location", "timestamp", "message"];
    let members: BTreeMap<_, _> = names.map(|name| (name, "mine")).into();
    let output = logged(builder(), |_| {
        tracing::info!(all = ?fields(&members), kept = 1, "hello");
    });
    assert_eq!(
        keys(&output),
        [
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "kept"
        ]
    );
    assert_eq!(only(&output)["message"], "hello");
    assert!(!output.text().contains("mine"));
}

#[test]
fn what_has_no_members_is_a_field_under_its_own_name() {
    let line = line(|| tracing::info!(list = ?fields(&[1, 2]), number = ?fields(&7)));
    assert_eq!(line["list"], value!([1, 2]));
    assert_eq!(line["number"], 7);
}

#[test]
fn a_value_that_cannot_be_serialized_is_a_mark_that_does_not_say_why() {
    let output = logged(builder(), |_| {
        tracing::info!(a = ?json(&Fails), b = ?fields(&Fails), c = ?json(&value!({"kept": 1})));
        tracing::info!(map = ?fields(&BTreeMap::from([("fails", Fails)])));
    });
    assert!(!output.text().contains("s3cret"), "{}", output.text());
    let [first, second] = output.json().try_into().unwrap();
    assert_eq!(first["a"], "[cannot be serialized]");
    assert_eq!(first["b"], "[cannot be serialized]");
    assert_eq!(first["c"], value!({"kept": 1}));
    assert_eq!(second["fails"], "[cannot be serialized]");
}

#[test]
fn what_is_nested_too_deep_is_a_mark() {
    let deep = (0..300).fold(value!("bottom"), |inner, _| value!([inner]));
    let output = logged(builder(), |_| tracing::info!(deep = ?json(&deep)));
    let mut shown = &only(&output)["deep"];
    let mut depth = 0;
    while let Value::Array(inner) = shown {
        shown = &inner[0];
        depth += 1;
    }
    assert_eq!((depth, shown), (64, &value!("[too deep]")));
}

#[test]
fn a_large_value_keeps_what_was_complete_and_a_mark() {
    let output = logged(builder().max_field_bytes(30), |_| {
        tracing::info!(list = ?json(&["aaaaaaaaaa"; 9]), map = ?json(&value!({"a": "b", "c": vec![1; 99]})));
    });
    let line = only(&output);
    assert_eq!(line["list"], value!(["aaaaaaaaaa", "aaaaaaaaaa", "…[cut]"]));
    assert_eq!(line["map"]["a"], "b");
    assert!(line["map"].to_string().contains("[cut]"), "{}", line["map"]);
}

#[test]
fn a_message_that_is_nothing_but_a_helper_is_json() {
    let [a, b] = lines(|| {
        tracing::info!("{}", json(&ORDER));
        tracing::info!(message = ?json(&[1]));
    })
    .try_into()
    .unwrap();
    assert_eq!(a["message"], value!({"id": 7, "items": null}));
    assert_eq!(b["message"], value!([1]));
}

#[test]
fn a_helper_within_text_is_text() {
    let line = line(|| {
        tracing::info!(some = ?Some(json(&[1])), two = ?(json(&1), fields(&value!({"a": 2}))),
            "order {} of {:?}", json(&7), json(&value!({"a": "b"})));
    });
    assert_eq!(line["message"], r#"order 7 of {"a":"b"}"#);
    assert_eq!(line["some"], "Some([1])");
    assert_eq!(line["two"], r#"(1, {"a":2})"#);
    assert_eq!(line.get("a"), None);
}

#[test]
fn text_that_looks_like_what_a_helper_writes_stays_text() {
    struct Forged(&'static str);
    impl fmt::Debug for Forged {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    for text in [
        r#"{"admin":true}"#,
        "[1]",
        r#""quoted""#,
        "null",
        r#"","level":"ERROR"#,
    ] {
        let line = line(|| {
            tracing::info!(forged = ?Forged(text), shown = %text, plain = text, "{text}");
        });
        for key in ["forged", "shown", "plain", "message"] {
            assert_eq!(line[key], text);
        }
        assert_eq!(line["level"], "INFO");
    }
}

/// Another subscriber's view of each event.
#[derive(Clone, Default)]
struct Other(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Other {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Text<'a>(&'a mut String);
        impl Visit for Text<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?};"));
            }
        }
        let mut text = String::new();
        event.record(&mut Text(&mut text));
        self.0.lock().unwrap().push(text);
    }
}

#[test]
fn for_other_subscribers_the_value_is_json_text() {
    // Whichever of them comes first.
    for ours_first in [true, false] {
        let other = Other::default();
        let output = logged(builder(), |logger| {
            let event = || tracing::info!(order = ?json(&ORDER), all = ?fields(&[1]));
            if ours_first {
                let subscriber = Registry::default()
                    .with(logger.subscriber_layer())
                    .with(other.clone());
                tracing::subscriber::with_default(subscriber, event);
            } else {
                let subscriber = Registry::default()
                    .with(other.clone())
                    .with(logger.subscriber_layer());
                tracing::subscriber::with_default(subscriber, event);
            }
        });
        assert_eq!(only(&output)["order"], value!({"id": 7, "items": null}));
        assert_eq!(
            other.0.lock().unwrap()[..],
            [r#"order={"id":7,"items":null};all=[1];"#]
        );
    }
}

#[test]
fn outside_of_an_event_the_value_is_json_text() {
    let text = r#"{"id":7,"items":null}"#;
    assert_eq!(format!("{:?}", json(&ORDER)), text);
    assert_eq!(fields(&ORDER).to_string(), text);
    assert_eq!(
        format!("{:?}", json(&value!({"cookie": 1}))),
        r#"{"cookie":"***"}"#
    );
}

#[test]
fn a_panic_in_the_formatting_of_a_field_leaves_the_helpers_as_they_were() {
    struct Panics;
    impl fmt::Debug for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            json(&["left"]).fmt(f)?;
            std::panic::resume_unwind(Box::new("in the middle of a line"))
        }
    }
    struct Silent;
    impl fmt::Debug for Silent {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Ok(())
        }
    }
    let lines = lines(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| tracing::info!(value = ?Panics)));
        assert!(panicked.is_err());
        assert_eq!(format!("{:?}", json(&[1])), "[1]");
        tracing::info!(silent = ?Silent, json = ?json(&[1]), "next");
    });
    let [next] = lines.try_into().unwrap();
    assert_eq!(next["silent"], "");
    assert_eq!(next["json"], value!([1]));
    assert_eq!(next["message"], "next");
}

#[test]
fn a_helper_within_text_has_the_bound_of_the_logger() {
    let long = "a".repeat(100_000);
    let output = logged(builder().max_field_bytes(120_000), |_| {
        tracing::info!("long {}", json(&long));
    });
    assert_eq!(only(&output)["message"], format!("long \"{long}\""));
}

/// A map of as many members as are taken from it.
struct Many {
    left: usize,
    value: String,
    taken: Cell<usize>,
}

impl Many {
    fn new(left: usize, value: &str) -> Self {
        Self {
            left,
            value: value.to_owned(),
            taken: Cell::new(0),
        }
    }
}

impl Serialize for Many {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for number in 0..self.left {
            self.taken.set(self.taken.get() + 1);
            map.serialize_entry(&format!("m{number}"), &self.value)?;
        }
        map.end()
    }
}

/// The members of a [`Many`] in a line.
fn members(line: &Value) -> usize {
    let names = line.as_object().unwrap().keys();
    names
        .filter(|name| {
            name.strip_prefix('m')
                .is_some_and(|rest| rest.parse::<u32>().is_ok())
        })
        .count()
}

#[test]
fn of_very_many_members_a_thousand_are_keys_and_a_mark_stands_for_the_rest() {
    for (count, shown) in [(1000, 1000), (1001, 1000), (100_000, 1000)] {
        let (first, second) = (Many::new(count, "x"), Many::new(count, "x"));
        let output = invoked(builder(), async || {
            tracing::info!(all = ?fields(&first));
            append_keys(&second);
            tracing::info!("appended");
        });
        for line in output.json() {
            assert_eq!(members(&line), shown, "{count}");
            let mark = (count > shown).then_some(Value::Bool(true));
            assert_eq!(line.get("[cut]"), mark.as_ref(), "{count}");
        }
        for many in [first, second] {
            assert!(many.taken.get() <= 1001, "{}", many.taken.get());
        }
    }
    let given: BTreeMap<_, _> = (0..2000).map(|number| (format!("m{number}"), 1)).collect();
    let line = only(&logged(builder().keys(&given), |_| tracing::info!("given")));
    assert_eq!((members(&line), &line["[cut]"]), (1000, &true.into()));
}

#[test]
fn no_more_members_are_taken_than_a_line_can_hold() {
    let value = "x".repeat(100);
    let (first, second) = (Many::new(900, &value), Many::new(900, &value));
    let output = invoked(builder().max_line_bytes(2048), async || {
        tracing::info!(all = ?fields(&first));
        append_keys(&second);
        tracing::info!("appended");
    });
    for line in output.json() {
        assert!((5..20).contains(&members(&line)), "{line}");
        assert!(line["keys_left_out"].as_u64().is_some(), "{line}");
    }
    for many in [first, second] {
        assert!((10..30).contains(&many.taken.get()), "{}", many.taken.get());
    }
}

#[test]
fn nothing_is_left_of_members_of_which_one_fails() {
    struct HalfWay;
    impl Serialize for HalfWay {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("begun", &1)?;
            Err(S::Error::custom("s3cret"))
        }
    }
    let output = invoked(builder(), async || {
        append_keys(&HalfWay);
        let _scope = append_context_keys(&HalfWay);
        tracing::info!(all = ?fields(&HalfWay), next = ?fields(&value!({"a": 1})), "hello");
    });
    let [warning, line] = output.json().try_into().unwrap();
    assert!(
        warning["message"]
            .as_str()
            .unwrap()
            .ends_with("they are dropped")
    );
    assert_eq!(line["all"], "[cannot be serialized]");
    assert_eq!(line["a"], 1);
    assert!(!output.text().contains("begun"), "{}", output.text());
}
