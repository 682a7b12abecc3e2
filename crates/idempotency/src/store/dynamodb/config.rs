use std::{error::Error, fmt, sync::Arc};

use aws_sdk_dynamodb::Client;
use powertools_core::Host;

use super::{
    attributes::Attributes,
    size::MAX_PARTITION_KEY,
    store::{DynamoDbStore, Inner},
    user_agent::UserAgent,
};

/// Builder of a [`DynamoDbStore`].
#[must_use = "a builder builds nothing until `build`"]
pub struct DynamoDbStoreBuilder {
    client: Client,
    table: String,
    attributes: Attributes,
    static_pk: Option<String>,
    host: Host,
}

impl DynamoDbStore {
    /// A store in this table with the default names: the partition key is `id`. The client is
    /// used as it is.
    #[must_use]
    pub fn new(client: Client, table_name: impl Into<String>) -> Self {
        // The default names differ from each other.
        Self::builder(client, table_name).finish(None)
    }

    /// Begins with the default names.
    pub fn builder(client: Client, table_name: impl Into<String>) -> DynamoDbStoreBuilder {
        DynamoDbStoreBuilder {
            client,
            table: table_name.into(),
            attributes: Attributes::default(),
            static_pk: None,
            host: Host::default(),
        }
    }
}

impl DynamoDbStoreBuilder {
    /// The partition key of the table, a string. Default: `id`.
    pub fn key_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.key = name.into();
        self
    }

    /// The sort key of a table that has one, a string. It then holds the idempotency key, and
    /// all rows have one partition key: [`static_pk_value`](Self::static_pk_value). Default:
    /// none.
    pub fn sort_key_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.sort_key = Some(name.into());
        self
    }

    /// The partition key of all rows, where there is a sort key. Default:
    /// `idempotency#<AWS_LAMBDA_FUNCTION_NAME>`.
    pub fn static_pk_value(mut self, value: impl Into<String>) -> Self {
        self.static_pk = Some(value.into());
        self
    }

    /// The second in which the record ends: the table's TTL attribute. Default: `expiration`.
    pub fn expiry_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.expiry = name.into();
        self
    }

    /// The millisecond in which the lease ends. Default: `in_progress_expiration`.
    pub fn in_progress_expiry_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.in_progress_expiry = name.into();
        self
    }

    /// How far the call has come. Default: `status`.
    pub fn status_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.status = name.into();
        self
    }

    /// The answer. Default: `data`.
    pub fn data_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.data = name.into();
        self
    }

    /// The hash that later payloads are compared with. Default: `validation`.
    pub fn validation_key_attr(mut self, name: impl Into<String>) -> Self {
        self.attributes.validation = name.into();
        self
    }

    /// Replaces environment and randomness of the process.
    pub fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Builds the store.
    ///
    /// # Errors
    ///
    /// Two attributes have one name, a name is empty, or the static partition key is empty or
    /// too long.
    pub fn build(self) -> Result<DynamoDbStore, DynamoDbConfigError> {
        if self.attributes.names().any(str::is_empty) {
            return Err(DynamoDbConfigError(Problem::EmptyName));
        }
        if let Some(name) = self.attributes.duplicate() {
            return Err(DynamoDbConfigError(Problem::Duplicate(name.into())));
        }
        let static_pk = self.composite_pk();
        if let Some(value) = &static_pk
            && !(1..=MAX_PARTITION_KEY).contains(&value.len())
        {
            return Err(DynamoDbConfigError(Problem::StaticPk));
        }
        Ok(self.finish(static_pk))
    }

    /// The partition key of all rows, if there is a sort key.
    fn composite_pk(&self) -> Option<String> {
        self.attributes.sort_key.as_ref()?;
        Some(self.static_pk.clone().unwrap_or_else(|| {
            let function = self.host.env().get("AWS_LAMBDA_FUNCTION_NAME");
            format!("idempotency#{}", function.unwrap_or_default())
        }))
    }

    fn finish(self, static_pk: Option<String>) -> DynamoDbStore {
        DynamoDbStore(Arc::new(Inner {
            user_agent: UserAgent::new(self.host.env()),
            random: self.host.random().clone(),
            client: self.client,
            table: self.table,
            attributes: self.attributes,
            static_pk,
        }))
    }
}

impl fmt::Debug for DynamoDbStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbStoreBuilder")
            .field("table", &self.table)
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}

/// Why a [`DynamoDbStore`] could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamoDbConfigError(Problem);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    EmptyName,
    Duplicate(Box<str>),
    StaticPk,
}

impl fmt::Display for DynamoDbConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::EmptyName => f.write_str("an attribute of the table has an empty name"),
            Problem::Duplicate(name) => write!(
                f,
                "two attributes of the table have the name `{name}`: give each its own"
            ),
            Problem::StaticPk => write!(
                f,
                "static_pk_value must have from 1 to {MAX_PARTITION_KEY} bytes"
            ),
        }
    }
}

impl Error for DynamoDbConfigError {}
