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
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpgrp, getpid, kill_current_process_group, kill_process, wait,
};

use crate::process::descendants;

/// What a guard ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Its process group.
    Group,
    /// All that came from it, in whatever process group it is.
    Descendants,
}

impl Reach {
    const ALL: [Self; 2] = [Self::Group, Self::Descendants];

    /// What the command line of a guard begins with. No command of the help.
    fn word(self) -> &'static str {
        match self {
            Self::Group => "guard-group",
            Self::Descendants => "guard",
        }
    }

    fn end(self) {
        if self == Self::Descendants {
            descendants::end();
        }
    }
}

/// What `ps` and `killall` call a guard: who kills us by name shall not kill it with us.
const NAME: &str = "test-guard";

/// The same command behind a guard. Standard output and error are the caller's to set;
/// a cleared environment cannot be carried over.
pub(crate) fn wrap(guard: &Path, reach: Reach, command: &Command) -> Command {
    let mut wrapped = Command::new(guard);
    wrapped
        .arg0(NAME)
        .arg(reach.word())
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
    let word = arguments.next()?;
    let reach = Reach::ALL.into_iter().find(|reach| word == reach.word())?;
    let program = arguments.next().unwrap_or_default();
    Some(guard(reach, &program, arguments).unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::FAILURE
    }))
}

fn guard(
    reach: Reach,
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, String> {
    if getpgrp() != getpid() {
        return Err("a guard leads its own process group; `cargo xtask test` starts it".to_owned());
    }
    take_name();
    if reach == Reach::Descendants {
        descendants::adopt().map_err(|e| format!("cannot become the reaper of orphans: {e}"))?;
    }
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("cannot start {}: {e}", program.display()))?;
    thread::spawn(move || kill_all_at_end_of_input(reach));
    let ended = reap_until(&child);
    reach.end();
    ended
        .map(end_like)
        .map_err(|e| format!("lost {}: {e}", program.display()))
}

#[cfg(target_os = "linux")]
fn take_name() {
    // The path of the program was what named us.
    let name = std::ffi::CString::new(NAME).unwrap_or_default();
    let _ = rustix::thread::set_name(&name);
}

#[cfg(not(target_os = "linux"))]
fn take_name() {}

fn kill_all_at_end_of_input(reach: Reach) {
    // Nobody writes: this returns when the other end is closed.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    reach.end();
    let _ = kill_current_process_group(Signal::KILL);
}

/// How the child ended. Adopted orphans that end meanwhile are reaped, so that a test that
/// asks whether one still lives is not told of a zombie.
fn reap_until(child: &Child) -> io::Result<ExitStatus> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((id, status))) if id == Pid::from_child(child) => {
                return Ok(ExitStatus::from_raw(status.as_raw()));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
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
        let wrapped = wrap(Path::new("/bin/xtask"), Reach::Group, &command);
        assert_eq!(wrapped.get_program(), "/bin/xtask");
        let arguments: Vec<_> = wrapped.get_args().collect();
        assert_eq!(arguments, ["guard-group", "cargo", "test", "--workspace"]);
        assert_eq!(wrapped.get_current_dir(), Some(Path::new("/")));
        let variables: Vec<_> = wrapped.get_envs().collect();
        let expected: [(&OsStr, Option<&OsStr>); 2] = [
            ("SET".as_ref(), Some("1".as_ref())),
            ("UNSET".as_ref(), None),
        ];
        assert_eq!(variables, expected);
    }
}
