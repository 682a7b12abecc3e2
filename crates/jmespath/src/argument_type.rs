use std::fmt;

use serde_json::Value;

/// What a parameter of a function takes: one type or several.
///
/// ```
/// use powertools_jmespath::ArgumentType;
///
/// let text_or_nothing = ArgumentType::STRING.or(ArgumentType::NULL);
/// assert_eq!(text_or_nothing.to_string(), "null or string");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArgumentType(u8);

impl ArgumentType {
    /// `null`, also what a missing member gives.
    pub const NULL: Self = Self(1);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(1 << 1);
    /// A number.
    pub const NUMBER: Self = Self(1 << 2);
    /// Text.
    pub const STRING: Self = Self(1 << 3);
    /// A list of anything.
    pub const ARRAY: Self = Self(1 << 4);
    /// An object.
    pub const OBJECT: Self = Self(1 << 5);
    /// A list of numbers, also an empty one.
    pub const ARRAY_OF_NUMBERS: Self = Self(1 << 6);
    /// A list of texts, also an empty one.
    pub const ARRAY_OF_STRINGS: Self = Self(1 << 7);
    /// Everything.
    pub const ANY: Self = Self(0b11_1111);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::NULL, "null"),
        (Self::BOOLEAN, "boolean"),
        (Self::NUMBER, "number"),
        (Self::STRING, "string"),
        (Self::ARRAY, "array"),
        (Self::OBJECT, "object"),
        (Self::ARRAY_OF_NUMBERS, "array of numbers"),
        (Self::ARRAY_OF_STRINGS, "array of strings"),
    ];

    /// Takes what either of the two takes.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn includes(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// How many items of the value `accepts` looks at, at most.
    pub(crate) fn items_to_check(self, value: &Value) -> usize {
        match value {
            Value::Array(items) if !self.includes(Self::ARRAY) => items.len(),
            _ => 0,
        }
    }

    pub(crate) fn accepts(self, value: &Value) -> bool {
        match value {
            Value::Null => self.includes(Self::NULL),
            Value::Bool(_) => self.includes(Self::BOOLEAN),
            Value::Number(_) => self.includes(Self::NUMBER),
            Value::String(_) => self.includes(Self::STRING),
            Value::Object(_) => self.includes(Self::OBJECT),
            Value::Array(items) => {
                self.includes(Self::ARRAY)
                    || self.includes(Self::ARRAY_OF_NUMBERS) && items.iter().all(Value::is_number)
                    || self.includes(Self::ARRAY_OF_STRINGS) && items.iter().all(Value::is_string)
            }
        }
    }
}

impl fmt::Display for ArgumentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("anything");
        }
        let names = Self::NAMES.iter().filter(|(one, _)| self.includes(*one));
        for (index, (_, name)) in names.enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}
