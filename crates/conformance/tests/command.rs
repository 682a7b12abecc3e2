//! The binary, as it is called.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const GOOD: &str = r#"{"id":"x-1","utility":"jmespath","note":"","input":{"expression":"a","data":{"a":1}},"expected":{"result":1.0}}"#;
const WRONG: &str = r#"{"id":"x-2","utility":"jmespath","note":"two","input":{"expression":"a","data":{"a":1}},"expected":{"result":2}}"#;
const NO_ARM: &str =
    r#"{"id":"k-1","utility":"kafka","note":"","input":{"record":{}},"expected":{"value":1}}"#;

/// A directory of one test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("command-{test}"));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let binary = env!("CARGO_BIN_EXE_conformance");
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(binary).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn entry(when: &str) -> String {
    format!(
        "[[deviation]]\nutility = 'jmespath'\n{when}\nkind = 'quirk'\n\
         reason = 'for the test'\nours = 'something else'\n"
    )
}

#[test]
fn own_vectors_pass_and_the_total_comes_last() {
    let (code, out, err) = run(&[]);
    assert_eq!(code, Some(0), "{out}{err}");
    let lines: Vec<_> = out.lines().collect();
    assert!(lines.last().unwrap().starts_with("total: "), "{out}");
    for utility in [
        "logger",
        "jmespath",
        "kafka",
        "data_masking",
        "idempotency_python_objects",
    ] {
        let prefix = format!("{utility}: ");
        assert!(lines.iter().any(|line| line.starts_with(&prefix)), "{out}");
    }
    let kafka: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("kafka"))
        .collect();
    assert_eq!(kafka, [&"kafka: no arm, 24 cases"]);
}

