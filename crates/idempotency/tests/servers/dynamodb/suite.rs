use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::{Client, types::ScalarAttributeType};
use powertools_idempotency::{
    DynamoDbStore, store::dynamodb::DynamoDbStoreBuilder, test_util::assert_store_conforms,
};
use testbed::servers::Aws;

use super::bed::{client, create_table};

/// Over one table for each case.
async fn conforms(key: &[&str], builder: impl Fn(Client, String) -> DynamoDbStoreBuilder) {
    let client = client(&Aws::account());
    let tables = AtomicUsize::new(0);
    assert_store_conforms(async || {
        let table = format!("records-{}", tables.fetch_add(1, Ordering::Relaxed));
        create_table(&client, &table, key, ScalarAttributeType::S).await;
        builder(client.clone(), table).build().unwrap()
    })
    .await;
    assert!(tables.into_inner() >= 30, "cases");
}

pub(crate) async fn default() {
    conforms(&["id"], |client, table| {
        DynamoDbStore::builder(client, table)
    })
    .await;
}

pub(crate) async fn composite() {
    conforms(&["pk", "sk"], |client, table| {
        DynamoDbStore::builder(client, table)
            .key_attr("pk")
            .sort_key_attr("sk")
    })
    .await;
}

/// All of them reserved words of DynamoDB.
fn renamed(client: Client, table: String) -> DynamoDbStoreBuilder {
    DynamoDbStore::builder(client, table)
        .key_attr("key")
        .expiry_attr("ttl")
        .in_progress_expiry_attr("lock")
        .status_attr("state")
        .data_attr("value")
        .validation_key_attr("hash")
}

pub(crate) async fn reserved() {
    conforms(&["key"], renamed).await;
}

pub(crate) async fn reserved_composite() {
    conforms(&["key", "range"], |client, table| {
        renamed(client, table)
            .sort_key_attr("range")
            .static_pk_value("all")
    })
    .await;
}
