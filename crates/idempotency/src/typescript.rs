//! What expressions do otherwise for keys of TypeScript.

use base64::{
    Engine as _, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use powertools_jmespath::{ArgumentType, Functions, Signature};
use serde_json::Value;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The functions of Powertools, with a `powertools_base64` that reads bytes that are no UTF-8 as
/// U+FFFD, where Python fails.
pub(crate) fn functions() -> Functions {
    let signature = Signature::new([ArgumentType::STRING]);
    Functions::powertools().with("powertools_base64", signature, |arguments| {
        let bytes = BASE64.decode(arguments[0].as_str().unwrap_or_default())?;
        Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use powertools_jmespath::Expression;
    use serde_json::json;

    use super::functions;

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_what_is_no_base64_fails() {
        let expression = Expression::with_functions("powertools_base64(b)", &functions());
        let expression = expression.expect("an expression");
        let read = |b: &str| {
            expression
                .search(&json!({ "b": b }))
                .map(|v| v.into_owned())
                .ok()
        };
        assert_eq!(read("//4="), Some(json!("\u{fffd}\u{fffd}")));
        assert_eq!(read("aMOpbGxv"), Some(json!("héllo")));
        assert_eq!(read("a"), None);
        assert_eq!(read("aGk"), None);
    }
}
