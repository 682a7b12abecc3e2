//! One value out of a larger one, by the members that lead to it.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, SerializeStructVariant, Serializer};

use super::elements::{Elements, NoObject};
use super::scalar::ScalarSerializer;
use super::select::select_text;
use super::serializer::{Array, Members, NUMBER, RAW_VALUE};
use super::writer::Writer;
use super::{CanonicalError, Dialect};

/// Appends the canonical bytes of what stands at a path of members, as serde_json lays them
/// out; of equal names the last counts. What is not on the path is not serialised. An empty
/// path leads to the value itself.
///
/// False, with nothing appended, if a member is missing or lies in what is no object. Nothing is
/// appended in case of an error either.
pub(crate) fn write_at<'f, T, I>(
    value: &T,
    fields: I,
    dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<bool, CanonicalError>
where
    T: Serialize + ?Sized,
    I: Iterator<Item = &'f str> + Clone,
{
    let start = out.len();
    let found = descend(&mut Writer::new(out, dialect), fields, value);
    if found != Ok(true) {
        out.truncate(start);
    }
    found
}

#[inline]
fn descend<'f, T, I>(
    writer: &mut Writer<'_>,
    mut fields: I,
    value: &T,
) -> Result<bool, CanonicalError>
where
    T: Serialize + ?Sized,
    I: Iterator<Item = &'f str> + Clone,
{
    match fields.next() {
        None => value.serialize(writer).map(|()| true),
        Some(name) => value.serialize(Walk {
            writer,
            name,
            rest: fields,
        }),
    }
}

/// Looks for the member `name`, and in it for the rest of the path. The answer is whether
/// something was there, and so was written.
struct Walk<'w, 'o, 'f, I> {
    writer: &'w mut Writer<'o>,
    name: &'f str,
    rest: I,
}

impl<'w, 'o, 'f, I: Iterator<Item = &'f str> + Clone> Walk<'w, 'o, 'f, I> {
    fn object(self) -> Result<Search<'w, 'o, 'f, I>, CanonicalError> {
        self.writer.enter()?;
        Ok(Search {
            start: self.writer.out.len(),
            depth: self.writer.depth(),
            walk: self,
            is_next: false,
            found: false,
        })
    }

    /// JSON text, inside of which the path goes on.
    fn json(self, json: &str) -> Result<bool, CanonicalError> {
        let path = std::iter::once(self.name).chain(self.rest);
        let Some(found) = select_text(json, path.clone())? else {
            return Ok(false);
        };
        for _ in path {
            self.writer.enter()?;
        }
        self.writer.json(found).map(|()| true)
    }
}

/// `fn serialize_X` for what has no members.
macro_rules! no_object {
    ($($method:ident($($argument:ty),*);)*) => {$(
        #[inline]
        fn $method(self, $(_: $argument),*) -> Result<bool, CanonicalError> {
            Ok(false)
        }
    )*};
}

