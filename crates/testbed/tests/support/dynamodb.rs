//! A client of the real SDK, and a table whose key is the string `id`.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use testbed::servers::Aws;

pub(crate) fn config(aws: &Aws) -> Builder {
    let credentials = Credentials::new(aws.access_key(), aws.secret_key(), None, None, "testbed");
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(aws.url())
        .region(Region::new(aws.region()))
        .credentials_provider(credentials)
}

pub(crate) async fn create_table(client: &Client, name: &str) {
    let key = KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let table = client
        .create_table()
        .table_name(name)
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest);
    table.send().await.unwrap();
}
