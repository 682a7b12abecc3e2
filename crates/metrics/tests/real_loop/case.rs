//! The invocations: which there are and how each ends.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

/// Where the layers are stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Event,
    Http,
    Stream,
}

const LEVELS: [Level; 3] = [Level::Event, Level::Http, Level::Stream];

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Level {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let mut levels = LEVELS.into_iter();
        levels.find(|level| level.to_string() == word).ok_or(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answers,
    Fails,
    Panics,
    IsDropped,
}

const ENDS: [End; 4] = [End::Answers, End::Fails, End::Panics, End::IsDropped];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) number: usize,
    pub(crate) end: End,
}

impl Case {
    pub(crate) const ALL: usize = 64;

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::ALL).map(Self::numbered)
    }

    pub(crate) fn numbered(number: usize) -> Self {
        Self {
            number,
            end: ENDS[number % ENDS.len()],
        }
    }

    /// Its tenant, which tells it apart before the payload is read.
    pub(crate) fn tenant(self) -> String {
        format!("t-{}", self.number)
    }

    /// The case of this tenant.
    pub(crate) fn of_tenant(id: &str) -> Self {
        let number = id.strip_prefix("t-").and_then(|number| number.parse().ok());
        Self::numbered(number.expect("the tenant of a case"))
    }

    /// What the function is sent: its number, as JSON or in the path.
    pub(crate) fn event(self, level: Level) -> Value {
        if level == Level::Event {
            return json!(self.number);
        }
        json!({
            "resource": "/{proxy+}",
            "path": format!("/case/{}", self.number),
            "httpMethod": "GET",
            "headers": {},
            "multiValueHeaders": {},
            "requestContext": { "stage": "$default", "httpMethod": "GET" },
            "body": null,
            "isBase64Encoded": false,
        })
    }

    /// How often it records its own number in the main set.
    pub(crate) fn values(self, level: Level) -> usize {
        match level {
            // One that is dropped sends no frame.
            Level::Stream if self.end == End::IsDropped => 1,
            _ => 3,
        }
    }

    pub(crate) fn is_fault(self) -> bool {
        self.end != End::Answers
    }

    /// The class of the answer's status, if it had one.
    pub(crate) fn status(self, level: Level) -> Option<&'static str> {
        match (level, self.end) {
            (Level::Stream, End::IsDropped) => None,
            (Level::Stream, _) | (_, End::Answers) => Some("2xx"),
            (_, End::Fails) => Some("5xx"),
            (_, End::Panics | End::IsDropped) => None,
        }
    }
}
