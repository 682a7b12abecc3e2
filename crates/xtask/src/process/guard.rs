//! `xtask guard PROGRAM ARGUMENT…`: runs a program that must not outlive us.
//!
//! We start the guard as the leader of a new process group and hold the writing end of its
//! standard input. When we want it to stop we close that end; whatever ends us, SIGKILL too,
//! closes it as well. Then the guard kills all that it has started, and the rest of its group
//! with itself. It also clears away what the program leaves behind when it ends. A
//! parent-death signal would reach the program alone, and exists on Linux only.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group, kill_process};

use crate::process::descendants;

/// What the command line of a guard begins with. No command of the help.
const WORD: &str = "guard";

/// The same command behind a guard. Standard output and error are the caller's to set;
/// a cleared environment cannot be carried over.
pub(crate) fn wrap(guard: &Path, command: &Command) -> Command {
    let mut wrapped = Command::new(guard);
    wrapped
        .arg(WORD)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::piped())
        .process_group(0);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    wrapped
}

/// The guard itself, if that is what these arguments of `xtask` ask for.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if arguments.next().as_deref() != Some(OsStr::new(WORD)) {
        return None;
    }
    let program = arguments.next().unwrap_or_default();
    if getpgrp() != getpid() {
        eprintln!("error: a guard leads its own process group; `cargo xtask test` starts it");
        return Some(ExitCode::FAILURE);
    }
    if let Err(error) = descendants::adopt() {
        eprintln!("error: cannot become the reaper of orphans: {error}");
        return Some(ExitCode::FAILURE);
    }
    let child = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("error: cannot start {}: {error}", program.display());
            return Some(ExitCode::FAILURE);
        }
    };
    thread::spawn(kill_all_at_end_of_input);
    let ended = child.wait();
    descendants::end();
    Some(match ended {
        Ok(status) => end_like(status),
        Err(error) => {
            eprintln!("error: lost {}: {error}", program.display());
            ExitCode::FAILURE
        }
    })
}

fn kill_all_at_end_of_input() {
    // Nobody writes: this returns when the other end is closed.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    descendants::end();
    let _ = kill_current_process_group(Signal::KILL);
}

/// Whoever waits for the guard shall learn how the program ended.
fn end_like(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
        let _ = kill_process(getpid(), signal);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_not_for_the_guard() {
        assert!(main([OsString::from("test")].into_iter()).is_none());
        assert!(main([].into_iter()).is_none());
    }

    #[test]
    fn a_wrapped_command_keeps_arguments_directory_and_variables() {
        let mut command = Command::new("cargo");
        command
            .args(["test", "--workspace"])
            .env("SET", "1")
            .env_remove("UNSET")
            .current_dir("/");
        let wrapped = wrap(Path::new("/bin/xtask"), &command);
        assert_eq!(wrapped.get_program(), "/bin/xtask");
        let arguments: Vec<_> = wrapped.get_args().collect();
        assert_eq!(arguments, [WORD, "cargo", "test", "--workspace"]);
        assert_eq!(wrapped.get_current_dir(), Some(Path::new("/")));
        let variables: Vec<_> = wrapped.get_envs().collect();
        let expected: [(&OsStr, Option<&OsStr>); 2] = [
            ("SET".as_ref(), Some("1".as_ref())),
            ("UNSET".as_ref(), None),
        ];
        assert_eq!(variables, expected);
    }
}
