//! How to start the function's process, again and again.

use std::{
    env, fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::LocalError;

/// Everything that can be used again for the next process.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) program: Option<PathBuf>,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) workers: u32,
    pub(crate) memory_size: u32,
    pub(crate) function_name: Option<String>,
    pub(crate) snap_start: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            program: None,
            args: Vec::new(),
            env: Vec::new(),
            workers: 1,
            memory_size: 128,
            function_name: None,
            snap_start: false,
        }
    }
}

impl Plan {
    pub(crate) fn check(&self) -> Result<(), LocalError> {
        if self.workers == 0 {
            return Err(LocalError::setting("workers", "at least 1"));
        }
        if self.snap_start && self.workers > 1 {
            return Err(LocalError::setting("workers", "1 with SnapStart"));
        }
        Ok(())
    }

    pub(crate) fn program(&self) -> io::Result<PathBuf> {
        self.program.clone().map_or_else(env::current_exe, Ok)
    }

    pub(crate) fn function_name(&self, program: &Path) -> String {
        let stem = || {
            program
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        };
        self.function_name
            .clone()
            .or_else(stem)
            .unwrap_or_else(|| "function".to_owned())
    }

    pub(crate) fn command(&self, program: PathBuf, name: &str, runtime_api: SocketAddr) -> Command {
        let mut command = Command::new(program);
        command
            .args(&self.args)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .env_remove("_X_AMZN_TRACE_ID")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                self.memory_size.to_string(),
            );
        if self.workers == 1 {
            let kind = if self.snap_start {
                // They would be those of the environment that was snapshotted.
                command
                    .env_remove("AWS_LAMBDA_LOG_GROUP_NAME")
                    .env_remove("AWS_LAMBDA_LOG_STREAM_NAME");
                "snap-start"
            } else {
                "on-demand"
            };
            command
                .env("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
                .env_remove("AWS_LAMBDA_MAX_CONCURRENCY");
        } else {
            command
                .env("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances")
                .env("AWS_LAMBDA_MAX_CONCURRENCY", self.workers.to_string());
        }
        command
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string());
        command
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of variables may be secrets.
        f.debug_struct("Plan")
            .field("program", &self.program)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
