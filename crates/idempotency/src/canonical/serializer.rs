//! Any `Serialize` made canonical, in the shape that serde_json gives it.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::scalar::ScalarSerializer;
use super::writer::{Object, Writer};
use super::{CanonicalError, Dialect, number, text};

/// The struct that stands for JSON text as it is: serde_json's `RawValue`.
pub(super) const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// The same for a number, if another crate has switched on `arbitrary_precision`.
pub(super) const NUMBER: &str = "$serde_json::private::Number";

/// Appends the canonical bytes of a value; nothing in case of an error.
pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    let start = out.len();
    let written = value.serialize(&mut Writer::new(out, dialect));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// `fn serialize_X` for the numbers that `number::push` writes as `$as`.
macro_rules! numbers {
    ($($method:ident($number:ty): $push:ident as $as:ty;)*) => {$(
        #[inline]
        fn $method(self, value: $number) -> Result<(), CanonicalError> {
            number::$push(self.out, <$as>::from(value), self.dialect);
            Ok(())
        }
    )*};
}

impl<'w, 'o> Serializer for &'w mut Writer<'o> {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Array<'w, 'o>;
    type SerializeTuple = Array<'w, 'o>;
    type SerializeTupleStruct = Array<'w, 'o>;
    type SerializeTupleVariant = Array<'w, 'o>;
    type SerializeMap = Members<'w, 'o>;
    type SerializeStruct = Struct<'w, 'o>;
    type SerializeStructVariant = Members<'w, 'o>;

    numbers! {
        serialize_i8(i8): push_i64 as i64;
        serialize_i16(i16): push_i64 as i64;
        serialize_i32(i32): push_i64 as i64;
        serialize_i64(i64): push_i64 as i64;
        serialize_i128(i128): push_i128 as i128;
        serialize_u8(u8): push_u64 as u64;
        serialize_u16(u16): push_u64 as u64;
        serialize_u32(u32): push_u64 as u64;
        serialize_u64(u64): push_u64 as u64;
        serialize_u128(u128): push_u128 as u128;
        serialize_f32(f32): push_f32 as f32;
        serialize_f64(f64): push_f64 as f64;
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), CanonicalError> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(word);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), CanonicalError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), CanonicalError> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), CanonicalError> {
        self.collect_seq(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), CanonicalError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CanonicalError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), CanonicalError> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), CanonicalError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), CanonicalError> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        let mut object = self.begin_object()?;
        self.key(&mut object, variant);
        value.serialize(&mut *self)?;
        self.end_object(&object);
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'w, 'o>, CanonicalError> {
        Array::new(self, None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Array<'w, 'o>, CanonicalError> {
        Array::new(self, None)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Array<'w, 'o>, CanonicalError> {
        Array::new(self, None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Array<'w, 'o>, CanonicalError> {
        let mut object = self.begin_object()?;
        self.key(&mut object, variant);
        Array::new(self, Some(object))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Members<'w, 'o>, CanonicalError> {
        Members::new(self, None)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Struct<'w, 'o>, CanonicalError> {
        if name == RAW_VALUE || name == NUMBER {
            return Ok(Struct::Raw(self));
        }
        Members::new(self, None).map(Struct::Members)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'w, 'o>, CanonicalError> {
        let mut object = self.begin_object()?;
        self.key(&mut object, variant);
        Members::new(self, Some(object))
    }
}

/// An array that is being written, perhaps as the one value of a variant's object.
pub(super) struct Array<'w, 'o> {
    writer: &'w mut Writer<'o>,
    first: bool,
    variant: Option<Object>,
}

impl<'w, 'o> Array<'w, 'o> {
    pub(super) fn new(
        writer: &'w mut Writer<'o>,
        variant: Option<Object>,
    ) -> Result<Self, CanonicalError> {
        writer.begin_array()?;
        Ok(Self {
            writer,
            first: true,
            variant,
        })
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        self.writer.element(self.first);
        self.first = false;
        value.serialize(&mut *self.writer)
    }

    fn finish(self) {
        self.writer.end_array();
        if let Some(variant) = self.variant {
            self.writer.end_object(&variant);
        }
    }
}

macro_rules! array {
    ($($trait:ident::$method:ident;)*) => {$(
        impl $trait for Array<'_, '_> {
            type Ok = ();
            type Error = CanonicalError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
                self.push(value)
            }

            fn end(self) -> Result<(), CanonicalError> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

array! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

/// An object that is being written, perhaps as the one value of a variant's object.
pub(super) struct Members<'w, 'o> {
    writer: &'w mut Writer<'o>,
    object: Object,
    variant: Option<Object>,
}

impl<'w, 'o> Members<'w, 'o> {
    #[inline]
    pub(super) fn new(
        writer: &'w mut Writer<'o>,
        variant: Option<Object>,
    ) -> Result<Self, CanonicalError> {
        let object = writer.begin_object()?;
        Ok(Self {
            writer,
            object,
            variant,
        })
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), CanonicalError> {
        self.writer.key(&mut self.object, key);
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn finish(self) {
        self.writer.end_object(&self.object);
        if let Some(variant) = self.variant {
            self.writer.end_object(&variant);
        }
    }
}

impl SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = CanonicalError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CanonicalError> {
        let start = self.writer.begin_key(&self.object);
        let Writer { out, dialect, .. } = &mut *self.writer;
        let unescaped = key.serialize(ScalarSerializer(|key: &str| {
            Ok(text::push(out, key, *dialect))
        }))?;
        self.writer.end_key(&mut self.object, start, unescaped);
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn end(self) -> Result<(), CanonicalError> {
        self.finish();
        Ok(())
    }
}

impl SerializeStructVariant for Members<'_, '_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), CanonicalError> {
        self.finish();
        Ok(())
    }
}

/// A struct, or what serde_json passes on as one.
pub(super) enum Struct<'w, 'o> {
    Members(Members<'w, 'o>),
    Raw(&'w mut Writer<'o>),
}

impl SerializeStruct for Struct<'_, '_> {
    type Ok = ();
    type Error = CanonicalError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        match self {
            Self::Members(members) => members.field(key, value),
            Self::Raw(writer) => {
                let json = ScalarSerializer(|json: &str| writer.json(json).map(|()| true));
                value.serialize(json).map(|_| ())
            }
        }
    }

    #[inline]
    fn end(self) -> Result<(), CanonicalError> {
        if let Self::Members(members) = self {
            members.finish();
        }
        Ok(())
    }
}
