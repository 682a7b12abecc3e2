//! One value out of a larger one, by the names that lead to it.

use serde::ser::{
    Serialize, SerializeMap, SerializeStruct, SerializeStructVariant, SerializeTupleVariant,
    Serializer,
};

use crate::json::{Compound, RAW_VALUE, Raw, Rules, Stop, Writer, stop_at_scalars, with_name};

/// Writes what stands in `value` at the end of `path`, by the rules. The path leads through
/// members as `serde_json` lays them out; of members with the same name the last counts.
/// What is not on it is not serialised.
///
/// False, and `out` is as before, if nothing or null is there. A name on the path that the
/// rules hide gives `"***"`.
pub(crate) fn pick<T, S>(value: &T, path: &[S], out: &mut Vec<u8>, rules: &Rules) -> bool
where
    T: Serialize + ?Sized,
    S: AsRef<str>,
{
    let mut writer = Writer::new(out, rules);
    descend(&mut writer, path, value);
    if writer.written().is_empty() || writer.written() == b"null" {
        writer.restart();
        return false;
    }
    // A variant's content may have stopped in the middle.
    writer.finish();
    true
}

fn descend<T, S>(writer: &mut Writer<'_>, path: &[S], value: &T)
where
    T: Serialize + ?Sized,
    S: AsRef<str>,
{
    match path.split_first() {
        None => writer.value(value),
        Some((name, rest)) => {
            let name = name.as_ref();
            // Nothing there, or the value fails: what was found before stays.
            let _ = value.serialize(Walk { writer, name, rest });
        }
    }
}

/// Looks for the member `name`, and in it for the rest of the path.
struct Walk<'w, 'a, 'p, S> {
    writer: &'w mut Writer<'a>,
    name: &'p str,
    rest: &'p [S],
}

impl<S: AsRef<str>> Walk<'_, '_, '_, S> {
    #[inline]
    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        if name == self.name {
            self.found(value);
        }
    }

    fn found<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.writer.restart();
        if self.writer.rules().hides(self.name) {
            self.writer.hidden_value();
        } else {
            descend(self.writer, self.rest, value);
        }
    }
}

impl<'w, 'a, 'p, S: AsRef<str>> Walk<'w, 'a, 'p, S> {
    /// The variant is a member whose value has no `Serialize` of its own.
    fn variant(
        self,
        variant: &'static str,
        open: impl FnOnce(&'w mut Writer<'a>) -> Result<Compound<'w, 'a>, Stop>,
    ) -> Result<Object<'w, 'a, 'p, S>, Stop> {
        if variant != self.name {
            return Err(Stop);
        }
        if self.writer.rules().hides(variant) {
            self.writer.hidden_value();
            return Err(Stop);
        }
        match self.rest.split_first() {
            None => open(self.writer).map(Object::Whole),
            Some((name, rest)) => Ok(Object::Searched(Walk {
                writer: self.writer,
                name: name.as_ref(),
                rest,
            })),
        }
    }
}

impl<'w, 'a, 'p, S: AsRef<str>> Serializer for Walk<'w, 'a, 'p, S> {
    type Ok = ();
    type Error = Stop;
    type SerializeTupleVariant = Object<'w, 'a, 'p, S>;
    type SerializeMap = Map<'w, 'a, 'p, S>;
    type SerializeStruct = Object<'w, 'a, 'p, S>;
    type SerializeStructVariant = Object<'w, 'a, 'p, S>;

    stop_at_scalars!();

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.member(variant, value);
        Ok(())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        if !self.rest.is_empty() {
            // There is no way into an array.
            return Err(Stop);
        }
        self.variant(variant, |writer| writer.serialize_seq(Some(len)))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stop> {
        Ok(Map {
            walk: self,
            is_next: false,
        })
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, Stop> {
        if name == RAW_VALUE {
            return Ok(Object::Raw(self));
        }
        Ok(Object::Searched(self))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Stop> {
        self.variant(variant, |writer| writer.serialize_map(Some(len)))
    }
}

enum Object<'w, 'a, 'p, S> {
    Searched(Walk<'w, 'a, 'p, S>),
    /// JSON text, inside of which the path leads on.
    Raw(Walk<'w, 'a, 'p, S>),
    /// The content of a variant at which the path ends.
    Whole(Compound<'w, 'a>),
}

impl<S: AsRef<str>> SerializeStruct for Object<'_, '_, '_, S> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        match self {
            Self::Searched(walk) => walk.member(name, value),
            Self::Raw(Walk { writer, name, rest }) => {
                let found = with_name(value, |json| {
                    Raw::new(json).serialize(Walk { writer, name, rest })
                });
                return found.unwrap_or(Err(Stop));
            }
            Self::Whole(object) => return SerializeStruct::serialize_field(object, name, value),
        }
        Ok(())
    }

    fn end(self) -> Result<(), Stop> {
        match self {
            Self::Searched(_) | Self::Raw(_) => Ok(()),
            Self::Whole(object) => SerializeStruct::end(object),
        }
    }
}

impl<S: AsRef<str>> SerializeStructVariant for Object<'_, '_, '_, S> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        SerializeStruct::serialize_field(self, name, value)
    }

    fn end(self) -> Result<(), Stop> {
        SerializeStruct::end(self)
    }
}

impl<S: AsRef<str>> SerializeTupleVariant for Object<'_, '_, '_, S> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        match self {
            Self::Whole(array) => SerializeTupleVariant::serialize_field(array, value),
            Self::Searched(_) | Self::Raw(_) => Err(Stop),
        }
    }

    fn end(self) -> Result<(), Stop> {
        SerializeStruct::end(self)
    }
}

struct Map<'w, 'a, 'p, S> {
    walk: Walk<'w, 'a, 'p, S>,
    /// The key was the name; its value comes next.
    is_next: bool,
}

impl<S: AsRef<str>> SerializeMap for Map<'_, '_, '_, S> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        // A key that is no text is not the one.
        self.is_next = with_name(key, |name| name == self.walk.name).unwrap_or(false);
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        if std::mem::take(&mut self.is_next) {
            self.walk.found(value);
        }
        Ok(())
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
