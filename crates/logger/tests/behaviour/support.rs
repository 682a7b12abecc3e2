//! A logger that writes to memory, and invocations of it.

use std::{
    convert::Infallible,
    fmt,
    time::{Duration, SystemTime},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    ColdStart, Env, Host,
    test_util::{CapturedOutput, ManualClock, TestContext},
};
use powertools_logger::{LoggerBuilder, LoggerLayer};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing_subscriber::{Registry, layer::SubscriberExt};

pub(crate) const NO_ENV: [(&str, &str); 0] = [];

/// 2023-11-14T22:13:20.500Z
pub(crate) fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)
}

pub(crate) fn host<const N: usize>(env: [(&str, &str); N]) -> Host {
    Host::default()
        .with_clock(ManualClock::at(moment()).shared())
        .with_cold_start(ColdStart::unused())
        .with_env(Env::from_iter(env))
}

/// The service `pay` in an empty environment.
pub(crate) fn builder() -> LoggerBuilder {
    LoggerLayer::builder().host(host(NO_ENV)).service("pay")
}

/// As [`builder`], with these variables and no service.
pub(crate) fn with_env<const N: usize>(env: [(&str, &str); N]) -> LoggerBuilder {
    LoggerLayer::builder().host(host(env))
}

/// An event of the invocation `r-1`.
pub(crate) fn event<T>(payload: T) -> LambdaEvent<T> {
    TestContext::new("r-1").event(payload)
}

/// What is logged while `run` runs under the logger, with the logger.
pub(crate) fn logged<C, E>(
    builder: LoggerBuilder<C, E>,
    run: impl FnOnce(&LoggerLayer<C, E>),
) -> CapturedOutput {
    let output = CapturedOutput::default();
    let logger = builder.output(output.writer()).build().unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, || run(&logger));
    output
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// What is logged while a service inside the layer answers a request.
pub(crate) fn called<C, E, R, S>(
    builder: LoggerBuilder<C, E>,
    request: R,
    service: S,
) -> CapturedOutput
where
    LoggerLayer<C, E>: Layer<S, Service: Service<R, Error: fmt::Debug>>,
{
    logged(builder, |logger| {
        assert!(block_on(logger.layer(service).oneshot(request)).is_ok());
    })
}

/// What is logged in one invocation, `r-1`.
pub(crate) fn invoked(builder: LoggerBuilder, body: impl AsyncFnOnce()) -> CapturedOutput {
    let mut body = Some(body);
    let handler = service_fn(|_: LambdaEvent<()>| {
        let body = body.take().unwrap();
        async move {
            body().await;
            Ok::<_, Infallible>(())
        }
    });
    called(builder, event(()), handler)
}

/// The lines of code outside any invocation.
pub(crate) fn lines(run: impl FnOnce()) -> Vec<Value> {
    logged(builder(), |_| run()).json()
}

/// The only line.
pub(crate) fn only(output: &CapturedOutput) -> Value {
    let [line] = output
        .json()
        .try_into()
        .unwrap_or_else(|lines| panic!("{lines:?}"));
    line
}

/// The only line of code outside any invocation.
pub(crate) fn line(run: impl FnOnce()) -> Value {
    only(&logged(builder(), |_| run()))
}

/// The keys of the only line, in their order, each as often as it is there.
pub(crate) fn keys(output: &CapturedOutput) -> Vec<String> {
    let text = output.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    keys_of(&text)
}

/// The keys of a line.
pub(crate) fn keys_of(line: &str) -> Vec<String> {
    serde_json::from_str::<Keys>(line).unwrap().0
}

struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = members.next_entry::<String, Value>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
