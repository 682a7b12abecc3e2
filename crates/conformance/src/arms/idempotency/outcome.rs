use std::{error::Error, fmt};

use crate::{
    arm::Refusal,
    arms::common::members::{self, unknown},
    json::Json,
};

/// How a handler ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Return(Json),
    /// `{"d": …}` with a decimal, which as any type of decimals serializes as text.
    Decimal(String),
    /// A value whose `Serialize` fails.
    Unserializable,
    /// A model of the user.
    Model(Json),
    Raise(String),
    /// It ends without a word, as a process that is killed.
    Abort,
}

const MEMBERS: [&str; 5] = [
    "raise",
    "return",
    "return_decimal",
    "return_model",
    "return_unserializable",
];

impl Outcome {
    pub(super) fn read(outcome: &Json) -> Result<Self, Refusal> {
        let object = members::object(outcome, "`outcome`")?;
        members::known(object, &MEMBERS)?;
        let Some((name, value)) = object.iter().next().filter(|_| object.len() == 1) else {
            return Err(unknown("an outcome that is not one of its words"));
        };
        match (name, value) {
            ("return", value) => Ok(Self::Return(value.clone())),
            ("return_decimal", Json::Text(digits)) => Ok(Self::Decimal(digits.clone())),
            ("return_unserializable", Json::Bool(true)) => Ok(Self::Unserializable),
            ("return_model", Json::Object(_)) => Ok(Self::Model(value.clone())),
            ("raise", Json::Text(text)) if text == "BaseException" => Ok(Self::Abort),
            ("raise", Json::Text(text)) => Ok(Self::Raise(text.clone())),
            _ => Err(unknown(format!("`{name}` of this form"))),
        }
    }
}

/// The error of a handler, or of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Boom {
    message: String,
    aborted: bool,
}

impl Boom {
    pub(super) fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            message,
            aborted: false,
        }
    }

    /// What stands for the end of a call that was aborted.
    pub(super) fn aborted() -> Self {
        Self {
            message: "BaseException".to_owned(),
            aborted: true,
        }
    }

    pub(super) fn class(&self) -> &'static str {
        match self.aborted {
            true => "BaseBoom",
            false => "Boom",
        }
    }
}

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Boom {}
