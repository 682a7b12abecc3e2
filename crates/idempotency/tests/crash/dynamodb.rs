use std::{net::SocketAddr, time::Duration};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use powertools_idempotency::DynamoDbStore;
use serde::{Deserialize, Serialize};
use testbed::{
    proxy::{Protocol, Request},
    servers::Aws,
};

use crate::{
    event::Step,
    faults::PATIENCE,
    place::{Network, Place},
};

const TABLE: &str = "storm";

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DynamoDb(Aws);

impl Place for DynamoDb {
    type Store = DynamoDbStore;

    const NAME: &'static str = "DynamoDB";
    const PROTOCOL: Protocol = Protocol::Http;
    const HELD_AFTER_LEASE: Duration = Duration::ZERO;

    async fn prepare() -> Self {
        let place = Self(Aws::account());
        let key = KeySchemaElement::builder().attribute_name("id");
        let attribute = AttributeDefinition::builder().attribute_name("id");
        let table = place.client(Network::Sound).create_table();
        table
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key.key_type(KeyType::Hash).build().unwrap())
            .attribute_definitions(
                attribute
                    .attribute_type(ScalarAttributeType::S)
                    .build()
                    .unwrap(),
            )
            .send()
            .await
            .unwrap();
        place
    }

    fn address(&self) -> SocketAddr {
        self.0.address()
    }

    fn through(&self, proxy: SocketAddr) -> Self {
        Self(self.0.through(proxy))
    }

    async fn store(&self, network: Network) -> DynamoDbStore {
        DynamoDbStore::new(self.client(network), TABLE)
    }

    fn step(request: &Request) -> Option<Step> {
        let target = request.header("x-amz-target")?;
        match target.split('.').nth(1)? {
            "PutItem" => Some(Step::Claim),
            "UpdateItem" => Some(Step::Completion),
            "DeleteItem" => Some(Step::Release),
            _ => None,
        }
    }
}

impl DynamoDb {
    fn client(&self, network: Network) -> Client {
        let Self(aws) = self;
        let credentials =
            Credentials::new(aws.access_key(), aws.secret_key(), None, None, "testbed");
        let retries = match network {
            Network::Once => RetryConfig::disabled(),
            Network::Sound | Network::Retried => {
                RetryConfig::standard().with_initial_backoff(Duration::from_millis(5))
            }
        };
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(aws.url())
            .region(Region::new(aws.region()))
            .credentials_provider(credentials)
            .retry_config(retries);
        let config = match network {
            Network::Sound => config,
            Network::Retried | Network::Once => config.timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(PATIENCE)
                    .build(),
            ),
        };
        Client::from_conf(config.build())
    }
}
