use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError,
    },
    types::ReturnValuesOnConditionCheckFailure,
};
use powertools_core::SharedRandom;

use super::{
    attributes::Attributes,
    expressions,
    failure::store_error,
    retry::past_transactions,
    row::{self, Item, text},
    size::{MAX_PARTITION_KEY, MAX_SORT_KEY, max_answer_len},
    user_agent::UserAgent,
};
use crate::{
    record::StoredRecord,
    store::{
        Claim, Claimed, Completion, Finished, IdempotencyStore, Release, StoreError, StoreErrorKind,
    },
};

/// Records in a DynamoDB table. Clones share it.
///
/// Rows are those of Powertools for Python: functions in both languages share one table, and
/// replay each other's answers. Those of TypeScript are read; a TypeScript function replays one of
/// ours as the JSON text that it is. A row has one attribute more, `powertools_owner`, which the
/// others ignore.
///
/// ```
/// use aws_sdk_dynamodb::Client;
/// use powertools_idempotency::{DynamoDbStore, IdempotencyConfigError, IdempotencyLayer};
///
/// fn layer(client: Client) -> Result<IdempotencyLayer<DynamoDbStore>, IdempotencyConfigError> {
///     let store = DynamoDbStore::new(client, "idempotency");
///     IdempotencyLayer::builder("orders.create", store).key("order_id").build()
/// }
/// ```
///
/// # Errors
///
/// Calls are tried again as the client is set up to; writes that meet a running transaction are
/// tried again by the store. The source of an error is a
/// [`DynamoDbError`](super::DynamoDbError), or an [`InvalidAttribute`](super::InvalidAttribute)
/// if a row is no record.
///
/// # Cost
///
/// A new key costs one write and its completion another; nothing is read. A refused claim costs
/// a write of the size of the row, and gets the row with the refusal.
#[derive(Clone)]
pub struct DynamoDbStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) attributes: Attributes,
    /// The partition key of all rows, where the sort key holds the key.
    pub(super) static_pk: Option<String>,
    pub(super) user_agent: UserAgent,
    pub(super) random: SharedRandom,
}

impl Inner {
    /// The key of a row. One that is too long is not sent.
    fn key(&self, key: &str) -> Result<Item, StoreError> {
        let partition_key = self.attributes.key.clone();
        let sorted = self
            .attributes
            .sort_key
            .clone()
            .zip(self.static_pk.as_deref());
        let max = if sorted.is_some() {
            MAX_SORT_KEY
        } else {
            MAX_PARTITION_KEY
        };
        if key.len() > max {
            return Err(StoreErrorKind::KeyTooLong.into());
        }
        Ok(match sorted {
            Some((sort_key, static_pk)) => {
                [(partition_key, text(static_pk)), (sort_key, text(key))].into()
            }
            None => [(partition_key, text(key))].into(),
        })
    }

    /// Reads a row that was found under this key.
    fn read(&self, key: &Item, row: Item) -> Result<StoredRecord, StoreError> {
        // A table without a sort key takes the attribute for any other, and then all keys are
        // one row.
        if key.iter().any(|(name, value)| row.get(name) != Some(value)) {
            return Err(StoreErrorKind::KeySchema.into());
        }
        row::read(&self.attributes, row)
    }

    async fn put(&self, claim: &Claim<'_>, key: &Item) -> Result<(), SdkError<PutItemError>> {
        let condition = expressions::claim(&self.attributes, claim);
        let mut row = expressions::claimed(&self.attributes, claim);
        row.extend(key.clone());
        let mut call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row))
            .condition_expression(condition.condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (alias, name) in condition.names {
            call = call.expression_attribute_names(alias, name);
        }
        for (placeholder, value) in condition.values {
            call = call.expression_attribute_values(placeholder, value);
        }
        let call = call.customize().interceptor(self.user_agent.clone());
        call.send().await.map(drop)
    }

    async fn update(
        &self,
        completion: &Completion<'_>,
        key: &Item,
    ) -> Result<(), SdkError<UpdateItemError>> {
        let update = expressions::complete(&self.attributes, completion);
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.clone()))
            .update_expression(update.update)
            .condition_expression(update.condition);
        for (alias, name) in update.names {
            call = call.expression_attribute_names(alias, name);
        }
        for (placeholder, value) in update.values {
            call = call.expression_attribute_values(placeholder, value);
        }
        let call = call.customize().interceptor(self.user_agent.clone());
        call.send().await.map(drop)
    }

    async fn delete(
        &self,
        release: &Release<'_>,
        key: &Item,
    ) -> Result<(), SdkError<DeleteItemError>> {
        let condition = expressions::release(&self.attributes, release.fence());
        let mut call = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.clone()))
            .condition_expression(condition.condition);
        for (alias, name) in condition.names {
            call = call.expression_attribute_names(alias, name);
        }
        for (placeholder, value) in condition.values {
            call = call.expression_attribute_values(placeholder, value);
        }
        let call = call.customize().interceptor(self.user_agent.clone());
        call.send().await.map(drop)
    }
}

impl IdempotencyStore for DynamoDbStore {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        let store = &*self.0;
        let key = store.key(claim.key())?;
        match past_transactions(&store.random, || store.put(claim, &key)).await {
            Ok(()) => Ok(Claimed::Written),
            Err(SdkError::ServiceError(service))
                if service.err().is_conditional_check_failed_exception() =>
            {
                let row = match service.into_err() {
                    PutItemError::ConditionalCheckFailedException(refusal) => refusal.item,
                    // Never: it was asked above.
                    _ => None,
                };
                let record = row.map(|row| store.read(&key, row)).transpose()?;
                Ok(Claimed::Refused(record))
            }
            Err(error) => Err(store_error("PutItem", error)),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        let store = &*self.0;
        let key = store.key(key)?;
        let call = store
            .client
            .get_item()
            .table_name(&store.table)
            .set_key(Some(key.clone()))
            .consistent_read(true);
        let call = call.customize().interceptor(store.user_agent.clone());
        let found = call.send().await;
        let found = found.map_err(|error| store_error("GetItem", error))?;
        found.item.map(|row| store.read(&key, row)).transpose()
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let store = &*self.0;
        let key = store.key(completion.key())?;
        match past_transactions(&store.random, || store.update(completion, &key)).await {
            Ok(()) => Ok(Finished::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Finished::NotOwner)
            }
            Err(error) => Err(store_error("UpdateItem", error)),
        }
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        let store = &*self.0;
        let key = store.key(release.key())?;
        match past_transactions(&store.random, || store.delete(release, &key)).await {
            Ok(()) => Ok(Finished::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Finished::NotOwner)
            }
            Err(error) => Err(store_error("DeleteItem", error)),
        }
    }

    fn max_answer_len(&self, key: &str) -> Option<usize> {
        let store = &*self.0;
        Some(max_answer_len(
            &store.attributes,
            store.static_pk.as_deref(),
            key,
        ))
    }
}

impl fmt::Debug for DynamoDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbStore")
            .field("table", &self.0.table)
            .field("attributes", &self.0.attributes)
            .finish_non_exhaustive()
    }
}
