use serde::{Serialize, de::DeserializeOwned};

use super::Kept;
use crate::{
    IdempotencyError, IdempotencyErrorKind,
    canonical::{self, Dialect},
};

/// Writes an answer as Python does.
pub(crate) fn keep<Res: Serialize>(response: Res) -> Kept<Res> {
    let mut json = Vec::with_capacity(64);
    let written = canonical::write(&response, Dialect::Python, &mut json);
    match written.map(|()| String::from_utf8(json)) {
        Ok(Ok(json)) => Kept::Answer(response, json),
        Ok(Err(error)) => Kept::Unstorable(unstorable(error.utf8_error())),
        Err(error) => Kept::Unstorable(unstorable(error)),
    }
}

fn unstorable(error: impl std::error::Error + Send + Sync + 'static) -> IdempotencyError {
    IdempotencyError::from(IdempotencyErrorKind::Unstorable).with_source(error)
}

pub(crate) fn replay<Res: DeserializeOwned>(json: &str) -> Result<Res, IdempotencyError> {
    serde_json::from_str(json).map_err(|error| {
        // Its text may quote what it read.
        let place = Unreadable {
            line: error.line(),
            column: error.column(),
        };
        IdempotencyError::from(IdempotencyErrorKind::UnreadableAnswer).with_source(place)
    })
}

#[derive(Debug)]
struct Unreadable {
    line: usize,
    column: usize,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, column } = self;
        write!(f, "unexpected JSON at line {line}, column {column}")
    }
}

impl std::error::Error for Unreadable {}
