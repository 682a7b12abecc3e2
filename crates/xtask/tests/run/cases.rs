//! The facts.

use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Connection, End, Play, Run, STAMP, Stage, wait_for};

const PASSES: Play = Play {
    build: ":",
    server: "serves",
    tests: "pass",
};
const HANGS: Play = Play {
    tests: "hang",
    ..PASSES
};

pub(crate) fn all() -> Vec<Trial> {
    vec![
        trial("a_run_that_passes_ends_its_server", passing_run),
        trial("sigint_ends_server_and_tests", sigint),
        trial("sigint_to_the_group_ends_server_and_tests", sigint_to_group),
        trial("sigterm_ends_server_and_tests", sigterm),
        trial("sighup_ends_server_and_tests", sighup),
        trial("a_killed_run_leaves_nothing", sigkill),
        trial("a_killed_guard_takes_the_tests_with_it", killed_guard),
        trial("a_signal_during_the_build_ends_it", signal_during_build),
        trial(
            "a_signal_during_an_installation_ends_it",
            signal_during_installation,
        ),
        trial("a_signal_ends_the_wait_for_a_lock", signal_at_a_lock),
        trial(
            "a_signal_ends_a_server_that_does_not_answer",
            signal_at_server_start,
        ),
        trial(
            "a_signal_ends_a_run_whose_output_nobody_reads",
            signal_at_full_output,
        ),
        #[cfg(target_os = "linux")]
        trial("a_guard_has_a_name_of_its_own", named_apart),
        #[cfg(target_os = "linux")]
        trial("a_daemon_of_the_build_stays", daemon),
        trial("an_orphan_that_ends_is_no_zombie", orphan),
        trial("output_that_never_ends_is_cut", chatter),
        trial("without_apt_get_the_message_holds_the_command", no_apt),
        trial("what_a_test_leaves_behind_is_ended", litter),
        trial("a_failed_build_shows_before_any_server", failed_build),
        trial("a_server_that_fails_thrice_shows_its_log", failing_server),
        trial("a_server_that_fails_once_is_started_again", second_attempt),
        trial("a_server_that_ends_meanwhile_fails_the_run", server_ends),
        trial("a_given_server_is_not_started", given_server),
        trial("a_given_python_is_told_as_it_is", given_python),
        trial("redis_with_tls_needs_a_certificate", no_certificate),
    ]
}

fn trial(name: &'static str, case: fn(&str)) -> Trial {
    Trial::test(name, move || {
        case(name);
        Ok(())
    })
}

fn passing_run(name: &str) {
    let stage = Stage::new(name, PASSES);
    let end = stage.run(&[]).end();
    assert!(end.status.success(), "{end:?}");
    assert!(end.output.ends_with("\n1 passed, 0 failed"), "{end:?}");
    assert_eq!(stage.starts(), 1);
    assert_eq!(left_in_target(&stage), ["python"]);
}

fn sigint(name: &str) {
    interrupted(name, Signal::INT, |run| run.signal(Signal::INT));
}

fn sigint_to_group(name: &str) {
    interrupted(name, Signal::INT, |run| run.signal_group(Signal::INT));
}

fn sigterm(name: &str) {
    interrupted(name, Signal::TERM, |run| run.signal(Signal::TERM));
}

fn sighup(name: &str) {
    interrupted(name, Signal::HUP, |run| run.signal(Signal::HUP));
}

fn sigkill(name: &str) {
    interrupted(name, Signal::KILL, |run| run.signal(Signal::KILL));
}

fn interrupted(name: &str, signal: Signal, send: fn(&Run)) {
    let stage = Stage::new(name, HANGS);
    let mut run = stage.run(&[]);
    let server = run.connect();
    run.line("the tests hang");
    send(&run);
    ends_by(run, signal);
    server.ends();
}

fn ends_by(run: Run, signal: Signal) {
    let end = run.end();
    assert_eq!(end.status.signal(), Some(signal.as_raw()), "{end:?}");
}

fn killed_guard(name: &str) {
    let stage = Stage::new(name, HANGS);
    let mut run = stage.run(&[]);
    let server = run.connect();
    let guard = run.line("guarded by ").parse().expect("it is a number");
    let guard = Pid::from_raw(guard).expect("it is not zero");
    run.line("the tests hang");
    kill_process(guard, Signal::KILL).expect("the guard lives");
    let end = run.end();
    server.ends();
    fails_with(&end, "failed (signal: 9 (SIGKILL))");
}

