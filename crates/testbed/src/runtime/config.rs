//! What a function is like.

use std::{path::PathBuf, time::Duration};

use powertools_local::{FunctionProcess, FunctionProcessBuilder};

/// Lambda's own limits.
const INIT: Duration = Duration::from_secs(10);
const LONG_INIT: Duration = Duration::from_secs(130);
const TIMEOUT: Duration = Duration::from_secs(3);

/// What stays the same from process to process.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) program: Option<PathBuf>,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) workers: u32,
    pub(super) timeout: Duration,
    pub(super) init_timeout: Option<Duration>,
    pub(super) restore_timeout: Option<Duration>,
    pub(super) snap_start: bool,
    pub(super) external_extensions: Vec<String>,
    pub(super) function_name: String,
    pub(super) memory_size: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            program: None,
            args: Vec::new(),
            env: Vec::new(),
            workers: 1,
            timeout: TIMEOUT,
            init_timeout: None,
            restore_timeout: None,
            snap_start: false,
            external_extensions: Vec::new(),
            function_name: "function".to_owned(),
            memory_size: 128,
        }
    }
}

impl Config {
    /// Neither SnapStart nor Managed Instances: an init that fails is tried again inside of
    /// the next invocation.
    pub(super) fn is_on_demand(&self) -> bool {
        self.workers == 1 && !self.snap_start
    }

    /// The limit of the init phase.
    pub(super) fn init_timeout(&self) -> Duration {
        let default = if self.is_on_demand() {
            INIT
        } else {
            LONG_INIT.max(self.timeout)
        };
        self.init_timeout.unwrap_or(default)
    }

    pub(super) fn process(&self) -> FunctionProcessBuilder {
        let mut process = FunctionProcess::builder()
            .function_name(&self.function_name)
            .memory_size(self.memory_size)
            .workers(self.workers)
            .snap_start(self.snap_start);
        if let Some(limit) = self.restore_timeout {
            process = process.restore_timeout(limit);
        }
        if let Some(program) = &self.program {
            process = process.program(program);
        }
        for arg in &self.args {
            process = process.arg(arg);
        }
        for (name, value) in &self.env {
            process = process.env(name, value);
        }
        for name in &self.external_extensions {
            process = process.external_extension(name);
        }
        process
    }
}
