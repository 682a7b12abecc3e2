use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use powertools_core::SharedRandom;
use powertools_local::{Exit, Invoke, RuntimeApi, ShutdownReason};
use tokio::sync::Semaphore;

use super::{
    config::Config, control::Control, host::Host, in_flight::InFlight, inner::Inner,
    output::Output, report::Report,
};

/// One execution environment of a function.
///
/// Clones are the same environment; the function's process ends with the last of them.
///
/// ```no_run
/// use std::time::Duration;
/// use powertools_local::Invoke;
/// use testbed::runtime::{Lambda, Status};
///
/// # async fn test() {
/// let lambda = Lambda::builder().timeout(Duration::from_secs(2)).start().await;
/// let report = lambda.invoke(Invoke::new(r#"{"do":"hang"}"#)).await;
/// assert_eq!(report.status(), Status::Timeout);
/// assert_eq!(report.error_type().as_deref(), Some("Sandbox.Timedout"));
/// # }
/// ```
#[derive(Clone)]
pub struct Lambda {
    inner: Arc<Inner>,
}

impl Lambda {
    pub(super) fn new(
        config: Arc<Config>,
        api: RuntimeApi,
        control: Control,
        output: Output,
        host: Host,
    ) -> Self {
        let permits = usize::try_from(config.workers).unwrap_or(Semaphore::MAX_PERMITS);
        let inner = Inner {
            config,
            api,
            host,
            control,
            output,
            permits: Arc::new(Semaphore::new(permits)),
            random: SharedRandom::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Invokes the function and waits for the end. As many invocations run at once as there
    /// are workers; more of them wait. The request id is a new one and the time-out is the
    /// function's, whatever stands in `invoke`.
    pub async fn invoke(&self, invoke: Invoke) -> Report {
        self.begin(invoke).await.report().await
    }

    /// Invokes the function again with the same event and request id, as Lambda does when an
    /// asynchronous invocation failed. The invocation id is another one.
    pub async fn retry(&self, report: &Report) -> Report {
        let id = report.request_id().to_owned();
        self.begin_as(id, report.invoke.clone())
            .await
            .report()
            .await
    }

    /// As [`invoke`](Self::invoke), but returns when the event is queued, so that a stream
    /// can be read while it arrives.
    pub async fn begin(&self, invoke: Invoke) -> InFlight {
        let mut bytes = [0; 16];
        self.inner.random.fill(&mut bytes);
        let hex = format!("{:032x}", u128::from_be_bytes(bytes));
        let id = format!(
            "{}-{}-4{}-a{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        );
        self.begin_as(id, invoke).await
    }

    async fn begin_as(&self, request_id: String, invoke: Invoke) -> InFlight {
        let permits = Arc::clone(&self.inner.permits);
        let permit = permits.acquire_owned().await;
        let permit = permit.expect("nobody closes the semaphore");
        InFlight::begin(Arc::clone(&self.inner), request_id, invoke, permit).await
    }

    /// Waits for the end of the init phase and says how long it took; nothing in this process.
    ///
    /// # Errors
    ///
    /// If the process ended before that.
    pub async fn initialised(&self) -> Result<Duration, Exit> {
        match self.inner.host.process() {
            Some(process) => process.initialised().await,
            None => Ok(Duration::ZERO),
        }
    }

    /// Restores a function with SnapStart and says how long its hooks took. An invocation
    /// does that by itself.
    ///
    /// # Errors
    ///
    /// If a hook fails or takes too long, or the process ends.
    pub async fn restore(&self) -> Result<Duration, Exit> {
        match self.inner.host.process() {
            Some(process) => process.restore().await,
            None => Ok(Duration::ZERO),
        }
    }

    /// Ends the environment as Lambda does, and waits until its process is gone; `None` if
    /// there is none. An invocation after that starts another one, but not in this process, where
    /// the workers end.
    pub async fn shut_down(&self, reason: ShutdownReason) -> Option<Exit> {
        self.inner.host.shut_down(reason).await
    }

    /// The calls of the runtime, and how to hold or answer them.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.inner.control
    }

    /// What the function's processes have written.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.inner.output
    }

    /// The process that there is now.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.inner.host.process()?.id()
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API` for the process that there is now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.inner.host.address(self.inner.api.address())
    }
}

impl fmt::Debug for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lambda")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
