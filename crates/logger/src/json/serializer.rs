//! Any `Serialize` as JSON.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::{
    compound::{Compound, write, write_member},
    raw::{NUMBER, RAW_VALUE},
    rules::Rules,
    text,
    writer::{Bracket, Stop, Writer},
};

/// Writes a value as `serde_json` does, by the rules. The output is one line of valid JSON
/// whatever the value is:
///
/// - A member whose name is hidden is `"***"`; its value is not looked at.
/// - What is nested too deep is `"[too deep]"`.
/// - A value of more than `max_field_bytes` keeps what was complete. The text that did not
///   fit ends in `…[cut]`, any other value is `"[cut]"` in an array and the member
///   `"[cut]":true` in an object. The rest of the value is not walked. With its mark it is
///   at most [`Rules::SLACK`] bytes over the bound.
/// - A value whose `Serialize` fails, or does what serde forbids, is
///   `"[cannot be serialized]"` as a whole: the error's text may hold payload.
/// - Members whose key is no text, number, boolean or plain variant are left out, and
///   `"[key]":true` stands for all of them.
/// - The text of a `RawValue` is walked like any other value. Its numbers are written as
///   the nearest 64-bit ones.
pub(crate) fn serialize<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T, rules: &Rules) {
    let mut writer = Writer::new(out, rules);
    writer.value(value);
}

impl Writer<'_> {
    /// Writes the whole value.
    pub(crate) fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        // What an error left is for `finish` to judge.
        let _ = write(self, value);
        self.finish();
    }

    /// Writes the mark of a hidden value in the place of the whole value.
    pub(crate) fn hidden_value(&mut self) {
        let _ = self.hidden();
    }
}

macro_rules! integers {
    ($($method:ident: $integer:ty,)*) => {$(
        #[inline]
        fn $method(self, value: $integer) -> Result<(), Stop> {
            self.scalar(|out| text::integer(out, value))
        }
    )*};
}

impl<'w, 'a> Serializer for &'w mut Writer<'a> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Compound<'w, 'a>;
    type SerializeTuple = Compound<'w, 'a>;
    type SerializeTupleStruct = Compound<'w, 'a>;
    type SerializeTupleVariant = Compound<'w, 'a>;
    type SerializeMap = Compound<'w, 'a>;
    type SerializeStruct = Compound<'w, 'a>;
    type SerializeStructVariant = Compound<'w, 'a>;

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

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Stop> {
        self.scalar(|out| text::boolean(out, value))
    }

    fn serialize_f32(self, value: f32) -> Result<(), Stop> {
        self.scalar(|out| text::single(out, value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Stop> {
        self.scalar(|out| text::float(out, value))
    }

    fn serialize_char(self, value: char) -> Result<(), Stop> {
        self.string(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        self.string(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Stop> {
        self.display(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Stop> {
        let mut array = Compound::array(self)?;
        for byte in value {
            SerializeSeq::serialize_element(&mut array, byte)?;
        }
        SerializeSeq::end(array)
    }

    fn serialize_none(self) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        self.scalar(|out| out.extend_from_slice(b"null"))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Stop> {
        self.string(variant)
    }

    fn serialize_newtype_struct<T>(self, _: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.open(Bracket::Object)?;
        write_member(self, variant, value)?;
        self.close();
        Ok(())
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'w, 'a>, Stop> {
        Compound::array(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'w, 'a>, Stop> {
        Compound::array(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'w, 'a>, Stop> {
        Compound::array(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, 'a>, Stop> {
        Compound::variant(self, variant, Bracket::Array)
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'w, 'a>, Stop> {
        Compound::object(self)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Compound<'w, 'a>, Stop> {
        match name {
            RAW_VALUE => Ok(Compound::raw(self)),
            NUMBER => Ok(Compound::number(self)),
            _ => Compound::object(self),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, 'a>, Stop> {
        Compound::variant(self, variant, Bracket::Object)
    }
}

#[cfg(test)]
mod tests;
