use std::{collections::HashMap, fmt, pin::Pin, process::ExitCode};

use libtest_mimic::Arguments;
use powertools_core::Env;

use super::{
    Parent, Test, children,
    message::{CHANNEL, LEASH, SCENARIO},
    spawner,
};

type Scenario = Box<dyn Fn(Parent) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The `main` of a test binary that can be its own child process.
///
/// The target says `harness = false`. If a process is still there when the last test has
/// ended, the run fails (seen on Linux only).
#[derive(Default)]
#[must_use]
pub struct Harness {
    scenarios: HashMap<&'static str, Scenario>,
    function: Option<Box<dyn Fn()>>,
    tests: Vec<Test>,
}

impl Harness {
    /// Without tests and scenarios.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a [`Child`](super::Child) runs that is started with this name, on a Tokio
    /// runtime with several threads. It may be a Lambda function too: give the environment
    /// of a [`SideChannel`](super::SideChannel) to the function's process.
    ///
    /// # Panics
    ///
    /// If there is a scenario of this name already.
    pub fn scenario<F>(mut self, name: &'static str, body: impl Fn(Parent) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let body: Scenario = Box::new(move |parent| Box::pin(body(parent)));
        let earlier = self.scenarios.insert(name, body);
        assert!(earlier.is_none(), "two scenarios have the name `{name}`");
        self
    }

    /// The Lambda function that this executable is when it finds `AWS_LAMBDA_RUNTIME_API`
    /// and no scenario. It starts its own runtime.
    pub fn function(mut self, body: impl Fn() + 'static) -> Self {
        self.function = Some(Box::new(body));
        self
    }

    /// One more test, as [`Test::new`] makes it.
    pub fn test<F>(self, name: impl Into<String>, body: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        self.tests([Test::new(name, body)])
    }

    /// More tests.
    pub fn tests(mut self, tests: impl IntoIterator<Item = Test>) -> Self {
        self.tests.extend(tests);
        self
    }

    /// Is the child or the function that the environment asks for, else runs the tests.
    /// Return it from `main`.
    ///
    /// # Panics
    ///
    /// If the environment names a scenario but no side channel, or if a process is left
    /// after the tests.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let env = Env::process();
        if let Some(name) = env.get(SCENARIO) {
            let Some(scenario) = self.scenarios.get(&*name) else {
                eprintln!("this test binary has no scenario `{name}`");
                return ExitCode::FAILURE;
            };
            if env.get(LEASH).is_some() {
                spawner::end_with_parent();
            }
            let channel = env.get(CHANNEL).expect("a side channel to the test");
            let parent = Parent::connect(&channel);
            let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
            runtime.block_on(scenario(parent));
            // Whoever is held without async does not hold up the end.
            runtime.shutdown_background();
            return ExitCode::SUCCESS;
        }
        if let Some(function) = self.function
            && env.get("AWS_LAMBDA_RUNTIME_API").is_some()
        {
            function();
            return ExitCode::SUCCESS;
        }
        let trials = self.tests.into_iter().map(Test::into_trial).collect();
        let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
        let left = children::alive();
        assert!(left.is_empty(), "processes are left: {left:?}");
        conclusion.exit_code()
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness")
            .field("scenarios", &self.scenarios.keys())
            .field("tests", &self.tests)
            .finish_non_exhaustive()
    }
}