#[test]
fn unseen_file_is_run_and_its_failure_is_shown() {
    let directory = Directory::new("unseen");
    let file = directory.file("new.jsonl", &format!("{NO_ARM}\n{GOOD}\n\n{WRONG}\n"));
    let (code, out, _) = run(&[&file]);
    assert_eq!(code, Some(1), "{out}");
    let expected = format!(
        "FAILED jmespath x-2: two
  case:     {file}:4
  input:    {{\"expression\": \"a\", \"data\": {{\"a\": 1}}}}
  expected: {{\"result\": 2}}
  got:      {{\"result\": 1}}
  - result: expected 2, got 1

kafka: no arm, 1 cases
jmespath: 1 passed, 1 failed, 0 deviations
total: 1 passed, 1 failed, 0 deviations
"
    );
    assert_eq!(out, expected);
}

#[test]
fn several_files_are_one_run() {
    let directory = Directory::new("several");
    let one = directory.file("one.jsonl", GOOD);
    let two = directory.file("two.jsonl", &format!("{GOOD}\n{NO_ARM}"));
    let (code, out, _) = run(&[&one, &two]);
    assert_eq!(code, Some(0));
    assert_eq!(
        out,
        "jmespath: 2 passed, 0 failed, 0 deviations\nkafka: no arm, 1 cases\n\
         total: 2 passed, 0 failed, 0 deviations\n"
    );
}

#[test]
fn words_that_no_arm_knows_fail_the_case_and_not_the_run() {
    let directory = Directory::new("unknown");
    let option = GOOD.replace(r#""expression":"a""#, r#""expression":"a","mode":"fast""#);
    let member = GOOD.replacen('{', r#"{"since":"4.0","#, 1);
    let file = directory.file("new.jsonl", &format!("{option}\n{member}\n{GOOD}\n"));
    // Not even an entry for every case excuses them.
    let deviations = directory.file("deviations.toml", &entry("id = '*'"));
    let (code, out, _) = run(&["--deviations", &deviations, &file]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("the arm does not know the member `mode`"),
        "{out}"
    );
    assert!(
        out.contains("the arm does not know the member `since` of a case"),
        "{out}"
    );
    assert!(
        out.ends_with("total: 1 passed, 2 failed, 0 deviations\n"),
        "{out}"
    );
}

#[test]
fn broken_line_is_named_and_nothing_is_run() {
    let directory = Directory::new("broken");
    for (name, line) in [
        ("syntax", "{\"id\":"),
        (
            "member",
            r#"{"id":"x","utility":"jmespath","note":"n","input":{}}"#,
        ),
    ] {
        let file = directory.file(&format!("{name}.jsonl"), &format!("{GOOD}\n{line}\n"));
        let (code, out, err) = run(&[&file]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with(&format!("error: {file}:2: ")), "{err}");
    }
}

#[test]
fn file_that_cannot_be_read_is_named() {
    let directory = Directory::new("absent");
    let file = directory.0.join("absent.jsonl");
    let (code, out, err) = run(&[file.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.starts_with("error: cannot read ") && err.contains("absent.jsonl"),
        "{err}"
    );
}

#[test]
fn utility_selects_and_an_unknown_one_is_answered_with_the_names() {
    let directory = Directory::new("utility");
    let file = directory.file("new.jsonl", &format!("{NO_ARM}\n{WRONG}\n"));
    let (code, out, _) = run(&["--utility", "kafka", &file]);
    assert_eq!(code, Some(0));
    assert_eq!(
        out,
        "kafka: no arm, 1 cases\ntotal: 0 passed, 0 failed, 0 deviations\n"
    );
    let (code, out, err) = run(&["--utility", "kafak", &file]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.starts_with("error: there is no utility `kafak`, only "),
        "{err}"
    );
    assert!(err.contains("jmespath") && err.contains("kafka"), "{err}");
}

#[test]
fn entry_turns_a_difference_into_a_deviation() {
    let directory = Directory::new("deviation");
    let file = directory.file("new.jsonl", &format!("{GOOD}\n{WRONG}\n"));
    for when in [
        "id = 'x-?'",
        "when = [{ path = 'data.a', equals = 1 }, { note_contains = 'two' }]",
    ] {
        let deviations = directory.file("deviations.toml", &entry(when));
        let (code, out, _) = run(&["--deviations", &deviations, &file]);
        assert_eq!(code, Some(0), "{out}");
        assert_eq!(
            out,
            "jmespath: 1 passed, 0 failed, 1 deviations\n\
             total: 1 passed, 0 failed, 1 deviations\n"
        );
        let (_, out, _) = run(&["--verbose", "--deviations", &deviations, &file]);
        assert!(out.starts_with("DEVIATION jmespath x-2: two\n"), "{out}");
        assert!(
            out.contains("  deviation 1, quirk: for the test\n  ours: something else\n"),
            "{out}"
        );
    }
}

#[test]
fn stale_entry_fails_the_run_and_an_unused_one_does_not() {
    let directory = Directory::new("stale");
    let file = directory.file("new.jsonl", GOOD);
    let unused = directory.file("unused.toml", &entry("id = 'y-*'"));
    let (code, out, _) = run(&["--deviations", &unused, &file]);
    assert_eq!(code, Some(0), "{out}");
    let text = entry("id = 'y-*'") + &entry("id = 'x-*'");
    let stale = directory.file("stale.toml", &text);
    let (code, out, _) = run(&["--deviations", &stale, &file]);
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(
        out,
        "STALE deviation 2 (jmespath, quirk): it matched 1 cases and none of them differs: x-1
  reason: for the test

jmespath: 1 passed, 0 failed, 0 deviations
total: 1 passed, 0 failed, 0 deviations
"
    );
}

#[test]
fn deviations_that_break_their_rules_are_refused() {
    let directory = Directory::new("rules");
    let file = directory.file("new.jsonl", GOOD);
    let text = entry("id = 'x'").replace("reason = 'for the test'\n", "");
    let deviations = directory.file("deviations.toml", &text);
    let (code, out, err) = run(&["--deviations", &deviations, &file]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.contains(&deviations) && err.contains("missing field `reason`"),
        "{err}"
    );
}

#[test]
fn help_and_wrong_option() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("--utility NAME"), "{out}");
    let (code, out, err) = run(&["--fast"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.starts_with("error: there is no option `--fast`"),
        "{err}"
    );
}
