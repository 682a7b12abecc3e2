//! One of everything that serde can describe, for the tests.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use proptest::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Nothing;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Wrapped<T>(pub(crate) T);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Pair(i16, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Colour {
    Red,
    #[serde(rename = "dark \"blue\"")]
    Blue,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) enum Animal {
    Plain,
    Newtype(Value),
    Tuple(u8, Option<String>),
    Struct { name: String, legs: Option<u8> },
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind")]
pub(crate) enum Tagged {
    Small { size: u8 },
    Large(Flat),
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", content = "data")]
pub(crate) enum Adjacent {
    None,
    Some(String),
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Text(String),
    Number(i64),
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Flat {
    id: String,
    #[serde(flatten)]
    animal: Animal2,
    /// Its names may be those of other fields.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Animal2 {
    species: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u32>,
}

#[derive(Debug, Clone)]
pub(crate) struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Displayed(String);

impl fmt::Display for Displayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>\n<{}>", self.0, self.0)
    }
}

impl Serialize for Displayed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Zoo {
    nothing: Nothing,
    unit: (),
    flag: bool,
    small: i8,
    wide: i128,
    double: f64,
    single: f32,
    letter: char,
    #[serde(rename = "te\"xt")]
    text: String,
    maybe: Option<Wrapped<Option<String>>>,
    bytes: Bytes,
    tuple: (u8, String),
    pair: Wrapped<Pair>,
    animals: Vec<Animal>,
    animal: Animal,
    tagged: Tagged,
    adjacent: Adjacent,
    untagged: Untagged,
    displayed: Displayed,
    address: IpAddr,
    raw: Box<RawValue>,
    by_number: BTreeMap<i64, String>,
    by_flag: BTreeMap<bool, u8>,
    by_letter: BTreeMap<char, u8>,
    by_colour: BTreeMap<Colour, u8>,
    by_address: BTreeMap<IpAddr, u8>,
    #[serde(flatten)]
    flat: Flat,
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-20_i64..20).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from(3.0)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,12}", "[a-z\"\\\\\\n\\x00-\\x1f]{0,12}", "[ -~]{0,60}"]
}

fn tree(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    let names = prop_oneof![text(), "(id|name|species|legs)"];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Any JSON.
pub(crate) fn any_value() -> impl Strategy<Value = Value> + Clone {
    tree(prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ])
    .boxed()
}

/// JSON text with spaces; without floats, which parsing may change in the last bit.
fn any_raw() -> impl Strategy<Value = Box<RawValue>> {
    let leaves = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    tree(leaves).prop_map(|value| RawValue::from_string(value.to_string()).unwrap())
}

fn any_animal() -> impl Strategy<Value = Animal> {
    prop_oneof![
        Just(Animal::Plain),
        any_value().prop_map(Animal::Newtype),
        (any::<u8>(), prop::option::of(text())).prop_map(|(a, b)| Animal::Tuple(a, b)),
        (text(), any::<Option<u8>>()).prop_map(|(name, legs)| Animal::Struct { name, legs }),
    ]
}

fn any_flat() -> impl Strategy<Value = Flat> {
    let rest =
        prop::collection::btree_map("(id|species|weight|text|raw|[a-z]{1,3})", any_value(), 0..4);
    (text(), text(), any::<Option<u32>>(), rest).prop_map(|(id, species, weight, rest)| Flat {
        id,
        animal: Animal2 { species, weight },
        rest,
    })
}

fn any_enums() -> impl Strategy<Value = (Tagged, Adjacent, Untagged)> {
    let tagged = prop_oneof![
        any::<u8>().prop_map(|size| Tagged::Small { size }),
        any_flat().prop_map(Tagged::Large),
    ];
    let adjacent = prop_oneof![Just(Adjacent::None), text().prop_map(Adjacent::Some)];
    let untagged = prop_oneof![
        text().prop_map(Untagged::Text),
        any::<i64>().prop_map(Untagged::Number)
    ];
    (tagged, adjacent, untagged)
}

/// A value of many types.
pub(crate) fn any_zoo() -> impl Strategy<Value = Zoo> {
    let scalars = (
        any::<bool>(),
        any::<i8>(),
        any::<f64>(),
        any::<i16>(),
        any::<char>(),
    );
    let texts = (text(), prop::option::of(prop::option::of(text())));
    let animals = (prop::collection::vec(any_animal(), 0..3), any_animal());
    let bytes = prop::collection::vec(any::<u8>(), 0..8);
    (
        scalars,
        texts,
        animals,
        any_enums(),
        any_raw(),
        any_flat(),
        bytes,
    )
        .prop_map(
            |(scalars, (text, maybe), (animals, animal), enums, raw, flat, bytes)| {
                let (flag, small, double, eighths, letter) = scalars;
                let (tagged, adjacent, untagged) = enums;
                let address = IpAddr::from(Ipv4Addr::from(u32::from(letter)));
                Zoo {
                    nothing: Nothing,
                    unit: (),
                    flag,
                    small,
                    wide: i128::from(small) * i128::from(u32::MAX),
                    double,
                    // As a double it has the same digits.
                    single: f32::from(eighths) / 8.0,
                    letter,
                    maybe: maybe.map(Wrapped),
                    tuple: (1, text.clone()),
                    pair: Wrapped(Pair(eighths, text.clone())),
                    displayed: Displayed(text.clone()),
                    by_number: BTreeMap::from([
                        (i64::from(small), text.clone()),
                        (i64::MIN, String::new()),
                    ]),
                    text,
                    bytes: Bytes(bytes),
                    animals,
                    animal,
                    tagged,
                    adjacent,
                    untagged,
                    address,
                    raw,
                    by_flag: BTreeMap::from([(flag, 1)]),
                    by_letter: BTreeMap::from([(letter, 2)]),
                    by_colour: BTreeMap::from([(Colour::Red, 3), (Colour::Blue, 4)]),
                    by_address: BTreeMap::from([(address, 5)]),
                    flat,
                }
            },
        )
}
