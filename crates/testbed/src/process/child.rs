use std::{
    collections::HashSet,
    env, fmt,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use powertools_core::SharedRandom;
use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::watch;

use super::SideChannel;

/// This executable, running one of its scenarios in a process of its own.
///
/// Dropping it kills the process and waits for its end.
pub struct Child {
    process: Arc<Mutex<std::process::Child>>,
    pid: Pid,
    channel: SideChannel,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Child {
    /// Describes a child that runs this scenario.
    pub fn builder(scenario: impl Into<String>) -> ChildBuilder {
        ChildBuilder {
            scenario: scenario.into(),
            input: Value::Null,
            held: HashSet::new(),
            env: Vec::new(),
            stdout: None,
            stderr: None,
        }
    }

    /// The operating system's id of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the next report.
    ///
    /// # Panics
    ///
    /// If the process ends without another one, if none comes within a minute, or if it
    /// is not a `T`.
    pub async fn report<T: DeserializeOwned>(&self) -> T {
        let report = self.next_report().await;
        report.unwrap_or_else(|| panic!("the child ended without a report: {:?}", self.status()))
    }

    /// Waits for the next report, or `None` when the process has ended and everything
    /// that it reported was taken.
    ///
    /// # Panics
    ///
    /// If neither happens within a minute, or the report is not a `T`.
    pub async fn next_report<T: DeserializeOwned>(&self) -> Option<T> {
        let ended = async {
            self.wait().await;
        };
        self.channel.report_before(ended).await
    }

    /// Waits until the process has come to this point, once more than this was asked
    /// before.
    ///
    /// # Panics
    ///
    /// If that takes more than a minute, or the process ends first.
    pub async fn reached(&self, point: &str) {
        tokio::select! {
            biased;
            () = self.channel.reached(point) => {}
            status = self.wait() => panic!("the child ended before the point `{point}`: {status}"),
        }
    }

    /// Lets the process go on from a point at which it is held.
    ///
    /// # Panics
    ///
    /// If it is not held there.
    pub fn go(&self, point: &str) {
        self.channel.go(point);
    }

    /// Stops the process with SIGSTOP: no thread of it runs, no timer fires. Returns when
    /// it has stopped.
    ///
    /// # Panics
    ///
    /// If the process has ended.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        let id = WaitId::Pid(self.pid);
        // Without NOWAIT the news would be taken from whoever else asks for it.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(id, options).ok().flatten();
        assert!(
            status.is_some_and(|status| status.stopped()),
            "the child ended instead of stopping"
        );
    }

    /// Lets a [paused](Self::pause) process go on.
    ///
    /// # Panics
    ///
    /// If the process has ended.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills the process with SIGKILL, paused or not, and waits for its end.
    ///
    /// # Panics
    ///
    /// If the operating system does not tell how it ended.
    pub fn kill(&self) -> ExitStatus {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails if the process has ended already.
        let _ = process.kill();
        process.wait().expect("our own child, reaped nowhere else")
    }

    /// Waits until the process comes to this point, then kills it there. The point must
    /// be [held](ChildBuilder::hold_at), or the process may be beyond it.
    ///
    /// # Panics
    ///
    /// As [`reached`](Self::reached) and [`kill`](Self::kill).
    pub async fn kill_at(&self, point: &str) -> ExitStatus {
        self.reached(point).await;
        self.kill()
    }

    /// Kills the process after a random time, at most `longest`, and says after which. It
    /// may have ended by itself before.
    ///
    /// # Panics
    ///
    /// As [`kill`](Self::kill).
    pub async fn kill_within(&self, longest: Duration, random: &SharedRandom) -> Duration {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
        let after = longest.mul_f64(share);
        tokio::time::sleep(after).await;
        self.kill();
        after
    }

    /// Waits until the process ends, for whatever reason.
    ///
    /// # Panics
    ///
    /// If the operating system does not tell how it ended.
    pub async fn wait(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await;
        status
            .ok()
            .and_then(|status| *status)
            .expect("the watcher sees the end of our own child")
    }

    /// How the process ended; `None` while it runs.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    fn signal(&self, signal: Signal) {
        // Under the lock nobody reaps it, so the id cannot be another process's by now.
        let _process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        kill_process(self.pid, signal).expect("the child still runs");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("pid", &self.pid)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Builds a [`Child`].
#[must_use]
pub struct ChildBuilder {
    scenario: String,
    input: Value,
    held: HashSet<String>,
    env: Vec<(String, String)>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
}

impl ChildBuilder {
    /// What [`Parent::input`](super::Parent::input) gives.
    ///
    /// # Panics
    ///
    /// If it cannot be written as JSON.
    pub fn input(mut self, input: &impl Serialize) -> Self {
        self.input = serde_json::to_value(input).expect("the input can be written as JSON");
        self
    }

    /// Whoever comes to this point waits there until [`Child::go`], each time.
    pub fn hold_at(mut self, point: impl Into<String>) -> Self {
        self.held.insert(point.into());
        self
    }

    /// One more environment variable. The process inherits those of this one.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Where its standard output goes, by default where this process's goes.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// Where its standard error goes, by default where this process's goes.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// Starts the process.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, and if the process cannot be started.
    #[must_use]
    pub fn spawn(self) -> Child {
        let channel = SideChannel::listen(self.input, self.held);
        let program = env::current_exe().expect("the path of this executable is known");
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .envs(self.env)
            .envs(channel.environment(&self.scenario));
        if let Some(stdout) = self.stdout {
            command.stdout(stdout);
        }
        if let Some(stderr) = self.stderr {
            command.stderr(stderr);
        }
        let process = command.spawn().expect("this executable can be started");
        let pid = Pid::from_child(&process);
        let process = Arc::new(Mutex::new(process));
        let (ended, exit) = watch::channel(None);
        let reaping = Arc::clone(&process);
        thread::spawn(move || {
            // Only looks: the handle must be free to kill it meanwhile.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
            let mut process = reaping.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody may be left to hear it.
            ended.send_replace(process.wait().ok());
        });
        Child {
            process,
            pid,
            channel,
            exit,
        }
    }
}

impl fmt::Debug for ChildBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of variables may be secrets.
        f.debug_struct("ChildBuilder")
            .field("scenario", &self.scenario)
            .finish_non_exhaustive()
    }
}
