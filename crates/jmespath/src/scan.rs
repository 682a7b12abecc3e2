//! Bounds the work of the parser before it starts: it descends without limit, and a stack that
//! overflows takes the process with it.

use crate::{
    error::{Error, Kind},
    limits::{MAX_DEPTH, MAX_LENGTH},
};

/// What stands between two brackets. Every operator in one of its parts, which commas divide, may
/// stand above every other one in the tree; so may what the part's own brackets hold.
#[derive(Debug, Default)]
struct Group {
    closed_by: u8,
    operators: usize,
    inner: usize,
    deepest_part: usize,
}

impl Group {
    fn end_part(&mut self) {
        self.deepest_part = self.deepest_part.max(self.operators + self.inner);
        self.operators = 0;
        self.inner = 0;
    }

    /// The group around, with this one in it.
    fn close(mut self, mut around: Self) -> Self {
        self.end_part();
        around.operators += 1;
        around.inner = around.inner.max(self.deepest_part);
        around
    }
}

pub(crate) fn check(text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::from(Kind::EmptyExpression));
    }
    if text.len() > MAX_LENGTH {
        return Err(Error::from(Kind::TooLong { limit: MAX_LENGTH }));
    }
    if depth(text.as_bytes())? > MAX_DEPTH {
        return Err(Error::from(Kind::TooDeep { limit: MAX_DEPTH }));
    }
    Ok(())
}

/// At least the depth of the tree that the parser will build, but for a constant factor.
fn depth(text: &[u8]) -> Result<usize, Error> {
    let mut outer: Vec<Group> = Vec::new();
    let mut group = Group::default();
    let mut position = 0;
    while let Some(&byte) = text.get(position) {
        match byte {
            b'\'' | b'"' | b'`' => position = end_of_quoted(text, position),
            b'(' | b'[' | b'{' => {
                let closed_by = match byte {
                    b'(' => b')',
                    b'[' => b']',
                    _ => b'}',
                };
                let inner = Group {
                    closed_by,
                    ..Group::default()
                };
                outer.push(std::mem::replace(&mut group, inner));
            }
            b')' | b']' | b'}' => {
                if group.closed_by != byte {
                    return Err(Error::from(Kind::Syntax { position }));
                }
                // Only the outermost group, which nothing closes, has none around it
                group = group.close(outer.pop().unwrap_or_default());
            }
            b',' => group.end_part(),
            // Part of the projection or the index that the bracket has counted
            b'.' if position > 0 && text[position - 1] == b']' => {}
            b'.' | b'|' | b'&' | b'!' | b'=' | b'<' | b'>' | b'*' => {
                group.operators += 1;
                position += length_of_operator(&text[position..]) - 1;
            }
            _ => {}
        }
        position += 1;
    }
    // What is left open is an error of the parser, but only after it has descended
    while let Some(around) = outer.pop() {
        group = group.close(around);
    }
    group.end_part();
    Ok(group.deepest_part)
}

fn length_of_operator(text: &[u8]) -> usize {
    match text {
        [b'|', b'|', ..] | [b'&', b'&', ..] | [b'=' | b'!' | b'<' | b'>', b'=', ..] => 2,
        _ => 1,
    }
}

/// The position of the closing quote, or the end of the text.
fn end_of_quoted(text: &[u8], start: usize) -> usize {
    let quote = text[start];
    let mut position = start + 1;
    while let Some(&byte) = text.get(position) {
        match byte {
            b'\\' => position += 1,
            _ if byte == quote => return position,
            _ => {}
        }
        position += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_what_stands_in_one_another() {
        for (text, expected) in [
            ("a", 0),
            ("a.b.c", 2),
            ("a || b && c == d", 3),
            ("a<=b", 1),
            ("!!a", 2),
            // The brackets of one part do not stand in one another, its operators may
            ("a[0]", 1),
            ("a[0][0]", 2),
            ("a[*].b[*].c", 3),
            ("[a.b, c.d]", 2),
            ("[a.b, c.d.e.f]", 4),
            ("{a: b.c, d: [e.f]}", 3),
            ("(((a)))", 3),
            ("f(a.b.c).d", 4),
            ("a[0].b[1].c", 2),
            // Nothing counts inside of quotes
            ("'((('", 0),
            (r"'\'((('", 0),
            (r#""[[\"[".a"#, 1),
            ("`[[[1]]]`", 0),
            // The parser descends into what nobody closes
            ("(((", 3),
            ("a.b.(c.d.(", 6),
            ("(a.b.c.d) | (", 6),
        ] {
            assert_eq!(depth(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn open_quotes_end_with_the_text() {
        for text in ["'", "'a", r"'a\", "\"(", "a.`"] {
            assert!(depth(text.as_bytes()).is_ok(), "{text}");
        }
    }
}
