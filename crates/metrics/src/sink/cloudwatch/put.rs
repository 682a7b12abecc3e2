//! The one call.

use aws_sdk_cloudwatch::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut,
    },
    error::BoxError,
    primitives::DateTime,
    types::{Dimension, MetricDatum, StandardUnit},
};
use powertools_core::{Env, user_agent};

use super::{
    batch::{Batch, Datum},
    failure::PutFailure,
    key::Fields,
};

/// Puts a batch, once.
pub(super) trait Transport: Send + Sync + 'static {
    fn put(&self, batch: &Batch) -> impl Future<Output = Result<(), PutFailure>> + Send;
}

/// With the client's own settings, its retries among them.
#[derive(Debug)]
pub(super) struct CloudWatch {
    client: Client,
    user_agent: UserAgent,
}

impl CloudWatch {
    pub(super) fn new(client: Client, env: &Env) -> Self {
        Self {
            client,
            user_agent: UserAgent(user_agent("metrics", env)),
        }
    }
}

impl Transport for CloudWatch {
    async fn put(&self, batch: &Batch) -> Result<(), PutFailure> {
        let call = self
            .client
            .put_metric_data()
            .namespace(&*batch.namespace)
            .set_metric_data(Some(batch.datums.iter().filter_map(datum).collect()));
        let call = call.customize().interceptor(self.user_agent.clone());
        let answer = call.send().await;
        answer.map(drop).map_err(|error| PutFailure::of(&error))
    }
}

/// `None` never: every key was written by [`Key::write`](super::key::Key::write).
fn datum(datum: &Datum) -> Option<MetricDatum> {
    let fields = Fields::read(&datum.key)?;
    let dimensions = fields
        .dimensions()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let built = MetricDatum::builder()
        .metric_name(fields.name)
        .set_dimensions(Some(dimensions.collect()))
        .timestamp(DateTime::from_secs(i64::try_from(fields.seconds).ok()?))
        .unit(StandardUnit::from(fields.unit))
        .storage_resolution(if fields.high_resolution { 1 } else { 60 });
    Some(match datum.values[..] {
        [(value, 1)] => built.value(value).build(),
        _ => {
            let (values, counts) = datum
                .values
                .iter()
                .map(|&(value, count)| (value, count as f64))
                .unzip();
            built
                .set_values(Some(values))
                .set_counts(Some(counts))
                .build()
        }
    })
}

/// Names the utility in the request.
#[derive(Debug, Clone)]
struct UserAgent(String);

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "PowertoolsUserAgent"
    }

    // The header is no part of what is signed.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let whole = match headers.get("user-agent") {
            Some(agent) => format!("{agent} {}", self.0),
            None => self.0.clone(),
        };
        headers.try_insert("user-agent", whole)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_cloudwatch::config::interceptors::BeforeTransmitInterceptorContextRef;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Resolution, Unit,
        sink::cloudwatch::{key::Key, tests::sdk_config},
    };

    /// Keeps the body that the SDK has made, and sends nothing.
    #[derive(Debug, Clone, Default)]
    struct Serialized(Arc<Mutex<Vec<u8>>>);

    impl Intercept for Serialized {
        fn name(&self) -> &'static str {
            "Serialized"
        }

        fn read_after_serialization(
            &self,
            context: &BeforeTransmitInterceptorContextRef<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            let body = context.request().body().bytes();
            *self.0.lock().unwrap() = body.expect("in memory").to_vec();
            Err("nothing is sent".into())
        }
    }

    fn body(batch: &Batch) -> Vec<u8> {
        let serialized = Serialized::default();
        let config = sdk_config().interceptor(serialized.clone());
        let transport = CloudWatch::new(Client::from_conf(config.build()), &Env::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(transport.put(batch)).unwrap_err();
        serialized.0.lock().unwrap().clone()
    }

    fn estimate(batch: &Batch) -> usize {
        let datums = batch.datums.iter().map(|datum| datum.bytes);
        batch.namespace.len() + datums.sum::<usize>()
    }

    fn text(longest: usize) -> impl Strategy<Value = String> {
        prop_oneof![
            (1..=longest).prop_map(|length| "x".repeat(length)),
            "[ -~]{1,20}",
        ]
    }

    prop_compose! {
        fn any_datum()(
            name in text(255),
            high in any::<bool>(),
            millis in 0_u64..4_000_000_000_000,
            dimensions in prop::collection::vec((text(250), text(1024)), 0..30),
            values in prop::collection::vec((-1e300..1e300_f64, 1_u64..1 << 50), 1..=150),
        ) -> Datum {
            let mut key = Vec::new();
            let entry = Key {
                name: &name,
                unit: Unit::GigabitsPerSecond,
                resolution: if high { Resolution::High } else { Resolution::Standard },
                millis,
                dimensions: dimensions.iter().map(|(a, b)| (a.as_str(), b.as_str())),
            };
            entry.write(&mut key);
            let (first, more) = values.split_first().unwrap();
            let mut datum = Datum::new(&key, first.0);
            more.iter().for_each(|(value, _)| datum.push(*value));
            datum.values = values;
            datum
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_request_is_never_larger_than_its_estimate(
            datums in prop::collection::vec(any_datum(), 1..8),
        ) {
            let batch = Batch { namespace: "n".repeat(255).into(), datums };
            let (real, estimate) = (body(&batch).len(), estimate(&batch));
            prop_assert!(real <= estimate, "{real} {estimate}");
            // Nor is it so far off that requests are sent half empty.
            prop_assert!(estimate <= real * 5 / 4 + 200 * batch.datums.len(), "{real} {estimate}");
        }
    }

    #[test]
    fn units_are_called_as_the_service_calls_them() {
        assert_eq!(StandardUnit::values().len(), 27);
        for name in StandardUnit::values() {
            assert_eq!(name.parse::<Unit>().unwrap().as_str(), *name);
        }
    }

    #[test]
    fn a_single_value_is_written_as_one_and_repeated_ones_with_their_counts() {
        let mut key = Vec::new();
        let entry = Key {
            name: "m",
            unit: Unit::Count,
            resolution: Resolution::High,
            millis: 7_999,
            dimensions: [("d", "v")],
        };
        entry.write(&mut key);
        let mut built = Datum::new(&key, 2.0);
        let single = datum(&built).unwrap();
        assert_eq!(
            (single.value(), single.values()),
            (Some(2.0), [].as_slice())
        );
        assert_eq!(single.storage_resolution(), Some(1));
        assert_eq!(single.unit(), Some(&StandardUnit::Count));
        assert_eq!(single.timestamp().unwrap().secs(), 7);
        assert_eq!(single.dimensions()[0].value(), Some("v"));
        assert!(built.repeat(2.0));
        built.push(3.0);
        let several = datum(&built).unwrap();
        assert_eq!(several.value(), None);
        assert_eq!(
            (several.values(), several.counts()),
            ([2.0, 3.0].as_slice(), [2.0, 1.0].as_slice())
        );
    }
}
