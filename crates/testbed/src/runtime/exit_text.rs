//! How Lambda says that a process ended.

use std::process::ExitStatus;

/// `Runtime exited with error: exit status 3` and the like.
pub(super) fn exit_text(status: Option<ExitStatus>) -> String {
    let error = match status {
        Some(status) if !status.success() => describe(status),
        _ => return "Runtime exited without providing a reason".to_owned(),
    };
    format!("Runtime exited with error: {error}")
}

#[cfg(unix)]
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;

    let Some(signal) = status.signal() else {
        return format!("exit status {}", status.code().unwrap_or_default());
    };
    // The names that Go gives them: Lambda's supervisor is written in it.
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal: signal {other}"),
    };
    let core = if status.core_dumped() {
        " (core dumped)"
    } else {
        ""
    };
    format!("signal: {name}{core}")
}

#[cfg(not(unix))]
fn describe(status: ExitStatus) -> String {
    format!("exit status {}", status.code().unwrap_or_default())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn an_end_is_said_in_lambdas_words() {
        let text = |raw| exit_text(Some(ExitStatus::from_raw(raw)));

        assert_eq!(text(0), "Runtime exited without providing a reason");
        assert_eq!(text(3 << 8), "Runtime exited with error: exit status 3");
        assert_eq!(text(9), "Runtime exited with error: signal: killed");
        assert_eq!(
            text(11 | 0x80),
            "Runtime exited with error: signal: segmentation fault (core dumped)"
        );
    }
}
