//! A made-up workspace, and a run of the real `xtask` in it.

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::roles::ROLE;

/// For every wait. Generous: the machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);

/// Says where and of what the virtual environment was made.
pub(crate) const STAMP: &str = "target/test-servers/python/installed.txt";

/// What the programs of the workspace do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Play {
    /// `cargo test --no-run`, in the words of a shell.
    pub(crate) build: &'static str,
    pub(crate) server: &'static str,
    pub(crate) tests: &'static str,
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) root: PathBuf,
}

impl Stage {
    pub(crate) fn new(name: &str, play: Play) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("xtask-run/{}-{name}", process::id()));
        if root.exists() {
            fs::remove_dir_all(&root).expect("nobody else works here");
        }
        let stage = Self { root };
        let actor = env::current_exe().expect("this file exists");
        let role = format!("exec '{}' {ROLE}", actor.display());
        let root = stage.root.display();
        stage.write(
            "cargo",
            &format!(
                "#!/bin/sh\ncase \"$*\" in\n\
                 metadata*) echo '{{\"workspace_root\":\"{root}\",\
                 \"target_directory\":\"{root}/target\"}}' ;;\n\
                 *--no-run*) {} ;;\n\
                 *) {role} tests {} ;;\nesac\n",
                play.build.replace("ROLE", &role),
                play.tests
            ),
        );
        // Makes no virtual environment, but takes its time.
        stage.write(
            "python3",
            &format!(
                "#!/bin/sh\ncase \"$*\" in *venv\\ *) echo installing; {role} sleeper ;; esac\n"
            ),
        );
        stage.write("crates/xtask/test-floor.txt", "1\n");
        // Installed already.
        stage.write("crates/xtask/servers-requirements.txt", "a list\n");
        stage.write(STAMP, "here\na list\n");
        stage.write(
            "target/test-servers/python/bin/python",
            &format!(
                "#!/bin/sh\ncase \"$*\" in\n-c*) echo here ;;\n\
                 '-m ministack') {role} server {} '{root}/starts.txt' ;;\nesac\n",
                play.server
            ),
        );
        stage
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        let parent = path.parent().expect("the path has a directory");
        fs::create_dir_all(parent).expect("the disk is not full");
        fs::write(&path, text).expect("the disk is not full");
        if text.starts_with("#!") {
            fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("the file is ours");
        }
    }

    /// How often the server was started.
    pub(crate) fn starts(&self) -> usize {
        fs::read_to_string(self.root.join("starts.txt")).map_or(0, |text| text.lines().count())
    }

    /// The port of the server that was started first, once it was.
    pub(crate) fn port(&self) -> u16 {
        wait_for(|| {
            let starts = fs::read_to_string(self.root.join("starts.txt")).ok()?;
            starts.split_once('\n')?.0.parse().ok()
        })
    }

    /// `xtask test`. Three of the four servers are given.
    pub(crate) fn run(&self, variables: &[(&str, &str)]) -> Run {
        let programs = env::join_paths([&self.root, Path::new("/usr/bin"), Path::new("/bin")])
            .expect("no colon in the path");
        let mut child = xtask()
            .arg("test")
            .current_dir(&self.root)
            .env("PATH", programs)
            .env_remove("CI")
            .env("CARGO", self.root.join("cargo"))
            .env_remove("PT_TEST_AWS_URL")
            .env_remove("PT_TEST_PYTHON")
            .env("PT_TEST_MOTO_URL", "http://127.0.0.1:1")
            .env("PT_TEST_REDIS_URL", "redis://127.0.0.1:1")
            .env("PT_TEST_REDIS_TLS_URL", "rediss://localhost:1")
            .env("PT_TEST_REDIS_TLS_CA", "ca.pem")
            .envs(variables.iter().copied())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("xtask was built");
        let output = read(child.stdout.take().expect("it is piped"));
        let errors = read(child.stderr.take().expect("it is piped"));
        Run {
            child,
            output,
            errors,
            said: Vec::new(),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Run {
    child: Child,
    output: Receiver<String>,
    errors: Receiver<String>,
    /// The lines of output that were read.
    said: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Run {
    /// The rest of the line that begins so, once it comes.
    pub(crate) fn line(&mut self, beginning: &str) -> String {
        loop {
            let Ok(line) = self.output.recv_timeout(LIMIT) else {
                panic!("no line begins with {beginning:?}: {:?}", self.said)
            };
            let rest = line.strip_prefix(beginning).map(str::to_owned);
            self.said.push(line);
            if let Some(rest) = rest {
                return rest;
            }
        }
    }

    /// Waits for a line on the standard error that begins so.
    pub(crate) fn notice(&self, beginning: &str) {
        while let Ok(line) = self.errors.recv_timeout(LIMIT) {
            if line.starts_with(beginning) {
                return;
            }
        }
        panic!("no notice begins with {beginning:?}: {:?}", self.said);
    }

    /// A connection to the server that the tests are told of.
    pub(crate) fn connect(&mut self) -> Connection {
        let url = self.line("at ");
        Connection::to(url.trim_start_matches("http://"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the run goes on");
    }

    /// What Ctrl-C does on a terminal.
    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).expect("the run goes on");
    }

    /// The end of `xtask` and of everybody who shares its output: both streams are closed.
    pub(crate) fn end(mut self) -> End {
        let mut output = std::mem::take(&mut self.said);
        output.extend(drain(&self.output));
        let errors = drain(&self.errors).join("\n");
        let status = self.child.wait().expect("it is our child");
        End {
            status,
            output: output.join("\n"),
            errors,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
}

impl Connection {
    /// Once it listens.
    pub(crate) fn to(address: impl ToSocketAddrs) -> Self {
        let stream = wait_for(|| TcpStream::connect(&address).ok());
        stream
            .set_read_timeout(Some(LIMIT))
            .expect("the limit is not zero");
        let address = stream.peer_addr().expect("it was connected");
        Self { stream, address }
    }

    /// Waits for the end of the server, then proves that its port is free.
    pub(crate) fn ends(mut self) {
        match self.stream.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("the server still lives: {other:?}"),
        }
        // It may still be about to close the socket that listens.
        wait_for(|| TcpListener::bind(self.address).ok());
    }
}

/// `xtask`, which dies of SIGHUP and SIGINT. Who is started with `nohup`, or in the background
/// of a script, ignores one of them, and so does what he starts.
fn xtask() -> Command {
    let xtask = env!("CARGO_BIN_EXE_xtask");
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| {
        let mask = line.strip_prefix("SigIgn:")?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    // The first two signals.
    if ignored.unwrap_or(0) & 3 == 0 {
        return Command::new(xtask);
    }
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=HUP,INT", xtask]);
    command
}

/// What `look` gives, once it gives something.
pub(crate) fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..LIMIT.as_millis() / 5 {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not come");
}

/// Reads no further than the test asks, so that a run can be held up.
fn read(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::sync_channel(0);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn drain(lines: &Receiver<String>) -> Vec<String> {
    let mut read = Vec::new();
    loop {
        match lines.recv_timeout(LIMIT) {
            Ok(line) => read.push(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return read,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("somebody of the run still lives: {read:?}")
            }
        }
    }
}
