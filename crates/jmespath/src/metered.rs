//! Takes steps for each value while it is built out of JSON text, so that a text whose value is
//! too large is refused before the value is there. The value builds itself, with whatever
//! features of serde_json the program has switched on.

use std::fmt;

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::Value;

use crate::steps::{NAME, ROOM_OF_LIST, ROOM_OF_OBJECT, Steps};

/// The value of a text whose letters are paid for. An error of serde_json's category `Data` is one
/// of the steps.
pub(crate) fn value<'de, D: Deserializer<'de>>(inner: D, steps: &Steps) -> Result<Value, D::Error> {
    Value::deserialize(Metered { inner, steps })
}

struct Metered<'s, T> {
    inner: T,
    steps: &'s Steps,
}

fn take<E: Error>(steps: &Steps, count: usize) -> Result<(), E> {
    steps.take(count).map_err(E::custom)
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Metered<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        take(self.steps, 1)?;
        self.inner.deserialize_any(Metered {
            inner: visitor,
            steps: self.steps,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Metered<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Metered {
            inner,
            steps: self.steps,
        })
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Metered<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.inner.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.inner.visit_u64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.inner.visit_f64(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.inner.visit_str(text)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        self.inner.visit_string(text)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Parts {
            inner: items,
            steps: self.steps,
            room: ROOM_OF_LIST,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Parts {
            inner: members,
            steps: self.steps,
            room: ROOM_OF_OBJECT,
        })
    }
}

struct Parts<'s, A> {
    inner: A,
    steps: &'s Steps,
    /// What the first part costs more than others.
    room: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Parts<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let item = self.inner.next_element_seed(Metered {
            inner: seed,
            steps: self.steps,
        })?;
        if item.is_some() {
            take(self.steps, std::mem::take(&mut self.room))?;
        }
        Ok(item)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parts<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let name = self.inner.next_key_seed(seed)?;
        if name.is_some() {
            take(self.steps, NAME + std::mem::take(&mut self.room))?;
        }
        Ok(name)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.next_value_seed(Metered {
            inner: seed,
            steps: self.steps,
        })
    }
}
