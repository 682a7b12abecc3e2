use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use powertools_core::{Env, SharedClock, SharedRandom};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    EventFormat, LocalError, RuntimeApi,
    arn::function_arn,
    endpoints::closed,
    error::ADDRESS_VARIABLE,
    event::DEFAULT_STAGE,
    gateway::{Gateway, Settings},
    notice::say,
    plan::Plan,
    signal::interrupted,
};

/// How long a client may hold up the end.
const LAST_RESPONSES: Duration = Duration::from_secs(1);

/// A local HTTP server in front of the function that this executable is.
///
/// Each request becomes an API Gateway or Function URL event, goes through a
/// [`RuntimeApi`] to this same executable started again, and the answer comes
/// back as the HTTP response. See the [crate's page](crate) for an example.
#[derive(Debug, Clone)]
#[must_use]
pub struct Front {
    env: Env,
    address: SocketAddr,
    format: EventFormat,
    stage: Option<String>,
    timeout: Duration,
    example: Option<String>,
    plan: Plan,
}

impl Front {
    /// The front, if this process is not the function itself: `None` if
    /// `AWS_LAMBDA_RUNTIME_API` is set, as it is in Lambda, under
    /// `cargo lambda watch` and in the process that the front starts.
    #[must_use]
    pub fn outside_lambda() -> Option<Self> {
        Self::from_env(Env::process())
    }

    fn from_env(env: Env) -> Option<Self> {
        if env.get_non_empty("AWS_LAMBDA_RUNTIME_API").is_some() {
            return None;
        }
        Some(Self {
            env,
            address: SocketAddr::from(([127, 0, 0, 1], 3000)),
            format: EventFormat::default(),
            stage: None,
            timeout: Duration::from_secs(30),
            example: None,
            plan: Plan::default(),
        })
    }

    /// Where to listen, by default on 127.0.0.1:3000. Port 0 takes a free one.
    /// `POWERTOOLS_LOCAL_ADDRESS` overrides it.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Which events the function gets, by default those of a REST API.
    pub fn event_format(mut self, format: EventFormat) -> Self {
        self.format = format;
        self
    }

    /// The stage, by default `local` for a REST API and `$default` otherwise.
    /// A Function URL has no other.
    pub fn stage(mut self, stage: impl Into<String>) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// The function's time-out, by default 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many events the function takes at once, by default 1. More than one
    /// is what Lambda Managed Instances do, and needs `run_concurrent`.
    pub fn workers(mut self, workers: u32) -> Self {
        self.plan.workers = workers;
        self
    }

    /// The function's name, by default that of the executable.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.plan.function_name = Some(name.into());
        self
    }

    /// The function's memory size in MB, by default 128. Nothing enforces it.
    pub fn memory_size(mut self, megabytes: u32) -> Self {
        self.plan.memory_size = megabytes;
        self
    }

    /// A path to try, for the line that [`serve`](Self::serve) prints.
    pub fn example(mut self, path: impl Into<String>) -> Self {
        self.example = Some(path.into());
        self
    }

    /// One more environment variable for the function. It inherits those of
    /// this process.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.env.push((name.into(), value.into()));
        self
    }

    /// Arguments for the function's process; it gets none by default.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.plan.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Serves until Ctrl-C, or SIGTERM on Unix, and leaves no process behind.
    ///
    /// What it has to say itself, such as the address and why a request failed,
    /// goes to standard error: standard output is the function's.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or if the signals cannot be listened to.
    pub async fn serve(self) -> Result<(), LocalError> {
        // From here on the signals are ours, so none can end us half started.
        let interrupted = interrupted().map_err(LocalError::signal)?;
        let example = self.example.clone().unwrap_or_else(|| "/".to_owned());
        let format = self.format.name();
        let running = self.start().await?;
        let address = running.address();
        let slash = if example.starts_with('/') { "" } else { "/" };
        say(&format!(
            "listening on http://{address} ({format})\n\
             try: curl 'http://{address}{slash}{example}'\n\
             Ctrl-C ends it"
        ));
        interrupted.await;
        running.stop().await;
        Ok(())
    }

    /// Starts the server and the function and returns at once.
    ///
    /// # Errors
    ///
    /// - the address is not a loopback address; nothing is bound then
    /// - the address is taken; the error names it
    /// - the environment variable, the stage or the number of workers is invalid
    /// - the executable cannot be started
    pub async fn start(self) -> Result<RunningFront, LocalError> {
        let address = self.loopback()?;
        let stage = self.checked_stage()?;
        self.plan.check()?;

        let bound = match TcpListener::bind(address).await {
            Ok(listener) => listener.local_addr().map(|address| (listener, address)),
            Err(error) => Err(error),
        };
        let (listener, address) = bound.map_err(|source| LocalError::bind(address, source))?;
        let api = RuntimeApi::bind().await?;

        let mut plan = self.plan;
        // Found once: a rebuild while we run replaces the file, not the path.
        let program = plan.program().map_err(LocalError::spawn)?;
        let region = self.env.get_non_empty("AWS_REGION");
        let region = region.as_deref().unwrap_or("us-east-1");
        let settings = Settings {
            address,
            format: self.format,
            stage,
            timeout: self.timeout,
            function_arn: function_arn(region, &plan.function_name(&program)),
            clock: SharedClock::default(),
            random: SharedRandom::default(),
        };
        plan.program = Some(program);
        let gateway = Arc::new(Gateway::start(settings, api, plan)?);
        let (open, closing) = watch::channel(());
        let server = axum::serve(listener, Arc::clone(&gateway).router())
            .with_graceful_shutdown(closed(closing))
            .into_future();
        let server = tokio::spawn(async move {
            // axum retries what can be retried; the rest never comes.
            let _ = server.await;
        });
        Ok(RunningFront {
            address,
            gateway,
            server,
            open: Some(open),
        })
    }

    fn loopback(&self) -> Result<SocketAddr, LocalError> {
        let address = match self.env.get_non_empty(ADDRESS_VARIABLE) {
            Some(text) => text.parse().map_err(|_| {
                LocalError::setting(
                    ADDRESS_VARIABLE,
                    "an address with a port, as 127.0.0.1:3000",
                )
            })?,
            None => self.address,
        };
        if !address.ip().to_canonical().is_loopback() {
            return Err(LocalError::not_loopback(address));
        }
        Ok(address)
    }

    fn checked_stage(&self) -> Result<String, LocalError> {
        let Some(stage) = &self.stage else {
            return Ok(self.format.default_stage().to_owned());
        };
        let named = !stage.is_empty()
            && stage
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let (valid, expected) = match self.format {
            EventFormat::ApiGatewayRest => (named, "letters, digits, hyphens and underscores"),
            EventFormat::HttpApi => (
                named || stage == DEFAULT_STAGE,
                "$default, or letters, digits, hyphens and underscores",
            ),
            EventFormat::FunctionUrl => (stage == DEFAULT_STAGE, "$default for a Function URL"),
        };
        if !valid {
            return Err(LocalError::setting("stage", expected));
        }
        Ok(stage.clone())
    }
}

