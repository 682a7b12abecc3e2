//! What the figures of the documentation were measured with.

use std::fs;
use std::num::NonZero;
use std::thread;

use crate::bench::compiler::Compiler;
use crate::failure::Result;
use crate::workspace::{Workspace, capture};

/// What decides the figures, beside ourselves.
const PACKAGES: [&str; 9] = [
    "tracing",
    "tracing-subscriber",
    "json-subscriber",
    "lambda_runtime",
    "jmespath",
    "metrique",
    "metrics_cloudwatch_embedded",
    "idempotent",
    "serde_json",
];

/// A paragraph: versions, compiler, machine.
pub(crate) fn describe(workspace: &Workspace) -> Result<String> {
    let lock = workspace.read("Cargo.lock")?;
    let versions: Vec<String> = PACKAGES
        .iter()
        .map(|name| format!("{name} {}", version(&lock, name).unwrap_or("unknown")))
        .collect();
    let valgrind = capture(workspace.command("valgrind").arg("--version"))?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    Ok(format!(
        "{}. {}, plain release profile, {}. {cores} cores of {}.\n",
        versions.join(", "),
        Compiler::here(workspace)?,
        valgrind.trim(),
        model(&processors).unwrap_or("an unknown processor")
    ))
}

/// The first version of this package in a lock file.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    let wanted = format!("name = \"{name}\"");
    lines.find(|line| *line == wanted)?;
    let line = lines.next()?.strip_prefix("version = \"")?;
    line.strip_suffix('"')
}

/// As Linux names it.
fn model(processors: &str) -> Option<&str> {
    let mut lines = processors.lines();
    let line = lines.find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, model)| model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"tracing-core\"\nversion = \"0.1.36\"\n\n\
            [[package]]\nname = \"tracing\"\nversion = \"0.1.44\"\nsource = \"…\"\n";
        assert_eq!(version(lock, "tracing"), Some("0.1.44"));
        assert_eq!(version(lock, "log"), None);
    }

    #[test]
    fn every_package_is_in_our_lock_file() {
        let lock = Workspace::find().unwrap().read("Cargo.lock").unwrap();
        for name in PACKAGES {
            assert!(version(&lock, name).is_some(), "{name}");
        }
    }

    #[test]
    fn processor_is_named_as_linux_names_it() {
        let text = "processor\t: 0\nmodel name\t: A Processor @ 2 GHz\nprocessor\t: 1\n";
        assert_eq!(model(text), Some("A Processor @ 2 GHz"));
        assert_eq!(model("processor: 0\n"), None);
    }
}
