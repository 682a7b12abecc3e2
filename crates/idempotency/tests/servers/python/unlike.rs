//! What only our records hold.

use std::convert::Infallible;

use powertools_core::LayerError;
use powertools_idempotency::{IdempotencyErrorKind, TooLarge, idempotent};
use testbed::process::Test;

use super::{
    function::{Function, raw},
    library::{Library, Outcome},
    place::{Place, Table},
};

pub(crate) fn tests() -> [Test; 2] {
    [
        Test::new("kept_error_is_null_to_python", final_error),
        Test::new("omitted_answer_is_null_to_python", omitted),
    ]
}

const PAYLOAD: &str = r#"{"order": 1}"#;
const FUNCTION: Function = Function::FUNCTION;

async fn final_error() {
    let place = Table::new().await;
    let mut python = Library::with(&place);
    let builder = FUNCTION.ours(&place, place.host());
    let config = builder.final_errors(|_: &String| true).build_config();
    let config = config.unwrap();
    let mut runs = 0;
    for _ in 0..2 {
        let answer: Result<(), _> = idempotent(&config, &raw(PAYLOAD), || {
            runs += 1;
            async { Err("declined".to_owned()) }
        })
        .await;
        assert!(matches!(answer, Err(LayerError::Inner(error)) if error == "declined"));
        let replayed = python.call(FUNCTION, PAYLOAD, "2").await;
        assert_eq!(replayed, Outcome::replayed("null"));
    }
    assert_eq!(runs, 1);
}

async fn omitted() {
    let place = Table::new().await;
    let mut python = Library::with(&place);
    let builder = FUNCTION.ours(&place, place.host());
    let config = builder.too_large(TooLarge::OmitResponse).build_config();
    let config = config.unwrap();
    let large = "x".repeat(400 * 1024);
    let run = || async { Ok::<_, Infallible>(large.clone()) };
    let answer = idempotent(&config, &raw(PAYLOAD), run).await;
    assert!(answer.unwrap() == large);
    let replayed = python.call(FUNCTION, PAYLOAD, "2").await;
    assert_eq!(replayed, Outcome::replayed("null"));
    let told = idempotent(&config, &raw(PAYLOAD), run).await;
    assert!(matches!(&told, Err(LayerError::Layer(error))
            if error.kind() == IdempotencyErrorKind::ResponseOmitted));
}
