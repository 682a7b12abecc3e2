//! A build without the local front, started by hand.
#![cfg(not(feature = "local"))]

use std::process::Command;

#[test]
fn outside_lambda_it_says_what_is_missing_and_does_not_panic() {
    let output = Command::new(env!("CARGO_BIN_EXE_greeting-api"))
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("AWS_LAMBDA_RUNTIME_API"), "{said}");
    assert!(said.contains("feature `local`"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
