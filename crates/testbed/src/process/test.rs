use std::{fmt, io, time::Duration};

use libtest_mimic::{Failed, Trial};
use tokio::runtime::{Builder, Runtime};

/// Ample for most tests, unless they wait for what never comes.
const STUCK: Duration = Duration::from_secs(120);

type Body = Box<dyn FnOnce(&Runtime, Duration) -> Result<(), Failed> + Send>;

/// One async test of a [`Harness`](super::Harness).
///
/// It runs on a Tokio runtime of one thread, so that nothing overlaps by chance, and fails
/// if it hangs for two minutes.
#[must_use]
pub struct Test {
    name: String,
    limit: Duration,
    multi_thread: bool,
    body: Body,
}

impl Test {
    /// A test with this name.
    pub fn new<F>(name: impl Into<String>, body: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        Self {
            name: name.into(),
            limit: STUCK,
            multi_thread: false,
            body: Box::new(move |runtime, limit| {
                let body = async { tokio::time::timeout(limit, body()).await };
                runtime
                    .block_on(body)
                    .map_err(|_| format!("not done after {limit:?}").into())
            }),
        }
    }

    /// Runs it on a thread for each core, for races.
    pub fn multi_thread(mut self) -> Self {
        self.multi_thread = true;
        self
    }

    /// Fails it after this time.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn into_trial(self) -> Trial {
        Trial::test(self.name.clone(), move || self.run())
    }

    fn run(self) -> Result<(), Failed> {
        let runtime = self.runtime()?;
        let result = (self.body)(&runtime, self.limit);
        // Blocking code that hangs must not hold up the verdict.
        runtime.shutdown_background();
        result
    }

    fn runtime(&self) -> io::Result<Runtime> {
        if self.multi_thread {
            return Runtime::new();
        }
        Builder::new_current_thread().enable_all().build()
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .field("multi_thread", &self.multi_thread)
            .finish_non_exhaustive()
    }
}
