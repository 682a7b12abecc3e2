use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{FunctionProcess, child::SharedChild, watcher::Watcher};
use crate::{
    LocalError, RuntimeApi,
    plan::Plan,
    source::{Nature, Source},
};

/// What Lambda leaves the hooks after a restore.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(10);

impl FunctionProcess {
    /// Describes a process; by default this executable again.
    pub fn builder() -> FunctionProcessBuilder {
        FunctionProcessBuilder::default()
    }
}

/// Builds a [`FunctionProcess`].
#[derive(Debug, Default)]
#[must_use]
pub struct FunctionProcessBuilder {
    plan: Plan,
    init_timeout: Option<Duration>,
    restore_timeout: Option<Duration>,
    external_extensions: Vec<String>,
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

    /// How long it may take to ask for its first event; then it is ended and
    /// [`Exit::is_init_timeout`](crate::Exit::is_init_timeout) is true. In Lambda that is 10 seconds. By
    /// default there is no limit here.
    pub fn init_timeout(mut self, limit: Duration) -> Self {
        self.init_timeout = Some(limit);
        self
    }

    /// `AWS_LAMBDA_INITIALIZATION_TYPE` is `snap-start`, and the function goes
    /// on from its snapshot when [`FunctionProcess::restore`] says so. Its log
    /// group and stream are not set.
    pub fn snap_start(mut self, snap_start: bool) -> Self {
        self.plan.snap_start = snap_start;
        self
    }

    /// How long the hooks may take after a restore, by default 10 seconds.
    pub fn restore_timeout(mut self, limit: Duration) -> Self {
        self.restore_timeout = Some(limit);
        self
    }

    /// The name of an extension that runs outside of the function's process,
    /// and can register for `SHUTDOWN` for that reason. It is not started:
    /// that is for the caller, with [`FunctionProcess::address`]. The init
    /// phase does not end before it has registered and asked for an event.
    pub fn external_extension(mut self, name: impl Into<String>) -> Self {
        self.external_extensions.push(name.into());
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
    /// If the executable cannot be started, no port is free, or the number of
    /// `workers` is not possible.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn(self, api: &RuntimeApi) -> Result<FunctionProcess, LocalError> {
        let Self {
            plan,
            init_timeout,
            restore_timeout,
            external_extensions,
            stdout,
            stderr,
        } = self;
        plan.check()?;
        let program = plan.program().map_err(LocalError::spawn)?;
        let source = Source::new(Nature {
            function_name: plan.function_name(&program),
            resets_on_timeout: plan.workers == 1,
            is_process: true,
            snap_start: plan.snap_start,
            init_timeout,
            restore_timeout: restore_timeout.unwrap_or(RESTORE_TIMEOUT),
            external_extensions,
        });
        let server = api.serve(Arc::clone(&source))?;
        let address = server.address;
        let mut command = plan.command(program, &source.nature().function_name, address);
        if let Some(stdout) = stdout {
            command.stdout(stdout);
        }
        if let Some(stderr) = stderr {
            command.stderr(stderr);
        }
        let started = Instant::now();
        let child = command.spawn().map_err(LocalError::spawn)?;
        let id = child.id();
        let child = SharedChild::new(child);
        let (exit_sender, exit) = watch::channel(None);
        let watcher = Watcher {
            child: child.clone(),
            api: api.clone(),
            source: Arc::clone(&source),
            server,
        };
        tokio::spawn(async move {
            let exit = watcher.run().await;
            // Nobody may be left to hear it.
            exit_sender.send_replace(Some(exit));
        });
        Ok(FunctionProcess {
            id,
            address,
            child,
            source,
            started,
            exit,
        })
    }
}
