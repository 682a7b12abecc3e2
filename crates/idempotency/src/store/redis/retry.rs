//! Nobody else repeats a request to Redis: the client gives up after the first.

use std::{future::Future, time::Duration};

use super::error::{Again, Failure, time_limit};
use crate::StoreError;

/// The pause before the second attempt at a server that is not ready; then twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How often, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retry {
    pub(super) attempts: u32,
    pub(super) time_limit: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            time_limit: Duration::from_secs(3),
        }
    }
}

impl Retry {
    /// Does a step that may be repeated, until the server has answered.
    pub(super) async fn run<T, F>(self, attempt: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        tokio::time::timeout(self.time_limit, self.attempts(attempt))
            .await
            .unwrap_or_else(|_| Err(time_limit()))
    }

    async fn attempts<T, F>(self, mut attempt: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut left = self.attempts.max(1);
        let mut pause = FIRST_PAUSE;
        let mut ambiguous = false;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            ambiguous |= failure.ambiguous;
            left -= 1;
            if left == 0 || failure.again == Again::Never {
                return Err(failure.into_error(ambiguous));
            }
            if failure.again == Again::Later {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, io};

    use redis::{ErrorKind, RedisError};

    use super::*;
    use crate::StoreErrorKind;

    async fn kind_after(mut failures: Vec<RedisError>) -> StoreErrorKind {
        failures.reverse();
        let failures = RefCell::new(failures);
        let next = || failures.borrow_mut().pop().expect("no more attempts");
        let result = Retry::default().run(async || Err::<(), _>(Failure::from(next())));
        result.await.expect_err("each attempt fails").kind()
    }

    /// The first attempt may have written: its caller must not believe that nothing has.
    #[tokio::test]
    async fn refusal_after_a_lost_reply_leaves_it_open() {
        let lost = || RedisError::from(io::Error::from(io::ErrorKind::ConnectionReset));
        let denied = || RedisError::from((ErrorKind::AuthenticationFailed, "denied"));
        let alone = kind_after(vec![denied()]).await;
        assert_eq!(alone, StoreErrorKind::AccessDenied);
        let after = kind_after(vec![lost(), denied()]).await;
        assert_eq!(after, StoreErrorKind::Unavailable);
    }
}
