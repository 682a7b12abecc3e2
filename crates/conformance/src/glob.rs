//! Patterns with `*` and `?`, nothing more.

/// Whether `text` as a whole fits `pattern`: `*` stands for any characters, `?` for one.
#[must_use]
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut read) = (0, 0);
    // The last star, and what it has swallowed so far: the only place to come back to.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&c) if c == '?' || c == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((position, swallowed)) = star else {
                    return false;
                };
                star = Some((position, swallowed + 1));
                at = position + 1;
                read = swallowed + 1;
            }
        }
    }
    pattern[at..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_and_question_mark_match_the_whole_text() {
        for (pattern, text) in [
            ("jp-*", "jp-001"),
            ("*", ""),
            ("jp-00?", "jp-001"),
            ("*.buf_*", "logger.buf_flush"),
            ("a*b*c", "a-b-b-c"),
            ("?", "é"),
            ("**x", "yx"),
            ("", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("jp-*", "xjp-001"),
            ("jp-00?", "jp-0012"),
            ("jp-00?", "jp-00"),
            ("a*b", "abc"),
            ("?", ""),
            ("", "x"),
            ("a.c", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end_in_time() {
        let pattern = "*a".repeat(50) + "b";
        assert!(!matches(&pattern, &"a".repeat(5_000)));
    }
}
