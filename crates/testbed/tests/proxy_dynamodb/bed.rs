use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{BoxError, ProvideErrorMetadata as _, SdkError},
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use testbed::{
    proxy::{Fault, Protocol, Proxy, Rule},
    servers::Aws,
};
use tokio::time::Instant;

use crate::dynamodb;

/// How long a hasty client waits for an attempt.
pub(crate) const HASTE: Duration = Duration::from_millis(300);
/// How long a steady one does: a loaded server has answered by then.
pub(crate) const STEADY: Duration = Duration::from_secs(1);

/// A table behind a proxy, and clients that differ in their patience.
pub(crate) struct Bed {
    pub(crate) proxy: Proxy,
    /// Past the proxy.
    pub(crate) direct: Client,
    /// Three hasty attempts.
    pub(crate) hasty: Client,
    /// One hasty attempt.
    pub(crate) hasty_once: Client,
    /// Three steady attempts.
    pub(crate) steady: Client,
    /// One attempt that may take its time.
    pub(crate) patient_once: Client,
    attempts: Attempts,
}

/// Counts what the SDK tries, also where nothing reaches the proxy.
#[derive(Debug, Clone, Default)]
struct Attempts(Arc<AtomicUsize>);

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// What one conditional put has shown.
#[derive(Debug)]
pub(crate) struct Seen {
    outcome: String,
    attempts: usize,
    /// The owner that stands in the table right afterwards.
    written: Option<String>,
    took: Duration,
}

impl Seen {
    #[track_caller]
    pub(crate) fn shows(&self, outcome: &str, attempts: usize, written: Option<&str>) -> &Self {
        assert_eq!(self.written.as_deref(), written, "{self:?}");
        self.ends(outcome, attempts)
    }

    /// The same where it is open whether the server has written by then.
    #[track_caller]
    pub(crate) fn ends(&self, outcome: &str, attempts: usize) -> &Self {
        assert_eq!((self.outcome.as_str(), self.attempts), (outcome, attempts));
        assert!(self.took < Duration::from_secs(20), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn not_before(&self, time: Duration) {
        assert!(self.took >= time, "{self:?}");
    }
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let aws = Aws::account();
        let proxy = Proxy::in_front_of(aws.address(), Protocol::Http).await;
        let through = aws.through(proxy.address());
        let attempts = Attempts::default();
        let client = |aws: &Aws, tries: u32, attempt: Duration| {
            let config = dynamodb::config(aws)
                .timeout_config(
                    TimeoutConfig::builder()
                        .operation_attempt_timeout(attempt)
                        .build(),
                )
                .retry_config(
                    RetryConfig::standard()
                        .with_max_attempts(tries)
                        .with_initial_backoff(Duration::from_millis(20)),
                )
                .interceptor(attempts.clone());
            Client::from_conf(config.build())
        };
        let direct = client(&aws, 3, Duration::from_secs(20));
        dynamodb::create_table(&direct, "records").await;
        Self {
            hasty: client(&through, 3, HASTE),
            hasty_once: client(&through, 1, HASTE),
            steady: client(&through, 3, STEADY),
            patient_once: client(&through, 1, Duration::from_secs(20)),
            direct,
            proxy,
            attempts,
        }
    }

    /// Puts a record of this name under a condition, as an idempotent function begins, and
    /// looks past the proxy at what is there.
    pub(crate) async fn put(&self, row: &str, client: &Client) -> Seen {
        let (outcome, attempts, took) = self.send(row, client).await;
        self.look(row, outcome, attempts, took).await
    }

    async fn send(&self, row: &str, client: &Client) -> (String, usize, Duration) {
        let before = self.attempts.0.load(Ordering::SeqCst);
        let began = Instant::now();
        let result = client
            .put_item()
            .table_name("records")
            .item("id", AttributeValue::S(row.to_owned()))
            .item("owner", AttributeValue::S("me".to_owned()))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let took = began.elapsed();
        let attempts = self.attempts.0.load(Ordering::SeqCst) - before;
        let outcome = result.map_or_else(|error| name(&error), |_| "ok".to_owned());
        (outcome, attempts, took)
    }

    async fn look(&self, row: &str, outcome: String, attempts: usize, took: Duration) -> Seen {
        let written = self.read(row, "owner").await;
        let acted = if written.is_some() { "yes" } else { "no" };
        let time = took.as_millis();
        println!("| {row} | {outcome} | {attempts} | {acted} | {time} ms |");
        Seen {
            outcome,
            attempts,
            written,
            took,
        }
    }

    /// A fault that the client hears of at once: with retries when it happens once, with
    /// retries when it always happens, and without retries.
    pub(crate) async fn loud(&self, row: &str, fault: &Fault) -> [Seen; 3] {
        let clients = [&self.steady, &self.steady, &self.patient_once];
        self.cases(row, fault, clients).await
    }

    /// The same three cases of a fault that only the client's own timeout ends.
    pub(crate) async fn silent(&self, row: &str, fault: &Fault) -> [Seen; 3] {
        let clients = [&self.steady, &self.hasty, &self.hasty_once];
        self.cases(row, fault, clients).await
    }

    async fn cases(&self, name: &str, fault: &Fault, clients: [&Client; 3]) -> [Seen; 3] {
        let rows = ["once", "always", "no retries"].map(|when| format!("{name}, {when}"));
        let [once, always, alone] = clients;
        [
            self.case(&rows[0], fault, 1, once).await,
            self.case(&rows[1], fault, usize::MAX, always).await,
            self.case(&rows[2], fault, 1, alone).await,
        ]
    }

    /// One row. The fault has happened before it looks: a hasty client may be faster.
    async fn case(&self, row: &str, fault: &Fault, times: usize, client: &Client) -> Seen {
        let rule = Rule::new(row, fault.clone())
            .on_target("PutItem")
            .times(times);
        self.proxy.set_rules([rule]);
        let (outcome, attempts, took) = self.send(row, client).await;
        self.proxy.fired(row).await;
        let seen = self.look(row, outcome, attempts, took).await;
        self.proxy.clear();
        seen
    }

    pub(crate) async fn read(&self, id: &str, attribute: &str) -> Option<String> {
        let found = self
            .direct
            .get_item()
            .table_name("records")
            .key("id", AttributeValue::S(id.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        Some(text(found.item?.get(attribute)?))
    }
}

fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// A short name for what the caller gets.
fn name(error: &SdkError<PutItemError>) -> String {
    match error {
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        SdkError::DispatchFailure(_) => "dispatch failure".to_owned(),
        SdkError::ResponseError(_) => "response error".to_owned(),
        SdkError::ServiceError(error) => match error.err() {
            PutItemError::ConditionalCheckFailedException(failed) => {
                let owner = failed.item().and_then(|item| item.get("owner")).map(text);
                format!("condition failed on {}", owner.unwrap_or_default())
            }
            other => match other.code() {
                Some(code) => code.to_owned(),
                None => format!("status {}", error.raw().status()),
            },
        },
        other => format!("{other:?}"),
    }
}
