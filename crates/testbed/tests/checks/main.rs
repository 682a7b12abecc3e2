//! The checks: every rule refuses a text that breaks it and nothing else, and what is good
//! passes and is read as it was meant.

mod emf;
mod emf_cases;
mod emf_line;
mod emf_output;
mod emf_property;
mod emf_value_cases;
mod lines;
mod trace;
mod trace_cases;
mod trace_document;
mod traces;
mod tree;

use testbed::check::{Rule, Violations};

/// A case of a table: what it says, the rule that it breaks, and whether just that one broke.
type Case<R> = (&'static str, R, Vec<R>);

/// Each case breaks exactly its rule, and no rule is without a case.
fn assert_each_rule_is_broken_alone<R: Rule>(cases: &[Case<R>], elsewhere: &[R]) {
    for (name, rule, broken) in cases {
        assert_eq!(broken, &[*rule], "{name}");
    }
    for rule in R::ALL {
        let tested = cases.iter().any(|(_, tested, _)| tested == rule);
        assert!(
            tested || elsewhere.contains(rule),
            "no case breaks {rule:?}"
        );
    }
}

/// The rules that a check found broken, one for each violation.
fn broken<T, R: Rule>(result: Result<T, Violations<R>>) -> Vec<R> {
    result.map_or_else(|violations| violations.rules(), |_| Vec::new())
}
