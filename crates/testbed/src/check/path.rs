//! JSON pointers (RFC 6901).

/// `path` with one more step.
pub(crate) fn step(path: &str, token: &str) -> String {
    let token = token.replace('~', "~0").replace('/', "~1");
    format!("{path}/{token}")
}

/// `path` with the position in an array.
pub(crate) fn item(path: &str, position: usize) -> String {
    format!("{path}/{position}")
}

/// The steps of a pointer, unescaped.
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let rest = pointer.strip_prefix('/');
    rest.into_iter()
        .flat_map(|rest| rest.split('/'))
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
}
