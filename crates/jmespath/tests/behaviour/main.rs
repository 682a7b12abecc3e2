//! One test for each sentence of the docs.

mod errors;
mod expressions;
mod functions;
mod named_envelopes;
mod powertools_functions;

use std::{borrow::Cow, error::Error as _, io::Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use powertools_jmespath::{
    ArgumentType, Error, ErrorKind, Expression, Functions, Signature, envelopes,
};
use serde_json::{Value, json};

fn search(text: &str, data: &Value) -> Result<Value, Error> {
    let expression = Expression::new(text)?;
    expression.search(data).map(Cow::into_owned)
}

fn code(text: &str, data: &Value) -> &'static str {
    match search(text, data) {
        Ok(found) => panic!("{text} found {found}"),
        Err(error) => error.code(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(compressed: &[u8]) -> Result<Value, Error> {
    let data = json!(STANDARD.encode(compressed));
    search("powertools_base64_gzip(@)", &data)
}
