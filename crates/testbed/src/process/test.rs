use std::{fmt, time::Duration};

use libtest_mimic::{Failed, Trial};
use tokio::runtime::{Builder, Runtime};

/// No test takes half of it, unless it waits for what never comes.
const STUCK: Duration = Duration::from_secs(120);

/// One async test of a [`Harness`](super::Harness). It fails if it hangs for two minutes.
pub struct Test(Trial);

impl Test {
    /// A test on a Tokio runtime of one thread, so that nothing overlaps by chance.
    #[must_use]
    pub fn new<F>(name: &str, body: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        Self::on(
            || Builder::new_current_thread().enable_all().build(),
            name,
            body,
        )
    }

    /// A test on a Tokio runtime with a thread for each core, for races.
    #[must_use]
    pub fn multi_thread<F>(name: &str, body: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        Self::on(Runtime::new, name, body)
    }

    fn on<F>(
        runtime: impl FnOnce() -> std::io::Result<Runtime> + Send + 'static,
        name: &str,
        body: impl FnOnce() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()>,
    {
        Self(Trial::test(name, move || {
            let body = async { tokio::time::timeout(STUCK, body()).await };
            runtime().map_err(Failed::from)?.block_on(body)?;
            Ok(())
        }))
    }

    pub(super) fn into_trial(self) -> Trial {
        self.0
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Test").field(&self.0.name()).finish()
    }
}
