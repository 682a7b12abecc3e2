use std::{
    fmt,
    future::poll_fn,
    io,
    path::PathBuf,
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{process::Child, sync::watch};

use crate::{
    LocalError, RuntimeApi,
    plan::Plan,
    queue::{Condition, Source},
    runtime_api::Server,
};

/// How long a process may go on after it reported an error of its
/// initialisation: long enough to end by itself and to write its last lines.
const AFTER_INIT_ERROR: Duration = Duration::from_millis(500);

/// What Lambda leaves a function that registered an extension.
const SHUTDOWN: Duration = Duration::from_millis(500);

/// A function that runs as a child process and takes its events from a
/// [`RuntimeApi`].
///
/// As Lambda does it, a process with one worker is killed when an invocation
/// passes its deadline; with several workers (Lambda Managed Instances) the
/// invocation fails and the code runs on. When the process ends, whatever it
/// was working on is replied to as [`Reply::Crashed`](crate::Reply::Crashed).
///
/// Dropping the handle kills the process.
///
/// # Tests
///
/// A test whose `main` is its own (`harness = false`) can be the function too:
/// if `AWS_LAMBDA_RUNTIME_API` is set it calls `lambda_runtime::run`, if not it
/// runs the tests, which start the same executable again. To read what the
/// function prints, give it one end of a pipe:
///
/// ```no_run
/// use std::{io, thread};
/// use powertools_local::{FunctionProcess, RuntimeApi};
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let (reader, writer) = io::pipe()?;
/// let printed = thread::spawn(|| io::read_to_string(reader));
///
/// let api = RuntimeApi::bind().await?;
/// let function = FunctionProcess::builder().workers(16).stdout(writer).spawn(&api)?;
/// // … api.invoke(…) …
/// function.kill().await;
/// let lines = printed.join().expect("the reader does not panic")?;
/// # Ok(())
/// # }
/// ```
pub struct FunctionProcess {
    id: Option<u32>,
    child: SharedChild,
    source: Arc<Source>,
    exit: watch::Receiver<Option<Exit>>,
}

impl FunctionProcess {
    /// Describes a process; by default this executable again.
    pub fn builder() -> FunctionProcessBuilder {
        FunctionProcessBuilder::default()
    }

    /// The operating system's id of the process.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// Whether the process has not ended yet.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Waits until the process has ended, for whatever reason.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|exit| exit.clone());
        // Without its watcher the process was killed with the async runtime.
        ended.unwrap_or_default()
    }

    /// Kills the process and waits until it is gone.
    pub async fn kill(&self) -> Exit {
        self.child.kill();
        self.wait().await
    }

    /// As [`kill`](Self::kill), but a process with an extension may first come
    /// to its end by itself: it gets the Ctrl-C of the terminal as we do.
    pub(crate) async fn shut_down(&self) {
        if self.source.is_extended() {
            let _ = tokio::time::timeout(SHUTDOWN, self.wait()).await;
        }
        self.kill().await;
    }

    /// Kills the process and leaves it to its watcher to see it gone.
    pub(crate) fn start_kill(&self) {
        self.child.kill();
    }
}

impl Drop for FunctionProcess {
    fn drop(&mut self) {
        self.child.kill();
    }
}

impl fmt::Debug for FunctionProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionProcess")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How a [`FunctionProcess`] ended.
#[derive(Debug, Clone, Default)]
pub struct Exit {
    status: Option<ExitStatus>,
    initialised: bool,
    init_error: Option<Bytes>,
}

impl Exit {
    /// What the operating system says; `None` if it does not.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Whether it ended before it asked for its first event, or said itself
    /// that it could not initialise.
    #[must_use]
    pub fn is_init_error(&self) -> bool {
        !self.initialised || self.init_error.is_some()
    }

    /// The JSON that it sent to `/runtime/init/error`.
    #[must_use]
    pub fn init_error(&self) -> Option<&Bytes> {
        self.init_error.as_ref()
    }
}

