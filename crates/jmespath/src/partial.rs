//! Reads JSON text, or one member out of it. The rest is only checked to be JSON then:
//! `powertools_json` and a few names is what most envelopes and keys are made of, and the tree
//! would be thrown away.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::{
    error::{Error, Kind},
    metered,
    steps::Steps,
};

/// What `fields` of the parsed text would be: null where there is no such member, and the whole if
/// there are no fields.
pub(crate) fn read(text: &str, fields: &[Box<str>], steps: &Steps) -> Result<Value, Error> {
    steps.take_text(text.len())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Fields {
        names: fields,
        steps,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value))
    .map_err(|error| json_error(&error, steps))
}

/// Only the position: the error's own text can hold parts of the data.
fn json_error(error: &serde_json::Error, steps: &Steps) -> Error {
    // Any JSON is a value: that data does not fit is never said by anything but the steps
    if error.is_data() {
        return steps.exceeded();
    }
    Error::from(Kind::Json {
        line: error.line(),
        column: error.column(),
    })
}

struct Fields<'f> {
    names: &'f [Box<str>],
    steps: &'f Steps,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.names.is_empty() {
            metered::value(deserializer, self.steps)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some((name, rest)) = self.names.split_first() else {
            return Ok(Value::Null);
        };
        let mut found = Value::Null;
        // The last one wins, as in a tree
        while let Some(matches) = map.next_key_seed(Name(name))? {
            if matches {
                found = map.next_value_seed(Fields {
                    names: rest,
                    steps: self.steps,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Whether a member's name is the wanted one.
struct Name<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}
