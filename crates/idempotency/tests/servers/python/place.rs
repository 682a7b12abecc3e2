use aws_sdk_dynamodb::types::ScalarAttributeType;
use powertools_core::{Env, Host};
use powertools_idempotency::{DynamoDbStore, IdempotencyStore, RedisStore};
use serde_json::{Value, json};
use testbed::servers::{Aws, Redis};

use crate::dynamodb::bed::{client, create_table};

/// Where both libraries have their records.
pub(crate) trait Place: Sized + 'static {
    type Store: IdempotencyStore + Clone;

    /// Whether a completed record of Python's has the hash of its payload.
    const PYTHON_KEEPS_HASHES: bool = true;

    /// A new place, which nobody else sees.
    async fn new() -> Self;

    /// Our store.
    fn ours(&self) -> Self::Store;

    /// What `app.py` makes its store of.
    fn theirs(&self) -> Value;

    /// What keys begin with, where tests have no store of their own.
    fn prefix(&self) -> &str {
        ""
    }

    /// What both libraries find in `AWS_LAMBDA_FUNCTION_NAME`.
    fn function_name(&self) -> String {
        format!("{}my-fn", self.prefix())
    }

    fn host(&self) -> Host {
        let name = self.function_name();
        Host::default().with_env(Env::from_iter([("AWS_LAMBDA_FUNCTION_NAME", name)]))
    }
}

/// A table with the names that are usual.
pub(crate) struct Table(Aws);

impl Place for Table {
    type Store = DynamoDbStore;

    async fn new() -> Self {
        let aws = Aws::account();
        create_table(&client(&aws), "records", &["id"], ScalarAttributeType::S).await;
        Self(aws)
    }

    fn ours(&self) -> DynamoDbStore {
        DynamoDbStore::new(client(&self.0), "records")
    }

    fn theirs(&self) -> Value {
        dynamodb(&self.0, &json!({"table_name": "records"}))
    }
}

/// A table with a sort key and names of its own.
pub(crate) struct SortedTable(Aws);

impl Place for SortedTable {
    type Store = DynamoDbStore;

    async fn new() -> Self {
        let aws = Aws::account();
        let key = ["pk", "sk"];
        create_table(&client(&aws), "records", &key, ScalarAttributeType::S).await;
        Self(aws)
    }

    fn ours(&self) -> DynamoDbStore {
        DynamoDbStore::builder(client(&self.0), "records")
            .key_attr("pk")
            .sort_key_attr("sk")
            .expiry_attr("ttl")
            .in_progress_expiry_attr("lease")
            .status_attr("state")
            .data_attr("value")
            .validation_key_attr("hash")
            .host(self.host())
            .build()
            .unwrap()
    }

    fn theirs(&self) -> Value {
        let table = json!({
            "table_name": "records",
            "key_attr": "pk",
            "sort_key_attr": "sk",
            "expiry_attr": "ttl",
            "in_progress_expiry_attr": "lease",
            "status_attr": "state",
            "data_attr": "value",
            "validation_key_attr": "hash",
        });
        dynamodb(&self.0, &table)
    }
}

/// Keys on a server that others use too.
pub(crate) struct Keys(Redis);

impl Place for Keys {
    type Store = RedisStore;

    const PYTHON_KEEPS_HASHES: bool = false;

    async fn new() -> Self {
        Self(Redis::plain())
    }

    fn ours(&self) -> RedisStore {
        RedisStore::from_client(redis::Client::open(self.0.url()).unwrap())
    }

    fn theirs(&self) -> Value {
        json!({"kind": "redis", "url": self.0.url()})
    }

    fn prefix(&self) -> &str {
        self.0.prefix()
    }
}

fn dynamodb(aws: &Aws, table: &Value) -> Value {
    json!({
        "kind": "dynamodb",
        "client": {
            "endpoint_url": aws.url(),
            "region_name": aws.region(),
            "aws_access_key_id": aws.access_key(),
            "aws_secret_access_key": aws.secret_key(),
        },
        "table": table,
    })
}
