//! The official compliance suite, which the `jmespath` package brings along.

use std::{fs, path::PathBuf, process::Command};

use powertools_jmespath::{ErrorKind, Expression};
use serde_json::Value;

/// As of jmespath 0.5.0.
const FILES: usize = 16;
const CASES: usize = 875;

/// Entries that are only to be parsed and that the specification itself refuses: the other
/// runners of the suite never look at them.
const REFUSED: &[(&str, ErrorKind)] = &[
    // A filter whose `?` was forgotten
    ("foo[bar > baz][qux > baz]", ErrorKind::Syntax),
    // `sum` takes one argument, which is checked when an expression is built
    (
        "sum(z, y, x, w, v, u, t, s, r, q, p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)",
        ErrorKind::Arity,
    ),
];

#[test]
fn whole_suite_passes() {
    let mut files: Vec<PathBuf> = fs::read_dir(suite())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    assert!(files.len() >= FILES, "only {} files", files.len());

    let mut cases = 0;
    let mut failures = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let groups: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        for group in groups.as_array().unwrap() {
            for case in group["cases"].as_array().unwrap() {
                cases += 1;
                if let Err(failure) = run(&group["given"], case) {
                    failures.push(format!("{name}: {}: {failure}", case["expression"]));
                }
            }
        }
    }
    assert!(cases >= CASES, "only {cases} cases");
    assert!(
        failures.is_empty(),
        "{} of {cases} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn run(given: &Value, case: &Value) -> Result<(), String> {
    let text = case["expression"].as_str().unwrap();
    let built = Expression::new(text);
    if case.get("bench").is_some() {
        let refused = REFUSED.iter().find(|(refused, _)| *refused == text);
        return match (built, refused) {
            (Ok(_), None) => Ok(()),
            (Err(error), Some((_, kind))) if error.kind() == *kind => Ok(()),
            (built, _) => Err(format!("built {built:?}")),
        };
    }
    let found =
        built.and_then(|expression| expression.search(given).map(|found| found.into_owned()));
    match (case.get("error"), found) {
        (Some(wanted), Err(error)) if kind(wanted) == error.kind() => Ok(()),
        (None, Ok(found)) if same(&found, &case["result"]) => Ok(()),
        (wanted, found) => Err(format!(
            "expected {}, got {found:?}",
            wanted.map_or_else(
                || case["result"].to_string(),
                |kind| format!("error {kind}")
            )
        )),
    }
}

fn kind(name: &Value) -> ErrorKind {
    match name.as_str().unwrap() {
        "syntax" => ErrorKind::Syntax,
        "invalid-type" => ErrorKind::ArgumentType,
        "invalid-arity" => ErrorKind::Arity,
        "invalid-value" => ErrorKind::InvalidValue,
        "unknown-function" => ErrorKind::UnknownFunction,
        other => panic!("the suite has a new kind of error: {other}"),
    }
}

/// Numbers by value: the suite writes 2.0 where we answer 2.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, l)| right.get(name).is_some_and(|r| same(l, r)))
        }
        _ => left == right,
    }
}

fn suite() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let manifest = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == "jmespath")
        .and_then(|package| package["manifest_path"].as_str())
        .expect("jmespath is a dependency");
    PathBuf::from(manifest)
        .with_file_name("tests")
        .join("compliance")
}
