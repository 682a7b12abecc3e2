use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Builder, Credentials, Region, retry::RetryConfig},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};
use powertools_idempotency::{DynamoDbStore, Now, test_util::Caller};
use serde_json::Value;
use testbed::{
    proxy::{Answer, Fault, Protocol, Proxy, Request},
    servers::Aws,
};

pub(crate) const TABLE: &str = "records";
pub(crate) const KEY: &str = "fn.id#4f5f4713d180fb0cb1041f7caf4faaaa";
pub(crate) const MINE: &str = "00112233445566778899aabbccddeeff";
pub(crate) const NOW: Now = Now::from_millis(4_000_000_000_123);
pub(crate) const ME: Caller<'static> = Caller::new(KEY, MINE);
pub(crate) const YOU: Caller<'static> = Caller::new(KEY, "ffeeddccbbaa99887766554433221100");

pub(crate) type Row = HashMap<String, AttributeValue>;

/// An account with a table, behind a proxy.
pub(crate) struct Bed {
    pub(crate) aws: Aws,
    pub(crate) proxy: Proxy,
    /// Past the proxy.
    pub(crate) direct: Client,
}

impl Bed {
    /// With a table whose key is `id`.
    pub(crate) async fn new() -> Self {
        let bed = Self::without_table().await;
        create_table(&bed.direct, TABLE, &["id"], ScalarAttributeType::S).await;
        bed
    }

    pub(crate) async fn without_table() -> Self {
        let aws = Aws::account();
        Self {
            proxy: Proxy::in_front_of(aws.address(), Protocol::Http).await,
            direct: client(&aws),
            aws,
        }
    }

    /// A client through the proxy that retries as the SDK does by default, but at once.
    pub(crate) fn client(&self) -> Client {
        client(&self.aws.through(self.proxy.address()))
    }

    /// A client through the proxy that sends each request once.
    pub(crate) fn client_without_retries(&self) -> Client {
        let config = config(&self.aws.through(self.proxy.address()));
        Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
    }

    pub(crate) fn store(&self) -> DynamoDbStore {
        DynamoDbStore::new(self.client(), TABLE)
    }

    pub(crate) fn store_without_retries(&self) -> DynamoDbStore {
        DynamoDbStore::new(self.client_without_retries(), TABLE)
    }

    /// Writes a row as others do.
    pub(crate) async fn put(&self, row: Row) {
        let put = self.direct.put_item().table_name(TABLE);
        put.set_item(Some(row)).send().await.unwrap();
    }

    pub(crate) async fn row(&self, key: &str) -> Option<Row> {
        let get = self
            .direct
            .get_item()
            .table_name(TABLE)
            .consistent_read(true);
        let get = get.key("id", AttributeValue::S(key.to_owned()));
        get.send().await.unwrap().item
    }

    /// The calls that have come, by their names.
    pub(crate) fn calls(&self) -> Vec<String> {
        let requests = self.proxy.requests();
        requests.iter().map(operation).collect()
    }
}

/// `PutItem`.
pub(crate) fn operation(request: &Request) -> String {
    let target = request.header("x-amz-target").unwrap();
    target.split('.').nth(1).unwrap().to_owned()
}

pub(crate) fn body(request: &Request) -> Value {
    let bytes = request.bytes();
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    serde_json::from_slice(&bytes[head + 4..]).unwrap()
}

pub(crate) fn config(aws: &Aws) -> Builder {
    let credentials = Credentials::new(aws.access_key(), aws.secret_key(), None, None, "testbed");
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(aws.url())
        .region(Region::new(aws.region()))
        .credentials_provider(credentials)
        .retry_config(retries)
}

pub(crate) fn client(aws: &Aws) -> Client {
    Client::from_conf(config(aws).build())
}

/// A table with these key attributes: partition key, sort key.
pub(crate) async fn create_table(
    client: &Client,
    table: &str,
    key: &[&str],
    kind: ScalarAttributeType,
) {
    let mut call = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest);
    for (name, role) in key.iter().zip([KeyType::Hash, KeyType::Range]) {
        let element = KeySchemaElement::builder()
            .attribute_name(*name)
            .key_type(role);
        let attribute = AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(kind.clone());
        call = call
            .key_schema(element.build().unwrap())
            .attribute_definitions(attribute.build().unwrap());
    }
    call.send().await.unwrap();
}

pub(crate) fn error(status: u16, code: &str) -> Fault {
    Fault::answer(Answer::aws_error(status, code, "as the test has it"))
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn number(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

pub(crate) fn row<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Row {
    let mut row = Row::from([("id".to_owned(), text(KEY))]);
    row.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    row
}
