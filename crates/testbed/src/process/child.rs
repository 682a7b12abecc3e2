use std::{
    collections::HashSet,
    env, fmt, io,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use powertools_core::SharedRandom;
use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, waitid},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::watch;

use super::{SideChannel, channel::Peers, message::LEASH, spawner};

/// This executable, running one of its scenarios in a process of its own.
///
/// Dropping it kills the process and waits for its end.
pub struct Child {
    process: Arc<Process>,
    channel: SideChannel,
    ended: watch::Receiver<()>,
}

struct Process {
    pid: Pid,
    /// Only the reaper reaps it, and only under this lock: until then the id is its own.
    handle: Mutex<std::process::Child>,
    status: OnceLock<io::Result<ExitStatus>>,
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
        self.process.pid.as_raw_nonzero().get().unsigned_abs()
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
        self.channel.report_before(self.end()).await
    }

    /// Waits until the process comes to this point. Each arrival is seen once.
    ///
    /// # Panics
    ///
    /// If that takes more than a minute, or the process ends first.
    pub async fn reached(&self, point: &str) {
        assert!(
            self.reaches(point).await,
            "the child ended before the point `{point}`: {:?}",
            self.status()
        );
    }

    /// Whether the process comes to this point before it ends. Each arrival is seen once.
    ///
    /// # Panics
    ///
    /// If neither happens within a minute.
    pub async fn reaches(&self, point: &str) -> bool {
        self.channel.reached_before(point, self.end()).await
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
        self.process.signal(Signal::STOP);
        // Without NOWAIT the news would be taken from whoever else asks for it.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = self.process.wait_for(options);
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
        self.process.signal(Signal::CONT);
    }

    /// Asks the process with SIGTERM to end, as a platform does that is about to kill it.
    ///
    /// # Panics
    ///
    /// If the process has ended.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Kills the process with SIGKILL, paused or not, and waits for its end. It may have
    /// ended by itself before.
    ///
    /// # Panics
    ///
    /// If the operating system does not tell how it ended.
    #[expect(clippy::must_use_candidate, reason = "the end is the point")]
    pub fn kill(&self) -> ExitStatus {
        self.process.kill();
        *known(self.process.status.wait())
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

    /// Kills the process after a random time, at most `longest`, and waits for its end. It
    /// may have ended by itself before; the status tells.
    ///
    /// # Panics
    ///
    /// As [`kill`](Self::kill), and outside a Tokio runtime.
    pub async fn kill_within(&self, longest: Duration, random: &SharedRandom) -> ExitStatus {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
        let after = longest.mul_f64(share);
        let process = Arc::clone(&self.process);
        // On a thread of its own: the runtime's timers know only whole milliseconds.
        let killing = tokio::task::spawn_blocking(move || {
            thread::sleep(after);
            process.kill();
        });
        killing.await.expect("killing does not panic");
        self.wait().await
    }

    /// Waits until the process ends, for whatever reason.
    ///
    /// # Panics
    ///
    /// If the operating system does not tell how it ended.
    pub async fn wait(&self) -> ExitStatus {
        self.end().await;
        *known(self.process.status.wait())
    }

    /// How the process ended; `None` while it runs.
    ///
    /// # Panics
    ///
    /// If the operating system does not tell how it ended.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        self.process.status.get().map(known).copied()
    }

    async fn end(&self) {
        // The reaper drops the sender.
        while self.ended.clone().changed().await.is_ok() {}
    }
}

fn known(status: &io::Result<ExitStatus>) -> &ExitStatus {
    status.as_ref().expect("our own child, reaped nowhere else")
}

impl Process {
    fn kill(&self) {
        // It fails if the process has ended already.
        let _ = self.lock().kill();
    }

    fn signal(&self, signal: Signal) {
        let _handle = self.lock();
        assert!(self.status.get().is_none(), "the child has ended");
        kill_process(self.pid, signal).expect("it was not reaped yet, so its id is there");
    }

    /// Waits for a change of its state without reaping it; `None` if it has been reaped.
    fn wait_for(&self, options: WaitIdOptions) -> Option<WaitIdStatus> {
        loop {
            match waitid(WaitId::Pid(self.pid), options) {
                Err(Errno::INTR) => {}
                status => return status.ok().flatten(),
            }
        }
    }

    /// Runs on a thread of its own, the only one that reaps.
    fn reap(&self) {
        // Only looks: the handle must be free to kill it meanwhile.
        self.wait_for(WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let mut handle = self.lock();
        // Set before the lock is free: nobody signals an id that is not its own any more.
        let _ = self.status.set(handle.wait());
    }

    fn lock(&self) -> MutexGuard<'_, std::process::Child> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.kill();
        self.process.status.wait();
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("pid", &self.process.pid)
            .field("status", &self.process.status.get())
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

    /// Where its standard output goes, by default where this process's standard error goes:
    /// what a test binary prints is counted.
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
        let channel = SideChannel::listen(self.input, self.held, Peers::One);
        let program = env::current_exe().expect("the path of this executable is known");
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .stdout(self.stdout.unwrap_or_else(|| io::stderr().into()))
            .envs(self.env)
            .env(LEASH, "1")
            .envs(channel.environment(&self.scenario));
        if let Some(stderr) = self.stderr {
            command.stderr(stderr);
        }
        let handle = spawner::spawn(command).expect("this executable can be started");
        let process = Arc::new(Process {
            pid: Pid::from_child(&handle),
            handle: Mutex::new(handle),
            status: OnceLock::new(),
        });
        let (ending, ended) = watch::channel(());
        let reaped = Arc::clone(&process);
        thread::spawn(move || {
            reaped.reap();
            drop(ending);
        });
        Child {
            process,
            channel,
            ended,
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
