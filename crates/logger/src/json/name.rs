//! The name of a map's member, which may be any `Serialize`.

use std::fmt::{Display, Write};

use serde::ser::{Error, Impossible, Serialize, Serializer};

use super::text;

/// Why there is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoName {
    /// It is nothing that can stand for text.
    NotText,
    /// Its `Serialize` failed.
    Failed,
}

/// Gives the text that `serde_json` would write as the key: of text, characters, numbers,
/// booleans and variants without content. Borrowed where it can be.
#[inline]
pub(crate) fn with_name<K, F, R>(key: &K, then: F) -> Result<R, NoName>
where
    K: Serialize + ?Sized,
    F: FnOnce(&str) -> R,
{
    key.serialize(Name(then))
}

struct Name<F>(F);

impl std::error::Error for NoName {}

impl Display for NoName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a name")
    }
}

impl Error for NoName {
    fn custom<T: Display>(_: T) -> Self {
        Self::Failed
    }
}

fn number<F: FnOnce(&str) -> R, R>(then: F, write: impl FnOnce(&mut Vec<u8>)) -> R {
    let mut digits = Vec::new();
    write(&mut digits);
    // Digits, signs, points: nothing but ASCII.
    then(str::from_utf8(&digits).unwrap_or_default())
}

macro_rules! integers {
    ($($method:ident: $integer:ty,)*) => {$(
        fn $method(self, value: $integer) -> Result<R, NoName> {
            Ok(self.0(itoa::Buffer::new().format(value)))
        }
    )*};
}

impl<F, R> Serializer for Name<F>
where
    F: FnOnce(&str) -> R,
{
    type Ok = R;
    type Error = NoName;
    type SerializeSeq = Impossible<R, NoName>;
    type SerializeTuple = Impossible<R, NoName>;
    type SerializeTupleStruct = Impossible<R, NoName>;
    type SerializeTupleVariant = Impossible<R, NoName>;
    type SerializeMap = Impossible<R, NoName>;
    type SerializeStruct = Impossible<R, NoName>;
    type SerializeStructVariant = Impossible<R, NoName>;

    #[inline]
    fn serialize_str(self, value: &str) -> Result<R, NoName> {
        Ok(self.0(value))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<R, NoName> {
        let mut name = String::new();
        write!(name, "{value}").map_err(|_| NoName::Failed)?;
        Ok(self.0(&name))
    }

    fn serialize_char(self, value: char) -> Result<R, NoName> {
        Ok(self.0(value.encode_utf8(&mut [0; 4])))
    }

    fn serialize_bool(self, value: bool) -> Result<R, NoName> {
        Ok(self.0(if value { "true" } else { "false" }))
    }

    integers! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
    }

    fn serialize_f32(self, value: f32) -> Result<R, NoName> {
        if !value.is_finite() {
            return Err(NoName::NotText);
        }
        Ok(number(self.0, |digits| text::single(digits, value)))
    }

    fn serialize_f64(self, value: f64) -> Result<R, NoName> {
        if !value.is_finite() {
            return Err(NoName::NotText);
        }
        Ok(number(self.0, |digits| text::float(digits, value)))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<R, NoName> {
        Ok(self.0(variant))
    }

    fn serialize_newtype_struct<T>(self, _: &'static str, value: &T) -> Result<R, NoName>
    where
        T: Serialize + ?Sized,
    {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<R, NoName> {
        value.serialize(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<R, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_none(self) -> Result<R, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_unit(self) -> Result<R, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<R, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<R, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, NoName> {
        Err(NoName::NotText)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NoName> {
        Err(NoName::NotText)
    }
}
