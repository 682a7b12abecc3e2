use std::{collections::HashMap, fmt, pin::Pin, process::ExitCode, time::Duration};

use libtest_mimic::{Arguments, Failed, Trial};
use powertools_core::Env;
use tokio::runtime::Builder;

use super::{
    Parent,
    message::{CHANNEL, SCENARIO},
};

/// No test takes a tenth of it, unless it waits for what never comes.
const STUCK: Duration = Duration::from_secs(120);

type Scenario = Box<dyn Fn(Parent) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The `main` of a test binary that can be its own child process.
///
/// The target says `harness = false`. Tests and scenarios are async and run on a Tokio
/// runtime with several threads; a test that hangs fails after two minutes.
#[derive(Default)]
#[must_use]
pub struct Harness {
    scenarios: HashMap<&'static str, Scenario>,
    processes: HashMap<&'static str, Box<dyn Fn()>>,
    tests: Vec<Trial>,
}

impl Harness {
    /// Without tests and scenarios.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a [`Child`](super::Child) runs that is started with this name.
    pub fn scenario<F>(mut self, name: &'static str, body: impl Fn(Parent) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let body: Scenario = Box::new(move |parent| Box::pin(body(parent)));
        self.scenarios.insert(name, body);
        self
    }

    /// A scenario that has no side channel and starts its own runtime, such as a Lambda
    /// function: the started process has the variable `TESTBED_SCENARIO` with this name.
    pub fn process(mut self, name: &'static str, body: impl Fn() + 'static) -> Self {
        self.processes.insert(name, Box::new(body));
        self
    }

    /// One more test.
    pub fn test<F>(mut self, name: &str, body: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        let run = move || {
            let runtime = Builder::new_multi_thread().enable_all().build();
            let body = async { tokio::time::timeout(STUCK, body()).await };
            runtime.map_err(Failed::from)?.block_on(body)?;
            Ok(())
        };
        self.tests.push(Trial::test(name, run));
        self
    }

    /// Runs one scenario if this process is a child, else the tests. Return it from `main`.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let env = Env::process();
        let Some(name) = env.get(SCENARIO) else {
            return libtest_mimic::run(&Arguments::from_args(), self.tests).exit_code();
        };
        if let Some(process) = self.processes.get(&*name) {
            process();
            return ExitCode::SUCCESS;
        }
        let Some(scenario) = self.scenarios.get(&*name) else {
            eprintln!("this test binary has no scenario `{name}`");
            return ExitCode::FAILURE;
        };
        let address = env.get(CHANNEL).expect("a side channel to the test");
        let parent = Parent::connect(&address);
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be started");
        runtime.block_on(scenario(parent));
        ExitCode::SUCCESS
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness")
            .field("scenarios", &self.scenarios.keys())
            .field("tests", &self.tests.len())
            .finish_non_exhaustive()
    }
}
