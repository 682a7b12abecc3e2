//! A good line with one change: refused if it breaks a limit, and still good if it does not.

use proptest::prelude::*;
use serde_json::{Value, json};
use testbed::check::emf::{EmfCheck, EmfRule, MetricKey, Samples};

use crate::{broken, emf_line::good};

const DIRECTIVE: &str = "/_aws/CloudWatchMetrics/0";

/// Expects just `rule`, and only if it is `broken`.
fn judged(line: &Value, rule: EmfRule, is_broken: bool) -> Result<(), TestCaseError> {
    let expected: &[EmfRule] = if is_broken { &[rule] } else { &[] };
    let found = broken(EmfCheck::new().check(&line.to_string()));
    prop_assert_eq!(found, expected, "{}", line);
    Ok(())
}

fn at<'a>(line: &'a mut Value, key: &str) -> &'a mut Value {
    let directive = line.pointer_mut(DIRECTIVE).unwrap();
    &mut directive[key]
}

proptest! {
    #[test]
    fn a_namespace_is_judged_by_its_characters(name in "[ -~äß]{1,30}") {
        let mut line = good();
        *at(&mut line, "Namespace") = json!(name);
        let allowed = |c: char| c.is_ascii_alphanumeric() || " .-_/#:".contains(c);
        let bad = !name.chars().all(allowed) || name.trim().is_empty() || name.starts_with(':');
        prop_assume!(!name.starts_with("AWS/"));
        judged(&line, EmfRule::NamespaceCharacters, bad)?;
    }

    #[test]
    fn an_array_is_judged_by_its_length(length in 1usize..200) {
        let mut line = good();
        line["orders"] = json!(vec![0.5; length]);
        judged(&line, EmfRule::ValueCount, length > 100)?;
    }

    #[test]
    fn a_number_is_judged_by_its_size(mantissa in -9.99f64..9.99, exponent in 0i32..300) {
        let value = mantissa * 10f64.powi(exponent);
        let mut line = good();
        line["orders"] = json!(value);
        judged(&line, EmfRule::ValueRange, value.abs() > 2f64.powi(360))?;
    }

    #[test]
    fn a_dimension_value_is_judged_by_its_type(value in prop_oneof![
        "[!-~]{1,50}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
    ]) {
        let mut line = good();
        let bad = !value.is_string();
        line["env"] = value;
        judged(&line, EmfRule::DimensionValue, bad)?;
    }

    #[test]
    fn a_unit_is_judged_by_its_spelling(unit in "(Kilo|Mega|Milli|)(Bytes|bits|seconds|Count)(/Second|)") {
        let mut line = good();
        at(&mut line, "Metrics")[0]["Unit"] = json!(unit);
        // Written out anew, not looked up in the table under test.
        let documented = [
            "Kilobytes", "Megabytes", "Bytes", "Kilobits", "Megabits", "Milliseconds", "Count",
            "Kilobytes/Second", "Megabytes/Second", "Bytes/Second", "Kilobits/Second",
            "Megabits/Second", "Count/Second",
        ];
        judged(&line, EmfRule::Unit, !documented.contains(&unit.as_str()))?;
    }

    #[test]
    fn a_line_cut_anywhere_is_refused(index in any::<prop::sample::Index>()) {
        let line = good().to_string();
        let position = index.index(line.len());
        prop_assert!(EmfCheck::new().check(&line[..position]).is_err());
    }

    #[test]
    fn what_goes_in_is_what_is_extracted(values in prop::collection::vec(-1e6f64..1e6, 1..300)) {
        let mut expected = Samples::new();
        let key = MetricKey::new("app", [("service", "pay")], "orders");
        let key = key.with_timestamp(1_700_000_000_500);
        let mut lines = Vec::new();
        for chunk in values.chunks(100) {
            let mut line = good();
            *at(&mut line, "Dimensions") = json!([["service"]]);
            *at(&mut line, "Metrics") = json!([{"Name": "orders"}]);
            line["orders"] = json!(chunk);
            lines.push(EmfCheck::new().assert(&line.to_string()));
            for value in chunk {
                expected.add(key.clone(), *value);
            }
        }
        prop_assert_eq!(lines.iter().rev().collect::<Samples>(), expected);
    }
}
