use std::time::Duration;

use aws_sdk_cloudwatch::{
    Client, Config,
    config::{BehaviorVersion, Builder, Credentials, Region, retry::RetryConfig},
    primitives::DateTime,
    types::{Dimension, Statistic},
};
use powertools_core::SharedClock;
use powertools_metrics::{CloudWatchSink, CloudWatchSinkBuilder, Metrics, MetricsLayer};
use testbed::{
    proxy::{Answer, Fault, Protocol, Proxy, Rule},
    servers::Aws,
};

pub(crate) const NEVER: Duration = Duration::from_secs(3600);
const NAMESPACE: &str = "app";

/// An account behind a proxy.
pub(crate) struct Bed {
    pub(crate) aws: Aws,
    pub(crate) proxy: Proxy,
    /// Past the proxy.
    direct: Client,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let aws = Aws::account();
        Self {
            proxy: Proxy::in_front_of(aws.address(), Protocol::Http).await,
            direct: Client::from_conf(config(&aws).build()),
            aws,
        }
    }

    /// Sends only when it is told to.
    pub(crate) fn builder(&self) -> CloudWatchSinkBuilder {
        let through = self.aws.through(self.proxy.address());
        let client = Client::from_conf(config(&through).build());
        CloudWatchSink::builder(client).flush_interval(NEVER)
    }

    /// Lets every answer through, and notes the requests under the name `seen`.
    pub(crate) fn watch(&self) {
        let nothing = Fault::delay_reply(Duration::ZERO);
        self.proxy.add_rule(Rule::new("seen", nothing));
    }

    /// How many values the server has of a metric under these dimensions, and their sum.
    pub(crate) async fn stored(&self, name: &str, dimensions: &[(&str, &str)]) -> (f64, f64) {
        self.stored_in(NAMESPACE, name, dimensions).await
    }

    pub(crate) async fn stored_in(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &[(&str, &str)],
    ) -> (f64, f64) {
        let dimensions = dimensions
            .iter()
            .map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
        let now = SharedClock::default().now();
        let asked = self
            .direct
            .get_metric_statistics()
            .namespace(namespace)
            .metric_name(name)
            .set_dimensions(Some(dimensions.collect()))
            .start_time(DateTime::from(now - NEVER))
            .end_time(DateTime::from(now + NEVER))
            .period(60)
            .statistics(Statistic::SampleCount)
            .statistics(Statistic::Sum);
        let points = asked.send().await.unwrap().datapoints.unwrap_or_default();
        let count = points.iter().filter_map(|point| point.sample_count).sum();
        (count, points.iter().filter_map(|point| point.sum).sum())
    }
}

/// A client that does not retry by itself, so that every request is the sink's own.
pub(crate) fn config(aws: &Aws) -> Builder {
    let credentials = Credentials::new(aws.access_key(), aws.secret_key(), None, None, "testbed");
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(aws.url())
        .region(Region::new(aws.region()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
}

pub(crate) fn metrics(sink: &CloudWatchSink) -> Metrics {
    metrics_of(NAMESPACE, sink)
}

pub(crate) fn metrics_of(namespace: &str, sink: &CloudWatchSink) -> Metrics {
    let layer = MetricsLayer::builder()
        .namespace(namespace)
        .sink(sink.clone());
    layer.build().unwrap().metrics()
}

/// An error as CloudWatch gives it: CBOR, and the code of the older protocol in a header.
pub(crate) fn error(status: u16, code: &str) -> Fault {
    let mut body = vec![0xa1, 0x66];
    body.extend_from_slice(b"__type");
    body.extend([0x78, u8::try_from(code.len()).unwrap()]);
    body.extend_from_slice(code.as_bytes());
    let answer = Answer::status(status)
        .header("content-type", "application/cbor")
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("x-amzn-query-error", format!("{code};Sender"))
        .body(body);
    Fault::answer(answer)
}
