use serde::ser::{Impossible, Serialize, Serializer};

use super::CanonicalError;

/// Takes what is one text, or becomes one as a map's key does in serde_json, and gives the
/// function's answer to it.
pub(super) struct ScalarSerializer<F>(pub(super) F);

type Never = Impossible<bool, CanonicalError>;

macro_rules! integers {
    ($($method:ident($number:ty);)*) => {$(
        fn $method(self, value: $number) -> Result<bool, CanonicalError> {
            self.serialize_str(itoa::Buffer::new().format(value))
        }
    )*};
}

macro_rules! floats {
    ($($method:ident($number:ty);)*) => {$(
        fn $method(self, value: $number) -> Result<bool, CanonicalError> {
            if !value.is_finite() {
                return Err(CanonicalError::Key);
            }
            self.serialize_str(zmij::Buffer::new().format_finite(value))
        }
    )*};
}

impl<F> Serializer for ScalarSerializer<F>
where
    F: FnOnce(&str) -> Result<bool, CanonicalError>,
{
    type Ok = bool;
    type Error = CanonicalError;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    integers! {
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
    }

    floats! {
        serialize_f32(f32);
        serialize_f64(f64);
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<bool, CanonicalError> {
        (self.0)(value)
    }

    fn serialize_bool(self, value: bool) -> Result<bool, CanonicalError> {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_char(self, value: char) -> Result<bool, CanonicalError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<bool, CanonicalError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<bool, CanonicalError> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, CanonicalError> {
        value.serialize(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<bool, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_none(self) -> Result<bool, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_unit(self) -> Result<bool, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<bool, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<bool, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_tuple(self, _: usize) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, CanonicalError> {
        Err(CanonicalError::Key)
    }
}
