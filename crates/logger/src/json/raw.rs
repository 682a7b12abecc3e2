//! `serde_json`'s values that are text of JSON.
//!
//! The text is valid, but it can have line breaks and names that must be hidden. So it is
//! parsed, and what comes out of the parser goes into the serializer, piece by piece.

use std::{cell::Cell, fmt};

use serde::{
    de::{
        DeserializeSeed, Deserializer, Error as DeError, IgnoredAny, MapAccess, SeqAccess, Visitor,
    },
    ser::{Error as SerError, Serialize, SerializeMap, SerializeSeq, Serializer},
};

/// The name of the struct, and of its field, as which a `RawValue` serialises itself.
pub(crate) const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// The same for a number, where a program has switched on `arbitrary_precision`.
pub(super) const NUMBER: &str = "$serde_json::private::Number";

/// JSON text that serialises as what it says.
#[derive(Debug)]
pub(crate) struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    pub(crate) fn new(json: &'a str) -> Self {
        Self(json)
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parser = serde_json::Deserializer::from_str(self.0);
        let written = Piece::new(&mut parser).serialize(serializer)?;
        parser.end().map_err(failed_to_read)?;
        Ok(written)
    }
}

fn failed_to_read<E: SerError, P>(_: P) -> E {
    E::custom("not JSON")
}

fn failed_to_write<E: DeError, P>(_: P) -> E {
    E::custom("not written")
}

/// One value that is still to be parsed.
struct Piece<D>(Cell<Option<D>>);

impl<'de, D: Deserializer<'de>> Piece<D> {
    fn new(parser: D) -> Self {
        Self(Cell::new(Some(parser)))
    }

    /// Steps over the value if nobody has wanted it.
    fn leave(self) -> Result<(), D::Error> {
        match self.0.take() {
            Some(parser) => parser.deserialize_ignored_any(IgnoredAny).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl<'de, D: Deserializer<'de>> Serialize for Piece<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parser = self.0.take().ok_or_else(|| failed_to_read(()))?;
        parser
            .deserialize_any(HandOver(serializer))
            .map_err(failed_to_read)
    }
}

/// Hands what is parsed to a serializer.
struct HandOver<S>(S);

macro_rules! hand_over {
    ($($visit:ident => $serialize:ident: $value:ty,)*) => {$(
        fn $visit<E: DeError>(self, value: $value) -> Result<S::Ok, E> {
            self.0.$serialize(value).map_err(failed_to_write)
        }
    )*};
}

impl<'de, S: Serializer> Visitor<'de> for HandOver<S> {
    type Value = S::Ok;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    hand_over! {
        visit_bool => serialize_bool: bool,
        visit_i64 => serialize_i64: i64,
        visit_u64 => serialize_u64: u64,
        visit_f64 => serialize_f64: f64,
        visit_str => serialize_str: &str,
    }

    fn visit_unit<E: DeError>(self) -> Result<S::Ok, E> {
        self.0.serialize_unit().map_err(failed_to_write)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<S::Ok, A::Error> {
        let mut array = match self.0.serialize_seq(None) {
            Ok(array) => array,
            Err(error) => {
                // The serializer may go on behind this value, and so must the parser.
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                return Err(failed_to_write(error));
            }
        };
        while elements.next_element_seed(Element(&mut array))?.is_some() {}
        array.end().map_err(failed_to_write)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<S::Ok, A::Error> {
        let mut object = match self.0.serialize_map(None) {
            Ok(object) => object,
            Err(error) => {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Err(failed_to_write(error));
            }
        };
        while members.next_key_seed(Key(&mut object))?.is_some() {
            members.next_value_seed(MemberValue(&mut object))?;
        }
        object.end().map_err(failed_to_write)
    }
}

struct Element<'s, S>(&'s mut S);

impl<'de, S: SerializeSeq> DeserializeSeed<'de> for Element<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        let piece = Piece::new(parser);
        self.0.serialize_element(&piece).map_err(failed_to_write)?;
        piece.leave()
    }
}

struct Key<'s, S>(&'s mut S);

impl<'de, S: SerializeMap> DeserializeSeed<'de> for Key<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        let piece = Piece::new(parser);
        self.0.serialize_key(&piece).map_err(failed_to_write)?;
        piece.leave()
    }
}

struct MemberValue<'s, S>(&'s mut S);

impl<'de, S: SerializeMap> DeserializeSeed<'de> for MemberValue<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        let piece = Piece::new(parser);
        self.0.serialize_value(&piece).map_err(failed_to_write)?;
        piece.leave()
    }
}
