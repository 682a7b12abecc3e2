/// The text with `null` for every NaN, Infinity and -Infinity outside of its strings.
#[must_use]
pub fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let Some(next) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"]
            .into_iter()
            .find(|word| !in_string && rest.starts_with(word));
        if let Some(word) = word {
            out.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        let escapes = in_string && next == '\\';
        in_string ^= next == '"';
        let taken: usize = rest
            .chars()
            .take(1 + usize::from(escapes))
            .map(char::len_utf8)
            .sum();
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_outside_of_strings_are_replaced() {
        for (text, expected) in [
            ("NaN", "null"),
            (
                r#"{"a":NaN,"b":[-Infinity, Infinity]}"#,
                r#"{"a":null,"b":[null, null]}"#,
            ),
            (r#"{"NaN":"\"Infinity\\"}"#, r#"{"NaN":"\"Infinity\\"}"#),
            (r#"["é\\",NaN]"#, r#"["é\\",null]"#),
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(without_nan(text), expected);
        }
    }
}
