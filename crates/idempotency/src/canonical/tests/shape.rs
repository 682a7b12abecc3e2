use proptest::prelude::*;
use serde::ser::{
    Serialize, SerializeStruct, SerializeStructVariant, SerializeTupleVariant, Serializer,
};
use serde_json::{Value, value::RawValue};

use super::properties::{shuffled, value};

/// One of each way in which a type may serialise itself.
#[derive(Debug)]
pub(super) enum Shape {
    None,
    Some(Box<Self>),
    Newtype(Box<Self>),
    Collected(&'static str),
    Seq(Vec<Self>),
    Map(Vec<(Key, Self)>),
    Struct(Vec<(&'static str, Self)>),
    UnitVariant(&'static str),
    NewtypeVariant(&'static str, Box<Self>),
    TupleVariant(&'static str, Vec<Self>),
    StructVariant(&'static str, Vec<(&'static str, Self)>),
    Value(Value),
    Raw(Box<RawValue>),
}

#[derive(Debug)]
pub(super) enum Key {
    Text(&'static str),
    Integer(i8),
    Bool(bool),
    Char(char),
    Variant(&'static str),
    Newtype(Box<Self>),
}

pub(super) const NAMES: [&str; 6] = ["a", "b", "1", "-1", "true", "é"];

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(integer) => serializer.serialize_i8(*integer),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Char(char) => serializer.serialize_char(*char),
            Self::Variant(variant) => serializer.serialize_unit_variant("Key", 0, variant),
            Self::Newtype(key) => serializer.serialize_newtype_struct("Key", key),
        }
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Some(inner) => serializer.serialize_some(inner),
            Self::Newtype(inner) => serializer.serialize_newtype_struct("Shape", inner),
            Self::Collected(text) => serializer.collect_str(text),
            Self::Seq(items) => serializer.collect_seq(items),
            Self::Map(members) => serializer.collect_map(members.iter().map(|(k, v)| (k, v))),
            Self::Struct(fields) => {
                let mut object = serializer.serialize_struct("Shape", fields.len())?;
                for (name, value) in fields {
                    object.serialize_field(name, value)?;
                }
                object.end()
            }
            Self::UnitVariant(name) => serializer.serialize_unit_variant("Shape", 0, name),
            Self::NewtypeVariant(name, inner) => {
                serializer.serialize_newtype_variant("Shape", 0, name, inner)
            }
            Self::TupleVariant(name, items) => {
                let len = items.len();
                let mut array = serializer.serialize_tuple_variant("Shape", 0, name, len)?;
                for item in items {
                    array.serialize_field(item)?;
                }
                array.end()
            }
            Self::StructVariant(name, fields) => {
                let len = fields.len();
                let mut object = serializer.serialize_struct_variant("Shape", 0, name, len)?;
                for (name, value) in fields {
                    object.serialize_field(name, value)?;
                }
                object.end()
            }
            Self::Value(value) => value.serialize(serializer),
            Self::Raw(raw) => raw.serialize(serializer),
        }
    }
}

fn key() -> impl Strategy<Value = Key> {
    let plain = prop_oneof![
        4 => name().prop_map(Key::Text),
        1 => (-1..2_i8).prop_map(Key::Integer),
        1 => any::<bool>().prop_map(Key::Bool),
        1 => prop::sample::select(vec!['a', 'b', '1', 'é']).prop_map(Key::Char),
        1 => name().prop_map(Key::Variant),
    ];
    prop_oneof![
        4 => plain.boxed(),
        1 => name().prop_map(|name| Key::Newtype(Box::new(Key::Text(name)))),
    ]
}

pub(super) fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NAMES.to_vec())
}

/// Plain values whose members have the same names.
pub(super) fn named_value() -> impl Strategy<Value = Value> {
    value(name().prop_map(str::to_owned).boxed())
}

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let raw = (named_value(), any::<u64>()).prop_map(|(value, mut seed)| {
        Shape::Raw(RawValue::from_string(shuffled(&value, &mut seed)).expect("JSON"))
    });
    let leaf = prop_oneof![
        1 => Just(()).prop_map(|()| Shape::None),
        1 => name().prop_map(Shape::Collected),
        1 => name().prop_map(Shape::UnitVariant),
        3 => named_value().prop_map(Shape::Value),
        3 => raw,
    ];
    // A strategy with values that cannot be cloned has no `prop_recursive`.
    nested(&nested(&nested(&leaf.boxed())))
}

fn nested(inner: &BoxedStrategy<Shape>) -> BoxedStrategy<Shape> {
    let boxed = || inner.clone().prop_map(Box::new);
    let items = || prop::collection::vec(inner.clone(), 0..3);
    let fields = || prop::collection::vec((name(), inner.clone()), 0..5);
    prop_oneof![
        1 => inner.clone(),
        1 => boxed().prop_map(Shape::Some),
        1 => boxed().prop_map(Shape::Newtype),
        1 => items().prop_map(Shape::Seq),
        3 => prop::collection::vec((key(), inner.clone()), 0..5).prop_map(Shape::Map),
        3 => fields().prop_map(Shape::Struct),
        1 => (name(), boxed()).prop_map(|(name, inner)| Shape::NewtypeVariant(name, inner)),
        1 => (name(), items()).prop_map(|(name, items)| Shape::TupleVariant(name, items)),
        1 => (name(), fields()).prop_map(|(name, fields)| Shape::StructVariant(name, fields)),
    ]
    .boxed()
}