/// A front that serves. Dropping it ends the server and kills the function.
#[must_use]
pub struct RunningFront {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    server: JoinHandle<()>,
    /// The port is open as long as this is there.
    open: Option<watch::Sender<()>>,
}

impl RunningFront {
    /// Where it listens; the real port if 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills the function, answers what is in flight with an error and closes
    /// the port. When this returns there is no process left.
    pub async fn stop(mut self) {
        self.gateway.stop().await;
        self.open = None;
        if tokio::time::timeout(LAST_RESPONSES, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
    }
}

impl Drop for RunningFront {
    fn drop(&mut self) {
        self.gateway.start_stop();
    }
}

impl fmt::Debug for RunningFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningFront")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front<const N: usize>(variables: [(&str, &str); N]) -> Front {
        Front::from_env(Env::from_iter(variables)).unwrap()
    }

    #[test]
    fn inside_lambda_there_is_no_front() {
        let inside = Env::from_iter([("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")]);
        assert!(Front::from_env(inside).is_none());
        assert!(Front::from_env(Env::from_iter([("PATH", "/bin")])).is_some());
    }

    #[test]
    fn the_variable_overrides_the_address() {
        let front =
            front([(ADDRESS_VARIABLE, "127.0.0.1:4000")]).address(([127, 0, 0, 1], 1).into());
        assert_eq!(front.loopback().unwrap().port(), 4000);
    }

    #[tokio::test]
    async fn an_address_beyond_loopback_is_refused() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            let error = front([(ADDRESS_VARIABLE, address)])
                .start()
                .await
                .unwrap_err();
            assert!(error.is_not_loopback(), "{error}");
            assert_eq!(error.address(), address.parse().ok());
        }
    }

    #[test]
    fn every_loopback_address_will_do() {
        for address in [
            "127.0.0.1:0",
            "127.1.2.3:0",
            "[::1]:0",
            "[::ffff:127.0.0.1]:0",
        ] {
            assert!(
                front([(ADDRESS_VARIABLE, address)]).loopback().is_ok(),
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn invalid_settings_are_named() {
        let address = front([(ADDRESS_VARIABLE, "localhost")])
            .start()
            .await
            .unwrap_err();
        assert!(address.is_invalid_setting());
        assert!(
            address.to_string().starts_with(ADDRESS_VARIABLE),
            "{address}"
        );

        let workers = front([]).workers(0).start().await.unwrap_err();
        assert!(workers.is_invalid_setting());
        assert!(workers.to_string().starts_with("workers"), "{workers}");
    }

    #[test]
    fn a_stage_is_one_that_the_service_can_have() {
        let stage =
            |format, stage: &str| front([]).event_format(format).stage(stage).checked_stage();

        assert_eq!(stage(EventFormat::ApiGatewayRest, "Prod").unwrap(), "Prod");
        assert!(
            stage(EventFormat::ApiGatewayRest, "$default")
                .unwrap_err()
                .is_invalid_setting()
        );
        assert!(stage(EventFormat::ApiGatewayRest, "a/b").is_err());
        assert_eq!(stage(EventFormat::HttpApi, "$default").unwrap(), "$default");
        assert_eq!(stage(EventFormat::HttpApi, "v1").unwrap(), "v1");
        assert!(stage(EventFormat::FunctionUrl, "v1").is_err());
    }
}
