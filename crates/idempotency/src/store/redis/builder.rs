use std::{fmt, sync::Arc, time::Duration};

use redis::aio::ConnectionLike;

use super::{
    names::{Names, RedisConfigError},
    retry::Retry,
    store::RedisStore,
};

/// Builds a [`RedisStore`].
#[must_use = "a builder does nothing until it is built"]
#[derive(Clone)]
pub struct RedisStoreBuilder<C> {
    connection: C,
    names: Names,
    retry: Retry,
}

impl<C> RedisStore<C> {
    /// A store with other names, attempts and time limit.
    pub fn builder(connection: C) -> RedisStoreBuilder<C> {
        RedisStoreBuilder {
            connection,
            names: Names::default(),
            retry: Retry::default(),
        }
    }
}

impl<C> RedisStoreBuilder<C> {
    /// Sets the name of the member with the second in which a record expires. The default is
    /// `expiration`. Python writes under the name that it is given, and reads `expiration`
    /// nevertheless: leave it where records are shared with Python.
    pub fn expiry_attr(mut self, name: impl Into<Box<str>>) -> Self {
        self.names.expiry = name.into();
        self
    }

    /// Sets the name of the member with the end of the lease. The default is
    /// `in_progress_expiration`.
    pub fn in_progress_expiry_attr(mut self, name: impl Into<Box<str>>) -> Self {
        self.names.in_progress_expiry = name.into();
        self
    }

    /// Sets the name of the member with the status. The default is `status`.
    pub fn status_attr(mut self, name: impl Into<Box<str>>) -> Self {
        self.names.status = name.into();
        self
    }

    /// Sets the name of the member with the answer. The default is `data`.
    pub fn data_attr(mut self, name: impl Into<Box<str>>) -> Self {
        self.names.data = name.into();
        self
    }

    /// Sets the name of the member with the hash of the payload. The default is `validation`.
    pub fn validation_key_attr(mut self, name: impl Into<Box<str>>) -> Self {
        self.names.validation_key = name.into();
        self
    }

    /// Sets how often a step is tried whose reply was lost, or for which the server is not
    /// ready. The default is 3; 0 counts as 1.
    pub fn attempts(mut self, count: u32) -> Self {
        self.retry.attempts = count;
        self
    }

    /// Sets how long one step may take with all its attempts. The default is three seconds.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.retry.time_limit = limit;
        self
    }
}

impl<C> RedisStoreBuilder<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// Builds the store.
    ///
    /// # Errors
    ///
    /// Two members of a record would have the same name, or one has none.
    pub fn build(self) -> Result<RedisStore<C>, RedisConfigError> {
        self.names.check()?;
        Ok(RedisStore::from_parts(
            self.connection,
            Arc::new(self.names),
            self.retry,
        ))
    }
}

impl<C> fmt::Debug for RedisStoreBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("names", &self.names)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
