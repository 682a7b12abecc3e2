use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use lambda_runtime::{Diagnostic, LambdaEvent};
use powertools_local::RuntimeApi;
use serde::{Serialize, de::DeserializeOwned};
use tower_service::Service;

use super::{
    config::Config, control::Control, environment::Environment, host::Host, in_process::InProcess,
    lambda::Lambda, output::Output,
};

impl Lambda {
    /// Describes a function; by default this executable again, which is the function if
    /// `AWS_LAMBDA_RUNTIME_API` is set.
    pub fn builder() -> LambdaBuilder {
        LambdaBuilder::default()
    }
}

/// Builds a [`Lambda`].
#[derive(Debug, Default)]
#[must_use]
pub struct LambdaBuilder {
    config: Config,
    control: Control,
}

impl LambdaBuilder {
    /// Another executable than this one.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.program = Some(path.into());
        self
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.config.args.push(arg.into());
        self
    }

    /// One more environment variable.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.env.push((name.into(), value.into()));
        self
    }

    /// How many invocations at once, by default 1. More are Managed Instances.
    pub fn workers(mut self, workers: u32) -> Self {
        self.config.workers = workers;
        self
    }

    /// The function's time-out, by default 3 seconds as in Lambda.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// The limit of the init phase, by default Lambda's: 10 seconds, and for SnapStart and
    /// Managed Instances 130 seconds or the function's time-out.
    pub fn init_timeout(mut self, limit: Duration) -> Self {
        self.config.init_timeout = Some(limit);
        self
    }

    /// Whether the function is restored from a snapshot.
    pub fn snap_start(mut self, snap_start: bool) -> Self {
        self.config.snap_start = snap_start;
        self
    }

    /// The limit of the hooks after a restore, by default 10 seconds.
    pub fn restore_timeout(mut self, limit: Duration) -> Self {
        self.config.restore_timeout = Some(limit);
        self
    }

    /// The name of an extension that the test runs itself, at [`Lambda::address`]. The init
    /// phase does not end before it has registered and asked for an event.
    pub fn external_extension(mut self, name: impl Into<String>) -> Self {
        self.config.external_extensions.push(name.into());
        self
    }

    /// The function's name, by default `function`.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.config.function_name = name.into();
        self
    }

    /// The function's memory size in MB, by default 128. Nothing enforces it.
    pub fn memory_size(mut self, megabytes: u32) -> Self {
        self.config.memory_size = megabytes;
        self
    }

    /// Rules that are there from the first call on. A control is for one function.
    pub fn control(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    /// Starts the process, whose init phase goes on while this returns.
    ///
    /// # Panics
    ///
    /// If there is no port or the executable cannot be started.
    pub async fn start(self) -> Lambda {
        let config = Arc::new(self.config);
        let control = self.control;
        let api = bind(control.clone()).await;
        let output = Output::new();
        let host = Environment::start(Arc::clone(&config), api.clone(), output.clone());
        Lambda::new(config, api, control, output, Host::Process(host))
    }

    /// Drives this service in this process, with as many workers as were set.
    ///
    /// It speaks with the Runtime API as a runtime does, over HTTP and with the real
    /// `Context`. Nothing can be killed here: as on Managed Instances, an invocation that
    /// passes its deadline is failed and its code runs on and holds its worker. A panic of
    /// `poll_ready`, or an error of it, is reported as the invocation's error, where a process
    /// would end. A worker whose `/next` is refused asks again. Environment variables, SnapStart
    /// and extensions have no meaning.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn start_in_process<S, T, R>(self, service: S) -> Lambda
    where
        S: Service<LambdaEvent<T>, Response = R> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Diagnostic> + fmt::Debug + Send,
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let config = Arc::new(self.config);
        let control = self.control;
        let api = bind(control.clone()).await;
        let host = InProcess::start(&config, api.address(), service);
        Lambda::new(config, api, control, Output::new(), Host::InProcess(host))
    }
}

async fn bind(control: Control) -> RuntimeApi {
    let api = RuntimeApi::bind_intercepted(move |request| control.clone().intercept(request)).await;
    api.unwrap_or_else(|error| panic!("no port for the Runtime API: {error:?}"))
}
