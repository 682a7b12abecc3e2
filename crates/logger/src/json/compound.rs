//! Arrays and objects.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{
    name::{NoName, with_name},
    raw::Raw,
    writer::{Bracket, Stop, Writer},
};

/// Stands for the members of an object whose key is no text.
pub(super) const NO_NAME: &str = "[key]";

/// What the brackets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    /// Inside the object that names the variant.
    Variant,
    /// No brackets: JSON text that stands for its value.
    Raw,
    /// No brackets: the digits of a number.
    Number,
}

/// How far the present member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    None,
    Named,
    Hidden,
    Dropped,
    /// The one field of raw JSON or of a number is written.
    Done,
}

/// An array or an object that is being written.
#[derive(Debug)]
pub(crate) struct Compound<'w, 'a> {
    writer: &'w mut Writer<'a>,
    shape: Shape,
    member: Member,
    has_mark: bool,
}

/// Writes a value inside another one, or the mark in its place.
#[inline]
pub(super) fn write<T>(writer: &mut Writer<'_>, value: &T) -> Result<(), Stop>
where
    T: Serialize + ?Sized,
{
    match value.serialize(&mut *writer) {
        Ok(()) => Ok(()),
        Err(Stop) => writer.settle(),
    }
}

/// Writes a value as the member of this name.
#[inline]
pub(super) fn write_member<T>(writer: &mut Writer<'_>, name: &str, value: &T) -> Result<(), Stop>
where
    T: Serialize + ?Sized,
{
    writer.member(name)?;
    if writer.rules().hides(name) {
        writer.hidden()
    } else {
        write(writer, value)
    }
}

impl<'w, 'a> Compound<'w, 'a> {
    #[inline]
    pub(super) fn array(writer: &'w mut Writer<'a>) -> Result<Self, Stop> {
        writer.open(Bracket::Array)?;
        Ok(Self::new(writer, Shape::Plain))
    }

    #[inline]
    pub(super) fn object(writer: &'w mut Writer<'a>) -> Result<Self, Stop> {
        writer.open(Bracket::Object)?;
        Ok(Self::new(writer, Shape::Plain))
    }

    /// An array or object as the one member of an object.
    pub(super) fn variant(
        writer: &'w mut Writer<'a>,
        name: &str,
        bracket: Bracket,
    ) -> Result<Self, Stop> {
        writer.open(Bracket::Object)?;
        writer.member(name)?;
        let content = if writer.rules().hides(name) {
            writer.hidden().and_then(|()| writer.skip())
        } else {
            writer.open(bracket)
        };
        if content.is_err() && writer.is_skipping() {
            writer.close();
        }
        content.map(|()| Self::new(writer, Shape::Variant))
    }

    pub(super) fn raw(writer: &'w mut Writer<'a>) -> Self {
        Self::new(writer, Shape::Raw)
    }

    pub(super) fn number(writer: &'w mut Writer<'a>) -> Self {
        Self::new(writer, Shape::Number)
    }

    fn new(writer: &'w mut Writer<'a>, shape: Shape) -> Self {
        Self {
            writer,
            shape,
            member: Member::None,
            has_mark: false,
        }
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.writer.going()?;
        self.writer.element();
        write(self.writer, value)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Stop> {
        self.writer.going()?;
        match self.shape {
            Shape::Plain | Shape::Variant => write_member(self.writer, name, value),
            Shape::Raw | Shape::Number => self.unwrap(value),
        }
    }

    /// Writes what the text of this only field stands for.
    #[cold]
    fn unwrap<T: Serialize + ?Sized>(&mut self, text: &T) -> Result<(), Stop> {
        if self.member != Member::None {
            return self.writer.fail();
        }
        self.member = Member::Done;
        let writer = &mut *self.writer;
        let written = if self.shape == Shape::Raw {
            with_name(text, |json| write(writer, &Raw::new(json)))
        } else {
            with_name(text, |digits| {
                if !is_number(digits) {
                    return writer.fail();
                }
                writer.scalar(|out| out.extend_from_slice(digits.as_bytes()))
            })
        };
        written.unwrap_or_else(|_| self.writer.fail())
    }

    #[inline]
    fn name<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Stop> {
        self.writer.going()?;
        if self.member != Member::None {
            return self.writer.fail();
        }
        let writer = &mut *self.writer;
        let named = with_name(key, |name| {
            writer.member(name)?;
            Ok(writer.rules().hides(name))
        });
        self.member = match named {
            Ok(Ok(false)) => Member::Named,
            Ok(Ok(true)) => Member::Hidden,
            Ok(Err(Stop)) => return Err(Stop),
            Err(NoName::NotText) => Member::Dropped,
            Err(NoName::Failed) => return self.writer.fail(),
        };
        Ok(())
    }

    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.writer.going()?;
        match std::mem::replace(&mut self.member, Member::None) {
            Member::Named => write(self.writer, value),
            Member::Hidden => self.writer.hidden(),
            Member::Dropped => self.dropped(),
            Member::None | Member::Done => self.writer.fail(),
        }
    }

    /// Without its name nobody knows whether the value has to be hidden.
    #[cold]
    fn dropped(&mut self) -> Result<(), Stop> {
        if self.has_mark {
            return self.writer.charge();
        }
        self.has_mark = true;
        self.writer.member(NO_NAME)?;
        write(self.writer, &true)
    }

    #[inline]
    fn close(self) -> Result<(), Stop> {
        self.writer.going()?;
        match (self.shape, self.member) {
            (Shape::Plain, Member::None) => self.writer.close(),
            (Shape::Variant, Member::None) => {
                self.writer.close();
                self.writer.close();
            }
            (Shape::Raw | Shape::Number, Member::Done) => {}
            _ => return self.writer.fail(),
        }
        Ok(())
    }
}

/// Whether it is a number by JSON's grammar, without anything around it.
fn is_number(text: &str) -> bool {
    let digits_only = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit());
    digits_only && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

impl SerializeSeq for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

impl SerializeTuple for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

impl SerializeTupleStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

impl SerializeTupleVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.name(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

impl SerializeStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        self.field(name, value)
    }

    #[inline]
    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

impl SerializeStructVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Stop>
    where
        T: Serialize + ?Sized,
    {
        self.field(name, value)
    }

    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}
