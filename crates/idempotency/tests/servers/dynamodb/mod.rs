//! `DynamoDbStore`: the suite, what goes over the wire, faults of the network and of the service,
//! and rows that others have written.

mod agreement;
pub(crate) mod bed;
mod config;
mod errors;
mod faults;
mod requests;
mod rows;
mod suite;

use std::time::Duration;

use testbed::process::Test;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        Test::new("store_conforms", suite::default)
            .multi_thread()
            .within(Duration::from_secs(120)),
        Test::new(
            "store_conforms_in_a_table_with_a_sort_key",
            suite::composite,
        )
        .within(Duration::from_secs(120)),
        Test::new("store_conforms_with_reserved_names", suite::reserved)
            .within(Duration::from_secs(120)),
        Test::new(
            "store_conforms_with_reserved_names_and_a_sort_key",
            suite::reserved_composite,
        )
        .within(Duration::from_secs(120)),
    ];
    tests.extend(requests::tests());
    tests.extend(errors::tests());
    tests.extend(faults::tests());
    tests.extend(rows::tests());
    tests.extend(config::tests());
    tests.push(
        Test::new("server_and_may_replace_agree", agreement::agree)
            .within(Duration::from_secs(120)),
    );
    tests
}
