//! Runs the vectors: `cargo run -p conformance -- --help`.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use conformance::command::{Command, HELP};

/// The run could not be started.
const NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(NOT_RUN)
        }
    }
}

fn run() -> Result<bool, String> {
    let command = Command::parse(env::args().skip(1))?;
    let mut out = io::stdout();
    let cannot_write = |error: io::Error| format!("cannot write the report: {error}");
    if command.wants_help() {
        out.write_all(HELP.as_bytes()).map_err(cannot_write)?;
        return Ok(true);
    }
    let (runner, cases) = command.prepare()?;
    let summary = runner.run(cases, &mut out).map_err(cannot_write)?;
    Ok(summary.is_success())
}
