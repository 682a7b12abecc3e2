use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

use super::error::is_connection_fit;

type Opening = Shared<BoxFuture<'static, RedisResult<MultiplexedConnection>>>;

/// A connection that opens when it is first used, and another one after whatever leaves it in
/// doubt: an error of the network, a reply that does not come in time or is cut off, a server
/// that has become a replica, a request whose caller went away.
///
/// That is what a function on Lambda needs. While its environment is frozen the server may close
/// the connection, or the network may forget it without a word. Of the connections of the `redis`
/// crate a `MultiplexedConnection` stays broken, and a `ConnectionManager` stays with one that is
/// silent, so that every request runs into its time-out.
///
/// A request that failed is not sent again here: [`RedisStore`](super::RedisStore) does that, as
/// it knows which may be. Clones share the connection, also between tasks.
#[derive(Clone)]
pub struct RedisConnection {
    client: Client,
    connect_timeout: Duration,
    response_timeout: Duration,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    opening: Option<Opening>,
    /// Counts what was opened, so that one failure discards one connection.
    number: u64,
}

impl RedisConnection {
    /// A connection that this client opens.
    ///
    /// It waits a second for a connection, with the handshake of TLS and the login, and half a
    /// second for a reply.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(500),
            current: Arc::default(),
        }
    }

    /// Sets how long opening a connection may take. The default is one second.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self.separate()
    }

    /// Sets how long a reply may take. The default is half a second.
    #[must_use]
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self.separate()
    }

    /// Clones that were made before keep their connection and its limits.
    fn separate(mut self) -> Self {
        self.current = Arc::default();
        self
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, or the attempt to open one that others wait for as well.
    fn opening(&self) -> (Opening, u64) {
        let mut current = self.lock();
        if let Some(opening) = &current.opening {
            return (opening.clone(), current.number);
        }
        let client = self.client.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.response_timeout));
        let opening = async move {
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await
        };
        let opening = opening.boxed().shared();
        current.number += 1;
        current.opening = Some(opening.clone());
        (opening, current.number)
    }

    /// Others may go on to use it; whoever comes next opens another one.
    fn discard(&self, number: u64) {
        let mut current = self.lock();
        if current.number == number {
            current.opening = None;
        }
    }

    async fn with<T, F>(&self, request: F) -> RedisResult<T>
    where
        F: AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    {
        let (opening, number) = self.opening();
        let mut doubt = Doubt {
            connection: self,
            number: Some(number),
        };
        let result = request(&mut opening.await?).await;
        if result.as_ref().err().is_none_or(is_connection_fit) {
            doubt.number = None;
        }
        result
    }
}

/// A connection that is discarded unless its reply came, also if nobody waits for that any more.
struct Doubt<'a> {
    connection: &'a RedisConnection,
    number: Option<u64>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.connection.discard(number);
        }
    }
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(self.with(async |open| {
            let reply = open.send_packed_command(cmd).await;
            // An error of the server may come as a value.
            reply.and_then(Value::extract_error)
        }))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(
            self.with(async move |open| open.send_packed_commands(pipeline, offset, count).await),
        )
    }

    fn get_db(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client would show its password.
        f.debug_struct("RedisConnection")
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("is_open", &self.lock().opening.is_some())
            .finish_non_exhaustive()
    }
}
