//! Records that are shared with Powertools for Python: the real library, in a process of its own.

mod function;
mod library;
mod place;
mod replays;
mod running;
mod unlike;

use testbed::process::Test;

use place::{Keys, SortedTable, Table};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = replays::tests::<Table>("a_table");
    tests.extend(replays::tests::<SortedTable>("a_table_with_a_sort_key"));
    tests.extend(replays::tests::<Keys>("redis"));
    tests.extend(running::tests::<Table>("a_table"));
    tests.extend(running::tests::<Keys>("redis"));
    tests.extend(unlike::tests());
    tests
}
