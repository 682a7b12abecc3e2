//! JSON for human eyes.

/// Indents JSON by four spaces, as Python's `json.dumps(…, indent=4)` does. The input is
/// valid JSON without spaces between its tokens.
pub(crate) fn pretty(out: &mut Vec<u8>, json: &[u8]) {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // The escaped character ends no string.
            b'\\' if in_string => {
                out.push(byte);
                out.extend(bytes.next());
            }
            b'"' => {
                in_string = !in_string;
                out.push(byte);
            }
            _ if in_string => out.push(byte),
            b'{' | b'[' => {
                out.push(byte);
                if let Some(close) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
    }
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 4 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::json::zoo;

    fn indented(json: &str) -> String {
        let mut out = Vec::new();
        pretty(&mut out, json.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_layout_is_that_of_python() {
        assert_eq!(
            indented(r#"{"a":1,"b":[1,{"c":null}],"d":{},"e":[],"f":[[]]}"#),
            r#"{
    "a": 1,
    "b": [
        1,
        {
            "c": null
        }
    ],
    "d": {},
    "e": [],
    "f": [
        []
    ]
}"#
        );
        assert_eq!(indented("{}"), "{}");
        assert_eq!(indented("[true]"), "[\n    true\n]");
    }

    #[test]
    fn brackets_and_quotes_inside_strings_stay() {
        assert_eq!(indented(r#"{"a\"":1}"#), "{\n    \"a\\\"\": 1\n}");
        assert_eq!(indented(r#""a:[1,{\"\\""#), r#""a:[1,{\"\\""#);
        assert_eq!(
            indented(r#"["\\",":,"]"#),
            "[\n    \"\\\\\",\n    \":,\"\n]"
        );
    }

    proptest! {
        #[test]
        fn what_is_indented_means_the_same(value in zoo::any_value()) {
            let json = value.to_string();
            let text = indented(&json);
            let read = |json| serde_json::from_str::<Value>(json).unwrap();
            prop_assert_eq!(read(&text), read(&json));
            let by_serde = {
                let mut out = Vec::new();
                let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
                let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
                serde::Serialize::serialize(&value, &mut serializer).unwrap();
                String::from_utf8(out).unwrap()
            };
            prop_assert_eq!(text, by_serde);
        }
    }
}
