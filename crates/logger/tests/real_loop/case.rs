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
        LEVELS
            .into_iter()
            .find(|level| level.to_string() == word)
            .ok_or(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answers,
    Fails,
    PanicsInCall,
    PanicsInPoll,
    IsDropped,
}

const ENDS: [End; 5] = [
    End::Answers,
    End::Fails,
    End::PanicsInCall,
    End::PanicsInPoll,
    End::IsDropped,
];

/// The answer in place of a dropped call's.
pub(crate) const DROPPED: &str = "dropped";

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

    /// The request id, which the function must find on each of its lines.
    pub(crate) fn id(self) -> String {
        format!("r-{}", self.number)
    }

    /// The case with this request id.
    ///
    /// # Panics
    ///
    /// There is none.
    pub(crate) fn of_id(id: &str) -> Self {
        let number = id.strip_prefix("r-").and_then(|number| number.parse().ok());
        Self::numbered(number.expect("the request id of a case"))
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

    /// Whether the handler meets the others at the barrier. One that panics in `call`
    /// cannot wait; a streamed body that is dropped is dropped before its first frame.
    pub(crate) fn waits(self, level: Level) -> bool {
        match self.end {
            End::PanicsInCall => false,
            End::IsDropped => level != Level::Stream,
            End::Answers | End::Fails | End::PanicsInPoll => true,
        }
    }
}
