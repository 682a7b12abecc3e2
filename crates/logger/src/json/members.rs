//! The members of a value, one by one.

use std::fmt::{Display, Formatter};

use serde::{
    de::{Deserializer, Error, MapAccess, Visitor},
    ser::{
        Impossible, Serialize, SerializeMap, SerializeStruct, SerializeStructVariant, Serializer,
    },
};
use serde_json::value::RawValue;

use super::{
    compound::NO_NAME,
    name::{NoName, with_name},
    raw::RAW_VALUE,
    rules::Rules,
    scalars::stop_at_scalars,
    serializer::serialize,
    writer::{Stop, Writer},
};

/// Takes the members of a value.
pub(crate) trait Members {
    /// A member; `write` writes its value as JSON, by the rules.
    fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>));

    /// Asked after every member: whether no more are wanted.
    fn is_full(&self) -> bool {
        false
    }
}

/// The value has no members, or its `Serialize` failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAnObject;

impl Display for NotAnObject {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("the value has no members")
    }
}

impl std::error::Error for NotAnObject {}

/// Hands over each member of a struct, a map, or what an `Option`, a newtype or a variant
/// holds of them; the variant's own name is not told. Values whose names are hidden come as
/// `"***"`, and `[key]` stands for all members whose key is no text.
///
/// # Errors
///
/// If the value has no members, or its `Serialize` fails; members handed over before stay
/// so. Unless the members are full.
pub(crate) fn members<T, M>(value: &T, rules: &Rules, sink: &mut M) -> Result<(), NotAnObject>
where
    T: Serialize + ?Sized,
    M: Members,
{
    let walk = Walk {
        sink: &mut *sink,
        rules,
    };
    match value.serialize(walk) {
        Err(Stop) if !sink.is_full() => Err(NotAnObject),
        _ => Ok(()),
    }
}

struct Walk<'s, M> {
    sink: &'s mut M,
    rules: &'s Rules,
}

impl<M: Members> Walk<'_, M> {
    #[inline]
    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Stop> {
        let rules = self.rules;
        self.sink.member(name, |out| {
            if rules.hides(name) {
                Writer::new(out, rules).hidden_value();
            } else {
                serialize(out, value, rules);
            }
        });
        if self.sink.is_full() {
            Err(Stop)
        } else {
            Ok(())
        }
    }
}

impl<'s, M: Members> Serializer for Walk<'s, M> {
    type Ok = ();
    type Error = Stop;
    type SerializeTupleVariant = Impossible<(), Stop>;
    type SerializeMap = Object<'s, M>;
    type SerializeStruct = Object<'s, M>;
    type SerializeStructVariant = Object<'s, M>;

    stop_at_scalars!();

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        Err(Stop)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'s, M>, Stop> {
        Ok(Object::new(self, false))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'s, M>, Stop> {
        Ok(Object::new(self, name == RAW_VALUE))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Object<'s, M>, Stop> {
        Ok(Object::new(self, false))
    }
}

struct Object<'s, M> {
    walk: Walk<'s, M>,
    is_raw: bool,
    /// A key whose value is still to come.
    name: Option<Result<String, NoName>>,
    has_mark: bool,
}

impl<'s, M: Members> Object<'s, M> {
    fn new(walk: Walk<'s, M>, is_raw: bool) -> Self {
        Self {
            walk,
            is_raw,
            name: None,
            has_mark: false,
        }
    }

    fn unnamed(&mut self, why: NoName) -> Result<(), Stop> {
        match why {
            NoName::Failed => Err(Stop),
            NoName::NotText if self.has_mark => Ok(()),
            NoName::NotText => {
                self.has_mark = true;
                self.walk.member(NO_NAME, &true)
            }
        }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Stop> {
        if !self.is_raw {
            return self.walk.member(name, value);
        }
        let Walk { sink, rules } = &mut self.walk;
        let walk = Walk { sink: *sink, rules };
        with_name(value, |json| raw_members(walk, json)).unwrap_or(Err(Stop))
    }
}

fn raw_members<M: Members>(walk: Walk<'_, M>, json: &str) -> Result<(), Stop> {
    let mut parser = serde_json::Deserializer::from_str(json);
    let parsed = parser.deserialize_map(RawMembers(walk));
    parsed.and_then(|()| parser.end()).map_err(|_| Stop)
}

/// Hands over the members of JSON text. Each value is taken out first: one that is cut,
/// and so not read to its end, must not take along what stands behind it.
struct RawMembers<'s, M>(Walk<'s, M>);

impl<'de, M: Members> Visitor<'de> for RawMembers<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            let value: &RawValue = members.next_value()?;
            self.0.member(&name, value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

impl<M: Members> SerializeMap for Object<'_, M> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        // Keys that come without their value have to be kept; most come with it.
        self.name = Some(with_name(key, str::to_owned));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        match self.name.take() {
            Some(Ok(name)) => self.walk.member(&name, value),
            Some(Err(why)) => self.unnamed(why),
            None => Err(Stop),
        }
    }

    fn serialize_entry<K, V>(&mut self, key: &K, value: &V) -> Result<(), Stop>
    where
        K: Serialize + ?Sized,
        V: Serialize + ?Sized,
    {
        match with_name(key, |name| self.walk.member(name, value)) {
            Ok(taken) => taken,
            Err(why) => self.unnamed(why),
        }
    }

    fn end(self) -> Result<(), Stop> {
        if self.name.is_some() {
            Err(Stop)
        } else {
            Ok(())
        }
    }
}

impl<M: Members> SerializeStruct for Object<'_, M> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        self.field(name, value)
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

impl<M: Members> SerializeStructVariant for Object<'_, M> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        self.field(name, value)
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