impl<'w, 'o, 'f, I: Iterator<Item = &'f str> + Clone> Serializer for Walk<'w, 'o, 'f, I> {
    type Ok = bool;
    type Error = CanonicalError;
    type SerializeSeq = NoObject;
    type SerializeTuple = NoObject;
    type SerializeTupleStruct = NoObject;
    type SerializeTupleVariant = Elements<'w, 'o>;
    type SerializeMap = Search<'w, 'o, 'f, I>;
    type SerializeStruct = Fields<'w, 'o, 'f, I>;
    type SerializeStructVariant = Fields<'w, 'o, 'f, I>;

    no_object! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, _: &T) -> Result<bool, CanonicalError> {
        Ok(false)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, CanonicalError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<bool, CanonicalError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<bool, CanonicalError> {
        let mut object = self.object()?;
        object.member(variant, value)?;
        Ok(object.found)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<NoObject, CanonicalError> {
        Ok(NoObject)
    }

    fn serialize_tuple(self, _: usize) -> Result<NoObject, CanonicalError> {
        Ok(NoObject)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<NoObject, CanonicalError> {
        Ok(NoObject)
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements<'w, 'o>, CanonicalError> {
        self.writer.enter()?;
        if variant != self.name || self.rest.next().is_some() {
            return Ok(Elements::Passed);
        }
        Array::new(self.writer, None).map(Elements::Written)
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, CanonicalError> {
        self.object()
    }

    #[inline]
    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, CanonicalError> {
        if name == RAW_VALUE || name == NUMBER {
            return Ok(Fields::Raw(Some(self), false));
        }
        self.object().map(Fields::Searched)
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, CanonicalError> {
        self.writer.enter()?;
        if variant != self.name {
            return Ok(Fields::Passed);
        }
        match self.rest.next() {
            None => Members::new(self.writer, None).map(Fields::Written),
            Some(name) => Walk { name, ..self }.object().map(Fields::Searched),
        }
    }
}

/// An object on the path.
struct Search<'w, 'o, 'f, I> {
    walk: Walk<'w, 'o, 'f, I>,
    start: usize,
    depth: usize,
    /// The key was the name; its value comes next.
    is_next: bool,
    found: bool,
}

impl<'f, I: Iterator<Item = &'f str> + Clone> Search<'_, '_, 'f, I> {
    #[inline]
    fn member<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        if name == self.walk.name {
            self.enter(value)?;
        }
        Ok(())
    }

    /// Rarely called beside the members that are passed by, so kept out of their loop.
    #[inline(never)]
    fn enter<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        let writer = &mut *self.walk.writer;
        // An earlier member of this name counts no longer
        writer.restart(self.start, self.depth);
        self.found = descend(writer, self.walk.rest.clone(), value)?;
        Ok(())
    }
}

impl<I> Search<'_, '_, '_, I> {
    #[inline]
    fn is_name<K: Serialize + ?Sized>(&self, key: &K) -> Result<bool, CanonicalError> {
        let name = self.walk.name;
        key.serialize(ScalarSerializer(|key: &str| Ok(key == name)))
    }
}

impl<'f, I: Iterator<Item = &'f str> + Clone> SerializeMap for Search<'_, '_, 'f, I> {
    type Ok = bool;
    type Error = CanonicalError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CanonicalError> {
        self.is_next = self.is_name(key)?;
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        if self.is_next {
            self.enter(value)?;
        }
        Ok(())
    }

    #[inline]
    fn serialize_entry<K, T>(&mut self, key: &K, value: &T) -> Result<(), CanonicalError>
    where
        K: Serialize + ?Sized,
        T: Serialize + ?Sized,
    {
        if self.is_name(key)? {
            self.enter(value)?;
        }
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<bool, CanonicalError> {
        Ok(self.found)
    }
}

enum Fields<'w, 'o, 'f, I> {
    Searched(Search<'w, 'o, 'f, I>),
    /// JSON text, or a number; whether the path's end was found in it.
    Raw(Option<Walk<'w, 'o, 'f, I>>, bool),
    /// The content of a variant at which the path ends.
    Written(Members<'w, 'o>),
    /// That of another variant.
    Passed,
}

impl<'f, I: Iterator<Item = &'f str> + Clone> SerializeStruct for Fields<'_, '_, 'f, I> {
    type Ok = bool;
    type Error = CanonicalError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        match self {
            Self::Searched(object) => object.member(name, value),
            Self::Raw(walk, found) => {
                if let Some(walk) = walk.take() {
                    *found = value.serialize(ScalarSerializer(|json: &str| walk.json(json)))?;
                }
                Ok(())
            }
            Self::Written(object) => SerializeStructVariant::serialize_field(object, name, value),
            Self::Passed => Ok(()),
        }
    }

    #[inline]
    fn end(self) -> Result<bool, CanonicalError> {
        match self {
            Self::Searched(Search { found, .. }) | Self::Raw(_, found) => Ok(found),
            Self::Written(object) => SerializeStructVariant::end(object).map(|()| true),
            Self::Passed => Ok(false),
        }
    }
}

impl<'f, I: Iterator<Item = &'f str> + Clone> SerializeStructVariant for Fields<'_, '_, 'f, I> {
    type Ok = bool;
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        SerializeStruct::serialize_field(self, name, value)
    }

    fn end(self) -> Result<bool, CanonicalError> {
        SerializeStruct::end(self)
    }
}
