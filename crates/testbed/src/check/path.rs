//! JSON pointers (RFC 6901).

use std::fmt;

/// Where a reader stands. It is written out only if there is something to say about it.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Key(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => write!(f, "{parent}/{}", escaped(key)),
            Self::Item(parent, position) => write!(f, "{parent}/{position}"),
        }
    }
}

/// `path` with one more step.
pub(crate) fn step(path: &str, token: &str) -> String {
    format!("{path}/{}", escaped(token))
}

/// `path` with the position in an array.
pub(crate) fn item(path: &str, position: usize) -> String {
    format!("{path}/{position}")
}

/// The steps of a pointer, unescaped; `None` if it is no pointer.
pub(crate) fn tokens(pointer: &str) -> Option<impl Iterator<Item = String>> {
    let rest = pointer.strip_prefix('/');
    let unescaped = |token: &str| token.replace("~1", "/").replace("~0", "~");
    (pointer.is_empty() || rest.is_some()).then(|| {
        rest.into_iter()
            .flat_map(|rest| rest.split('/'))
            .map(unescaped)
    })
}

/// The position that a step means in an array: digits without a sign or a leading zero.
pub(crate) fn position(token: &str) -> Option<usize> {
    let position: usize = token.parse().ok()?;
    (position.to_string() == token).then_some(position)
}

fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
