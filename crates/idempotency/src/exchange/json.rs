use powertools_core::LayerError;
use serde::{Serialize, de::DeserializeOwned};

use super::Kept;
use crate::{
    IdempotencyError, IdempotencyErrorKind,
    canonical::{self, Dialect},
};

/// Writes an answer as Python does.
pub(crate) fn keep<Res: Serialize>(response: Res) -> Kept<Res> {
    match text(&response) {
        Ok(json) => Kept::Answer(response, json),
        Err(error) => Kept::Unstorable(error),
    }
}

pub(crate) fn text<Res: Serialize>(response: &Res) -> Result<String, IdempotencyError> {
    let mut json = Vec::with_capacity(64);
    canonical::write(response, Dialect::Python, &mut json).map_err(unstorable)?;
    String::from_utf8(json).map_err(|error| unstorable(error.utf8_error()))
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

/// The handler's error, or, if its record could not be finished, the layer's, as in the other
/// languages.
pub(crate) fn fail<Err>(
    error: Err,
    unfinished: Option<IdempotencyError>,
) -> LayerError<Err, IdempotencyError> {
    let Some(unfinished) = unfinished else {
        return LayerError::Inner(error);
    };
    tracing::warn!(
        target: "powertools::idempotency",
        error_type = std::any::type_name::<Err>(),
        "the handler failed and its record could not be finished: the error of the store takes \
         the place of its own"
    );
    LayerError::Layer(unfinished)
}
