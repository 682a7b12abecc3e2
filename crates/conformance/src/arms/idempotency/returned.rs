//! What handlers return: one type for each way in which Python serializes a result.

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, Deserializer},
    ser::{Error as _, SerializeMap, Serializer},
};
use serde_json::{Value, json};

use super::outcome::Outcome;
use crate::{arm::Refusal, json::Json};

/// A type of results.
pub(super) trait Returned: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// The result of a handler that ends so.
    fn of(outcome: &Outcome) -> Result<Self, Refusal>;

    /// The value.
    fn shown(&self) -> Json;

    /// Whether it is the model of the case.
    fn is_model(&self) -> bool;

    /// `{"replayed": …}` around it.
    fn replayed(self) -> Result<Self, Refusal>;
}

fn none(what: &str) -> Refusal {
    Refusal::NoCounterpart(what.to_owned())
}

/// Any JSON, or what cannot be serialized.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    value: Option<Value>,
    is_model: bool,
}

impl Returned for Plain {
    fn of(outcome: &Outcome) -> Result<Self, Refusal> {
        let value = |value: &Json| {
            let value = value.to_value();
            value.ok_or_else(|| none("a result that no value holds"))
        };
        let is_model = matches!(outcome, Outcome::Model(_));
        let value = match outcome {
            Outcome::Return(result) | Outcome::Model(result) => Some(value(result)?),
            Outcome::Decimal(digits) => Some(json!({ "d": digits })),
            _ => None,
        };
        Ok(Self { value, is_model })
    }

    fn shown(&self) -> Json {
        self.value.as_ref().map_or(Json::Null, Json::from)
    }

    fn is_model(&self) -> bool {
        self.is_model
    }

    fn replayed(self) -> Result<Self, Refusal> {
        let value = Some(json!({ "replayed": self.value }));
        let is_model = false;
        Ok(Self { value, is_model })
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Some(value) => value.serialize(serializer),
            None => Err(S::Error::custom("it has no JSON")),
        }
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Some(Value::deserialize(deserializer)?);
        let is_model = false;
        Ok(Self { value, is_model })
    }
}

/// The model itself: a dataclass, or a model of pydantic.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Typed(Option<Order>);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    oid: String,
    total: i64,
}

impl Order {
    fn read(model: &Json) -> Result<Self, Refusal> {
        let value = model.to_value();
        let order = value.and_then(|value| serde_json::from_value(value).ok());
        order.ok_or_else(|| none("a model of another form"))
    }
}

impl Returned for Typed {
    fn of(outcome: &Outcome) -> Result<Self, Refusal> {
        match outcome {
            Outcome::Model(model) => Ok(Self(Some(Order::read(model)?))),
            Outcome::Return(Json::Null) => Ok(Self(None)),
            _ => Err(none("a result that is not of the handler's type")),
        }
    }

    fn shown(&self) -> Json {
        let value = serde_json::to_value(self).unwrap_or_default();
        Json::from(&value)
    }

    fn is_model(&self) -> bool {
        self.0.is_some()
    }

    fn replayed(self) -> Result<Self, Refusal> {
        Err(none("a hook that gives another type"))
    }
}

/// A pair of functions: `{"wrapped": oid}` is written, and `{"unwrapped": oid}` read.
#[derive(Debug, Clone)]
pub(super) enum Custom {
    None,
    Model(Order),
    Unwrapped(Value),
}

impl Returned for Custom {
    fn of(outcome: &Outcome) -> Result<Self, Refusal> {
        match outcome {
            Outcome::Model(model) => Order::read(model).map(Self::Model),
            Outcome::Return(Json::Null) => Ok(Self::None),
            _ => Err(none("a result that is not of the handler's type")),
        }
    }

    fn shown(&self) -> Json {
        match self {
            Self::None => Json::Null,
            Self::Model(order) => Typed(Some(order.clone())).shown(),
            Self::Unwrapped(value) => Json::object([("unwrapped", Json::from(value))]),
        }
    }

    fn is_model(&self) -> bool {
        matches!(self, Self::Model(_))
    }

    fn replayed(self) -> Result<Self, Refusal> {
        Err(none("a hook that gives another type"))
    }
}

impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::None => return serializer.serialize_none(),
            _ => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::Unwrapped(value) => map.serialize_entry("wrapped", value)?,
            Self::Model(order) => map.serialize_entry("wrapped", &order.oid)?,
            Self::None => {}
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            wrapped: Value,
        }
        let written = Option::<Written>::deserialize(deserializer)?;
        Ok(written.map_or(Self::None, |written| Self::Unwrapped(written.wrapped)))
    }
}
