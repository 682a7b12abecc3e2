//! What the tests share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each target uses a part; a test may panic"
)]

use std::{
    any::Any,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    Clock, ColdStart, Env, Extract, Host, SharedClock,
    test_util::{CapturedOutput, ManualClock, TestContext},
};
use powertools_logger::{LoggerBuilder, LoggerLayer};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{Registry, layer::SubscriberExt};

pub(crate) const NO_ENV: [(&str, &str); 0] = [];

/// 2023-11-14T22:13:20.500Z
pub(crate) fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)
}

/// Time stands still; no invocation is cold but the first.
pub(crate) fn host<const N: usize>(env: [(&str, &str); N]) -> Host {
    Host::default()
        .with_clock(ManualClock::at(moment()).shared())
        .with_cold_start(ColdStart::unused())
        .with_env(Env::from_iter(env))
}

/// A clock that moves with tokio's paused time.
#[derive(Debug)]
pub(crate) struct PausedClock {
    start: tokio::time::Instant,
}

impl PausedClock {
    /// It shows [`moment`] now.
    pub(crate) fn shared() -> SharedClock {
        SharedClock::new(Self {
            start: tokio::time::Instant::now(),
        })
    }
}

impl Clock for PausedClock {
    fn now(&self) -> SystemTime {
        moment() + self.start.elapsed()
    }

    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// A logger that this thread's events go to, until it is dropped.
pub(crate) struct Bed<L = LoggerLayer> {
    pub(crate) logger: L,
    pub(crate) output: CapturedOutput,
    _installed: DefaultGuard,
}

pub(crate) fn install<C: 'static, E: 'static>(
    builder: LoggerBuilder<C, E>,
) -> Bed<LoggerLayer<C, E>> {
    let output = CapturedOutput::default();
    let logger = builder.output(output.writer()).build().unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    Bed {
        _installed: tracing::subscriber::set_default(subscriber),
        logger,
        output,
    }
}

impl<L> Bed<L> {
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.output.json()
    }

    /// The messages so far, in their order.
    pub(crate) fn messages(&self) -> Vec<String> {
        messages(&self.lines())
    }
}

impl<C, E> Bed<LoggerLayer<C, E>>
where
    C: Clone + Extract<LambdaEvent<()>>,
    E: Clone + Extract<LambdaEvent<()>>,
{
    /// Calls the handler as this invocation.
    pub(crate) async fn invoke<F, T, Err>(
        &self,
        id: &str,
        handler: impl FnMut() -> F,
    ) -> Result<T, Err>
    where
        F: Future<Output = Result<T, Err>>,
        Err: fmt::Debug + 'static,
    {
        self.invoke_with(TestContext::new(id), handler).await
    }

    pub(crate) async fn invoke_with<F, T, Err>(
        &self,
        context: TestContext,
        mut handler: impl FnMut() -> F,
    ) -> Result<T, Err>
    where
        F: Future<Output = Result<T, Err>>,
        Err: fmt::Debug + 'static,
    {
        let handler = service_fn(move |_: LambdaEvent<()>| handler());
        self.logger.layer(handler).oneshot(context.event(())).await
    }

    /// Calls a handler that logs and answers.
    pub(crate) async fn run(&self, id: &str, log: impl AsyncFn()) {
        let handler = async || {
            log().await;
            Ok::<_, std::convert::Infallible>(())
        };
        self.invoke(id, handler).await.unwrap();
    }
}

pub(crate) fn messages(lines: &[Value]) -> Vec<String> {
    let message = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
    lines.iter().map(message).collect()
}

/// The line with this message, which must be there once.
pub(crate) fn line<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    let mut found = lines.iter().filter(|line| line["message"] == message);
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "`{message}` is there twice: {lines:#?}");
    first.unwrap_or_else(|| panic!("no `{message}` in {lines:#?}"))
}

/// Polls a future that may panic, as a runtime does.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}
