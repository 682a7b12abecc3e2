//! Arrays on the way to a value: no member leads into them.

use serde::ser::{
    Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};

use super::CanonicalError;
use super::serializer::Array;

/// The array of a tuple variant.
pub(super) enum Elements<'w, 'o> {
    Written(Array<'w, 'o>),
    Passed,
}

impl SerializeTupleVariant for Elements<'_, '_> {
    type Ok = bool;
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        match self {
            Self::Written(array) => SerializeTupleVariant::serialize_field(array, value),
            Self::Passed => Ok(()),
        }
    }

    fn end(self) -> Result<bool, CanonicalError> {
        match self {
            Self::Written(array) => SerializeTupleVariant::end(array).map(|()| true),
            Self::Passed => Ok(false),
        }
    }
}

/// An array, into which no member leads.
pub(super) struct NoObject;

macro_rules! no_members {
    ($($trait:ident::$method:ident;)*) => {$(
        impl $trait for NoObject {
            type Ok = bool;
            type Error = CanonicalError;

            fn $method<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), CanonicalError> {
                Ok(())
            }

            fn end(self) -> Result<bool, CanonicalError> {
                Ok(false)
            }
        }
    )*};
}

no_members! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
}
