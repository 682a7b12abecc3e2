//! For serializers that look for members: what has none.

/// The methods of a `Serializer` for values without members, arrays included. Each ends
/// with `Stop`, without a look at the value.
macro_rules! stop_at_scalars {
    ($($method:ident: $value:ty,)+) => {
        $(
            fn $method(self, _: $value) -> Result<(), $crate::json::Stop> {
                Err($crate::json::Stop)
            }
        )+
    };
    () => {
        type SerializeSeq = serde::ser::Impossible<(), $crate::json::Stop>;
        type SerializeTuple = serde::ser::Impossible<(), $crate::json::Stop>;
        type SerializeTupleStruct = serde::ser::Impossible<(), $crate::json::Stop>;

        $crate::json::stop_at_scalars! {
            serialize_bool: bool,
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
            serialize_f32: f32,
            serialize_f64: f64,
            serialize_char: char,
            serialize_str: &str,
            serialize_bytes: &[u8],
            serialize_unit_struct: &'static str,
        }

        fn collect_str<T>(self, _: &T) -> Result<(), $crate::json::Stop>
        where
            T: std::fmt::Display + ?Sized,
        {
            Err($crate::json::Stop)
        }

        fn serialize_none(self) -> Result<(), $crate::json::Stop> {
            Err($crate::json::Stop)
        }

        fn serialize_unit(self) -> Result<(), $crate::json::Stop> {
            Err($crate::json::Stop)
        }

        fn serialize_unit_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
        ) -> Result<(), $crate::json::Stop> {
            Err($crate::json::Stop)
        }

        fn serialize_seq(
            self,
            _: Option<usize>,
        ) -> Result<Self::SerializeSeq, $crate::json::Stop> {
            Err($crate::json::Stop)
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, $crate::json::Stop> {
            Err($crate::json::Stop)
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, $crate::json::Stop> {
            Err($crate::json::Stop)
        }

        fn serialize_some<T>(self, value: &T) -> Result<(), $crate::json::Stop>
        where
            T: serde::Serialize + ?Sized,
        {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<(), $crate::json::Stop>
        where
            T: serde::Serialize + ?Sized,
        {
            value.serialize(self)
        }
    };
}

pub(crate) use stop_at_scalars;
