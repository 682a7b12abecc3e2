//! What the front says itself.

use std::io::{self, Write as _};

/// Says something on standard error, in one write. If that is closed there is
/// nobody to tell.
pub(crate) fn say(text: &str) {
    let _ = io::stderr()
        .lock()
        .write_all(format!("{text}\n").as_bytes());
}
