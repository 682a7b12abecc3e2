use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::*;
use crate::json::Redaction;

#[derive(Default)]
struct Listed {
    text: String,
    left: Option<usize>,
}

impl Members for Listed {
    fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        let json = String::from_utf8(out).unwrap();
        self.text.push_str(&format!("{name}={json};"));
        self.left = self.left.map(|left| left - 1);
    }

    fn is_full(&self) -> bool {
        self.left == Some(0)
    }
}

fn listed<T: Serialize + ?Sized>(value: &T) -> Result<String, NotAnObject> {
    let mut sink = Listed::default();
    let rules = Rules::new(Redaction::default(), 20);
    members(value, &rules, &mut sink)?;
    Ok(sink.text)
}

#[derive(Serialize)]
struct Order {
    id: u8,
    cookie: &'static str,
    #[serde(flatten)]
    rest: BTreeMap<&'static str, &'static str>,
}

fn order() -> Order {
    Order {
        id: 1,
        cookie: "s3cret",
        rest: BTreeMap::from([("more", "x")]),
    }
}

const ORDER: &str = "id=1;cookie=\"***\";more=\"x\";";

#[test]
fn structs_maps_and_what_is_around_them_have_members() {
    #[derive(Serialize)]
    struct Newtype<T>(T);
    #[derive(Serialize)]
    enum Event {
        Fields { a: u8, b: bool },
        Newtype(Order),
    }
    assert_eq!(listed(&order()).unwrap(), ORDER);
    assert_eq!(listed(&Some(Newtype(order()))).unwrap(), ORDER);
    assert_eq!(listed(&Event::Newtype(order())).unwrap(), ORDER);
    assert_eq!(
        listed(&Event::Fields { a: 1, b: true }).unwrap(),
        "a=1;b=true;"
    );
    assert_eq!(listed(&json!({"a": {"b": [1]}})).unwrap(), "a={\"b\":[1]};");
    assert_eq!(listed(&BTreeMap::from([(1, 'x')])).unwrap(), "1=\"x\";");
    assert_eq!(listed(&json!({})).unwrap(), "");
    let raw = RawValue::from_string("{\"a\":\n[ 1 ],\"cookie\":[[2]],\"b\":3}".to_owned());
    assert_eq!(listed(&raw.unwrap()).unwrap(), "a=[1];cookie=\"***\";b=3;");
}

#[test]
fn values_without_members_are_an_error() {
    #[derive(Serialize)]
    enum Event {
        Gone,
        Moved(u8, u8),
        Counted(u8),
    }
    for value in [json!(1), json!("text"), json!([{"a": 1}]), json!(null)] {
        assert_eq!(listed(&value), Err(NotAnObject), "{value}");
    }
    assert_eq!(listed(&None::<Order>), Err(NotAnObject));
    assert_eq!(listed(&Event::Gone), Err(NotAnObject));
    assert_eq!(listed(&Event::Moved(1, 2)), Err(NotAnObject));
    assert_eq!(listed(&Event::Counted(1)), Err(NotAnObject));
    assert_eq!(NotAnObject.to_string(), "the value has no members");
}

#[test]
fn every_member_has_the_bound_to_itself() {
    let long = json!({"a": "x".repeat(30), "b": "y".repeat(18)});
    let expected = format!("a=\"{}…[cut]\";b=\"{}\";", "x".repeat(18), "y".repeat(18));
    assert_eq!(listed(&long).unwrap(), expected);
}

#[test]
fn members_without_a_name_share_one_mark() {
    let pairs = BTreeMap::from([((1, 2), "s3cret"), ((3, 4), "s3cret")]);
    assert_eq!(listed(&pairs).unwrap(), "[key]=true;");
}

#[test]
fn a_key_whose_value_comes_later_is_kept() {
    struct Apart(bool);
    impl Serialize for Apart {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_key("a")?;
            map.serialize_value(&1)?;
            map.serialize_key("cookie")?;
            if self.0 {
                map.serialize_value("s3cret")?;
            }
            map.end()
        }
    }
    assert_eq!(listed(&Apart(true)).unwrap(), "a=1;cookie=\"***\";");
    assert_eq!(listed(&Apart(false)), Err(NotAnObject));
}

#[test]
fn no_more_members_come_than_are_wanted() {
    let mut sink = Listed {
        left: Some(2),
        ..Listed::default()
    };
    let rules = Rules::new(Redaction::default(), 20);
    let many: BTreeMap<u32, u32> = (0..100).map(|number| (number, number)).collect();
    assert_eq!(members(&many, &rules, &mut sink), Ok(()));
    assert_eq!(sink.text, "0=0;1=1;");
}