fn signal_during_build(name: &str) {
    let play = Play {
        build: "echo building; ROLE sleeper",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let mut run = stage.run(&[]);
    run.line("building");
    run.signal(Signal::TERM);
    ends_by(run, Signal::TERM);
    assert_eq!(stage.starts(), 0);
}

fn signal_during_installation(name: &str) {
    let stage = Stage::new(name, PASSES);
    // The stamp of a copy that was made elsewhere, too, is not good here.
    stage.write(STAMP, "elsewhere\na list\n");
    let mut run = stage.run(&[]);
    run.line("installing");
    run.signal(Signal::TERM);
    ends_by(run, Signal::TERM);
    assert_eq!(stage.starts(), 0);
}

fn signal_at_a_lock(name: &str) {
    let stage = Stage::new(name, PASSES);
    stage.write(STAMP, "");
    stage.write("target/test-servers/python.lock", "");
    let lock = File::open(stage.root.join("target/test-servers/python.lock"));
    let lock = lock.expect("it was written");
    lock.lock().expect("nobody else holds it");
    let run = stage.run(&[]);
    run.notice("waiting for the lock ");
    run.signal(Signal::TERM);
    ends_by(run, Signal::TERM);
}

fn signal_at_server_start(name: &str) {
    let play = Play {
        server: "silent",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let run = stage.run(&[]);
    let server = Connection::to(("127.0.0.1", stage.port()));
    run.signal(Signal::TERM);
    ends_by(run, Signal::TERM);
    server.ends();
}

fn signal_at_full_output(name: &str) {
    let play = Play {
        tests: "fill",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let mut run = stage.run(&[]);
    let server = run.connect();
    run.line("the tests fill the output");
    wait_for(|| stage.root.join("full").exists().then_some(()));
    run.signal(Signal::INT);
    server.ends();
    ends_by(run, Signal::INT);
}

fn named_apart(name: &str) {
    let stage = Stage::new(name, HANGS);
    let mut run = stage.run(&[]);
    let guard = run.line("guarded by ");
    let read = |file| fs::read_to_string(format!("/proc/{guard}/{file}"));
    assert_eq!(read("comm").expect("it lives"), "test-guard\n");
    let line = read("cmdline").expect("it lives");
    assert!(line.starts_with("test-guard\0"), "{line:?}");
}

fn daemon(name: &str) {
    let play = Play {
        build: "ROLE daemon",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let mut run = stage.run(&[]);
    let line = run.line("daemon ");
    let end = run.end();
    assert!(end.status.success(), "{end:?}");
    let (id, address) = line.split_once(' ').expect("two words");
    TcpStream::connect(address).expect("it lives");
    let id = Pid::from_raw(id.parse().expect("it is a number")).expect("it is not zero");
    kill_process(id, Signal::KILL).expect("it lives");
}

fn orphan(name: &str) {
    let play = Play {
        tests: "orphan",
        ..PASSES
    };
    let end = Stage::new(name, play).run(&[]).end();
    assert!(end.status.success(), "{end:?}");
}

fn chatter(name: &str) {
    let play = Play {
        tests: "chatter",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let mut run = stage.run(&[]);
    let guard = run.line("guarded by ").parse().expect("it is a number");
    let guard = Pid::from_raw(guard).expect("it is not zero");
    kill_process(guard, Signal::KILL).expect("the guard lives");
    let end = run.end();
    assert!(end.errors.contains("failed (signal: 9 (SIGKILL))"));
}

fn no_apt(name: &str) {
    let stage = Stage::new(name, PASSES);
    let root = stage.root.display().to_string();
    let end = stage
        .run(&[("CI", "true"), ("PATH", &root), ("PT_TEST_REDIS_URL", "")])
        .end();
    fails_with(
        &end,
        "apt-get install -y --no-install-recommends redis-server openssl",
    );
}

fn litter(name: &str) {
    let play = Play {
        tests: "litter",
        ..PASSES
    };
    // The end of the output would not come.
    let end = Stage::new(name, play).run(&[]).end();
    assert!(end.status.success(), "{end:?}");
}

fn failed_build(name: &str) {
    let play = Play {
        build: "exit 101",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let end = stage.run(&[]).end();
    fails_with(&end, "--no-run` failed (exit status: 101)");
    assert_eq!(stage.starts(), 0);
}

fn failing_server(name: &str) {
    let play = Play {
        server: "fails",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let end = stage.run(&[]).end();
    fails_with(
        &end,
        "the server ministack ended when it was started (exit status: 3)",
    );
    fails_with(&end, "\n  | no room for a table");
    assert_eq!(stage.starts(), 3);
    assert!(!end.output.contains("at http"), "{end:?}");
}

fn second_attempt(name: &str) {
    let play = Play {
        server: "fails-once",
        ..PASSES
    };
    let stage = Stage::new(name, play);
    let end = stage.run(&[]).end();
    assert!(end.status.success(), "{end:?}");
    assert_eq!(stage.starts(), 2);
}

fn server_ends(name: &str) {
    let play = Play {
        tests: "end-the-server",
        ..PASSES
    };
    let end = Stage::new(name, play).run(&[]).end();
    fails_with(
        &end,
        "the server ministack ended while the tests ran (exit status: 7)",
    );
    fails_with(&end, "\n  | the ground gave way");
}

fn given_server(name: &str) {
    let stage = Stage::new(name, PASSES);
    let mut run = stage.run(&[("PT_TEST_AWS_URL", "http://127.0.0.1:2")]);
    assert_eq!(run.line("at "), "http://127.0.0.1:2");
    // Installed with the servers, but no server.
    let python = run.line("with ");
    assert!(
        python.ends_with("/target/test-servers/python/bin/python"),
        "{python}"
    );
    let end = run.end();
    assert!(end.status.success(), "{end:?}");
    assert_eq!(stage.starts(), 0);
}

fn given_python(name: &str) {
    let stage = Stage::new(name, PASSES);
    let mut run = stage.run(&[("PT_TEST_PYTHON", "/opt/python")]);
    assert_eq!(run.line("with "), "/opt/python");
    assert!(run.end().status.success());
}

fn no_certificate(name: &str) {
    let stage = Stage::new(name, PASSES);
    let end = stage.run(&[("PT_TEST_REDIS_TLS_CA", "")]).end();
    fails_with(&end, "PT_TEST_REDIS_TLS_CA must be set too");
}

fn fails_with(end: &End, message: &str) {
    assert!(!end.status.success(), "{end:?}");
    assert!(end.errors.contains(message), "{message:?} in {end:?}");
}

fn left_in_target(stage: &Stage) -> Vec<String> {
    fs::read_dir(stage.root.join("target/test-servers"))
        .expect("it holds the virtual environment")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