/// Builds a [`FunctionProcess`].
#[derive(Debug, Default)]
#[must_use]
pub struct FunctionProcessBuilder {
    plan: Plan,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
}

impl FunctionProcessBuilder {
    pub(crate) fn from_plan(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            ..Self::default()
        }
    }

    /// Another executable than this one.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.plan.program = Some(path.into());
        self
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.plan.args.push(arg.into());
        self
    }

    /// One more environment variable. The process inherits those of this one.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.env.push((name.into(), value.into()));
        self
    }

    /// `AWS_LAMBDA_MAX_CONCURRENCY`: how many events the process takes at once.
    /// The default is 1, and the variable is then unset.
    pub fn workers(mut self, workers: u32) -> Self {
        self.plan.workers = workers;
        self
    }

    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` in MB, by default 128. Nothing
    /// enforces it.
    pub fn memory_size(mut self, megabytes: u32) -> Self {
        self.plan.memory_size = megabytes;
        self
    }

    /// `AWS_LAMBDA_FUNCTION_NAME`, by default the name of the executable.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.plan.function_name = Some(name.into());
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

    /// Starts the process on a loopback port of its own, so that what it takes
    /// and leaves behind is told apart from other processes on the same `api`.
    ///
    /// # Errors
    ///
    /// If the executable cannot be started, no port is free, or `workers` is 0.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn(self, api: &RuntimeApi) -> Result<FunctionProcess, LocalError> {
        let Self {
            plan,
            stdout,
            stderr,
        } = self;
        plan.check()?;
        let program = plan.program().map_err(LocalError::spawn)?;
        let source = Source::new(plan.function_name(&program), plan.workers == 1);
        let server = api.serve(Arc::clone(&source))?;
        let mut command = plan.command(program, source.function_name(), server.address);
        if let Some(stdout) = stdout {
            command.stdout(stdout);
        }
        if let Some(stderr) = stderr {
            command.stderr(stderr);
        }
        let child = command.spawn().map_err(LocalError::spawn)?;
        let id = child.id();
        let child = SharedChild(Arc::new(Mutex::new(child)));
        let (exit_sender, exit) = watch::channel(None);
        let watcher = Watcher {
            child: child.clone(),
            api: api.clone(),
            source: Arc::clone(&source),
            _server: server,
        };
        tokio::spawn(async move {
            let exit = watcher.run().await;
            // Nobody may be left to hear it.
            exit_sender.send_replace(Some(exit));
        });
        Ok(FunctionProcess {
            id,
            child,
            source,
            exit,
        })
    }
}

/// The handle kills the child at once, without help of the async runtime;
/// the watcher waits for it.
#[derive(Clone)]
struct SharedChild(Arc<Mutex<Child>>);

impl SharedChild {
    async fn ended(&self) -> io::Result<ExitStatus> {
        // Locked for each poll only.
        poll_fn(|cx| pin!(self.lock().wait()).poll(cx)).await
    }

    fn kill(&self) {
        // It fails if the child has ended already.
        let _ = self.lock().start_kill();
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees the child to its end.
struct Watcher {
    child: SharedChild,
    api: RuntimeApi,
    source: Arc<Source>,
    _server: Server,
}

impl Watcher {
    async fn run(self) -> Exit {
        let mut condition = self.source.condition();
        let retired = async {
            let reason = condition
                .wait_for(|condition| *condition != Condition::Serving)
                .await;
            reason.is_ok_and(|reason| matches!(*reason, Condition::InitError(_)))
        };
        let status = tokio::select! {
            status = self.child.ended() => status,
            said_why = retired => {
                if said_why {
                    let _ = tokio::time::timeout(AFTER_INIT_ERROR, self.child.ended()).await;
                }
                self.child.kill();
                self.child.ended().await
            }
        };
        let init_error = match &*self.source.condition().borrow() {
            Condition::InitError(body) => Some(body.clone()),
            Condition::Serving | Condition::TimedOut | Condition::Gone => None,
        };
        self.api.crash(&self.source);
        Exit {
            status: status.ok(),
            initialised: self.source.has_asked(),
            init_error,
        }
    }
}
