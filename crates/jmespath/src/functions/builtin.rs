use std::borrow::Cow;

use serde_json::Value;

use crate::{
    argument_type::ArgumentType,
    decode,
    error::Error,
    functions::{
        arguments::{Arguments, text},
        lists, numbers, objects, texts,
    },
    partial,
    signature::Signature,
    steps::Steps,
};

/// A function of the specification or of Powertools, but for those that take an expression.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Builtin {
    Abs,
    Avg,
    Ceil,
    Contains,
    EndsWith,
    Floor,
    Join,
    Keys,
    Length,
    Max,
    Merge,
    Min,
    NotNull,
    Reverse,
    Sort,
    StartsWith,
    Sum,
    ToArray,
    ToNumber,
    ToString,
    Type,
    Values,
    PowertoolsJson,
    PowertoolsBase64,
    PowertoolsBase64Gzip { max_inflated: usize },
}

impl Builtin {
    pub(crate) fn standard(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "avg" => Self::Avg,
            "ceil" => Self::Ceil,
            "contains" => Self::Contains,
            "ends_with" => Self::EndsWith,
            "floor" => Self::Floor,
            "join" => Self::Join,
            "keys" => Self::Keys,
            "length" => Self::Length,
            "max" => Self::Max,
            "merge" => Self::Merge,
            "min" => Self::Min,
            "not_null" => Self::NotNull,
            "reverse" => Self::Reverse,
            "sort" => Self::Sort,
            "starts_with" => Self::StartsWith,
            "sum" => Self::Sum,
            "to_array" => Self::ToArray,
            "to_number" => Self::ToNumber,
            "to_string" => Self::ToString,
            "type" => Self::Type,
            "values" => Self::Values,
            _ => return None,
        })
    }

    pub(crate) fn powertools(name: &str, max_inflated: usize) -> Option<Self> {
        match name {
            "powertools_json" => Some(Self::PowertoolsJson),
            "powertools_base64" => Some(Self::PowertoolsBase64),
            "powertools_base64_gzip" => Some(Self::PowertoolsBase64Gzip { max_inflated }),
            _ => None,
        }
    }

    pub(crate) fn signature(self) -> Signature {
        use ArgumentType as T;
        const STRING_OR_ARRAY: ArgumentType = T::STRING.or(T::ARRAY);
        const SIZED: ArgumentType = STRING_OR_ARRAY.or(T::OBJECT);
        const SORTABLE: ArgumentType = T::ARRAY_OF_NUMBERS.or(T::ARRAY_OF_STRINGS);
        match self {
            Self::Abs | Self::Ceil | Self::Floor => Signature::fixed(&[T::NUMBER]),
            Self::Avg | Self::Sum => Signature::fixed(&[T::ARRAY_OF_NUMBERS]),
            Self::Contains => Signature::fixed(&[STRING_OR_ARRAY, T::ANY]),
            Self::EndsWith | Self::StartsWith => Signature::fixed(&[T::STRING, T::STRING]),
            Self::Join => Signature::fixed(&[T::STRING, T::ARRAY_OF_STRINGS]),
            Self::Keys | Self::Values => Signature::fixed(&[T::OBJECT]),
            Self::Length => Signature::fixed(&[SIZED]),
            Self::Max | Self::Min | Self::Sort => Signature::fixed(&[SORTABLE]),
            Self::Merge => Signature::repeated(&[T::OBJECT]),
            Self::NotNull => Signature::repeated(&[T::ANY]),
            Self::Reverse => Signature::fixed(&[STRING_OR_ARRAY]),
            Self::ToArray | Self::ToNumber | Self::ToString | Self::Type => {
                Signature::fixed(&[T::ANY])
            }
            Self::PowertoolsJson | Self::PowertoolsBase64 | Self::PowertoolsBase64Gzip { .. } => {
                Signature::fixed(&[T::STRING])
            }
        }
    }

    pub(crate) fn call<'v>(
        self,
        arguments: Arguments<'_, 'v>,
        steps: &Steps,
    ) -> Result<Cow<'v, Value>, Error> {
        match self {
            Self::Abs => numbers::abs(arguments),
            Self::Avg => numbers::avg(arguments, steps),
            Self::Ceil => numbers::ceil(arguments),
            Self::Contains => lists::contains(arguments, steps),
            Self::EndsWith => texts::ends_with(arguments, steps),
            Self::Floor => numbers::floor(arguments),
            Self::Join => texts::join(arguments, steps),
            Self::Keys => objects::keys(arguments, steps),
            Self::Length => lists::length(arguments, steps),
            Self::Max => lists::max(arguments, steps),
            Self::Merge => objects::merge(arguments, steps),
            Self::Min => lists::min(arguments, steps),
            Self::NotNull => lists::not_null(arguments),
            Self::Reverse => lists::reverse(arguments, steps),
            Self::Sort => lists::sort(arguments, steps),
            Self::StartsWith => texts::starts_with(arguments, steps),
            Self::Sum => numbers::sum(arguments, steps),
            Self::ToArray => lists::to_array(arguments, steps),
            Self::ToNumber => numbers::to_number(arguments, steps),
            Self::ToString => texts::to_string(arguments, steps),
            Self::Type => texts::type_of(arguments),
            Self::Values => objects::values(arguments, steps),
            Self::PowertoolsJson => partial::read(text(arguments, 0), &[], steps).map(Cow::Owned),
            Self::PowertoolsBase64 => decode::base64(text(arguments, 0), steps).map(Cow::Owned),
            Self::PowertoolsBase64Gzip { max_inflated } => {
                decode::base64_gzip(text(arguments, 0), max_inflated, steps).map(Cow::Owned)
            }
        }
    }
}
