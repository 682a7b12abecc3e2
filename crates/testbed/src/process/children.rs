//! Which children this process has, as Linux tells; nothing is seen elsewhere.

use std::fs;

/// What `/proc` says of each child that has not ended.
pub(super) fn alive() -> Vec<String> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let children = threads.flatten().filter_map(|thread| {
        // A thread may end while we look.
        fs::read_to_string(thread.path().join("children")).ok()
    });
    let stats = children.flat_map(|children| {
        let stat = |child: &str| fs::read_to_string(format!("/proc/{child}/stat")).ok();
        children
            .split_whitespace()
            .filter_map(stat)
            .collect::<Vec<_>>()
    });
    // The state comes after the name, which is in parentheses.
    let ended = |stat: &String| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'))
    };
    stats.filter(|stat| !ended(stat)).collect()
}
