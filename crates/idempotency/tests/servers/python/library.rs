use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use testbed::servers::Python;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    function::{Function, Level, raw},
    place::Place,
};

/// A process with the real library, which lives as long as this.
pub(crate) struct Library {
    process: Child,
    commands: ChildStdin,
    answers: UnboundedReceiver<String>,
    calls: u32,
    /// What the place has all keys begin with.
    prefix: String,
}

/// A call whose function has begun.
pub(crate) struct Running(u32);

/// How a call in Python ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) ran: bool,
    /// The answer as canonical JSON, or the name of the error.
    pub(crate) end: Result<String, String>,
}

#[derive(Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Order<'a> {
    Start {
        call: u32,
        function: &'a str,
        key: &'a str,
        validation: &'a str,
        prefix: Option<String>,
        remaining: Option<i32>,
        payload: &'a RawValue,
    },
    Finish {
        call: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a RawValue>,
    },
}

/// What a call has come to: its function runs, or it is over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    running: bool,
    ran: bool,
    result: Box<RawValue>,
    error: Option<String>,
}

impl Library {
    pub(crate) fn with(place: &impl Place) -> Self {
        let mut process = Command::new(Python::installed().program())
            .args(["-W", "ignore", "-c", "import app; app.main()"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/python"))
            .env_clear()
            // What Python compiles is kept, but not beside the script.
            .env(
                "PYTHONPYCACHEPREFIX",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/python"),
            )
            .env("AWS_LAMBDA_FUNCTION_NAME", place.function_name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, answers) = unbounded_channel();
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        let mut commands = process.stdin.take().unwrap();
        writeln!(commands, "{}", place.theirs()).unwrap();
        Self {
            process,
            commands,
            answers,
            calls: 0,
            prefix: place.prefix().to_owned(),
        }
    }

    /// A call that is expected to run, until its function has begun.
    pub(crate) async fn start(
        &mut self,
        function: Function,
        remaining: Option<i32>,
        payload: &str,
    ) -> Running {
        let answer = self.begin(function, remaining, payload).await;
        assert!(answer.running, "it has not run: {answer:?}");
        Running(self.calls)
    }

    /// Lets a function return this result, or raise an error.
    pub(crate) async fn finish(&mut self, running: Running, result: Option<&str>) -> Outcome {
        let result = result.map(raw);
        let order = Order::Finish {
            call: running.0,
            result: result.as_deref(),
        };
        Outcome::of(self.order(&order).await)
    }

    /// A whole call, of a function that would return this result.
    pub(crate) async fn call(
        &mut self,
        function: Function,
        payload: &str,
        result: &str,
    ) -> Outcome {
        let answer = self.begin(function, None, payload).await;
        if answer.running {
            return self.finish(Running(self.calls), Some(result)).await;
        }
        Outcome::of(answer)
    }

    async fn begin(&mut self, function: Function, remaining: Option<i32>, payload: &str) -> Answer {
        self.calls += 1;
        let order = Order::Start {
            call: self.calls,
            function: match function.level {
                Level::Handler => "lambda_handler",
                Level::Function => "process_order",
            },
            key: function.key,
            validation: function.validation,
            prefix: function.prefix.map(|prefix| self.prefix.clone() + prefix),
            remaining,
            payload: &raw(payload),
        };
        self.order(&order).await
    }

    async fn order(&mut self, order: &Order<'_>) -> Answer {
        let order = serde_json::to_string(order).unwrap();
        writeln!(self.commands, "{order}").unwrap();
        let answer = self.answers.recv().await;
        serde_json::from_str(&answer.expect("Python has ended")).unwrap()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // It may have ended, and says so itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Outcome {
    pub(crate) fn ran(result: &str) -> Self {
        Self {
            ran: true,
            end: Ok(result.to_owned()),
        }
    }

    pub(crate) fn replayed(result: &str) -> Self {
        Self {
            ran: false,
            end: Ok(result.to_owned()),
        }
    }

    pub(crate) fn refused(error: &str) -> Self {
        Self {
            ran: false,
            end: Err(error.to_owned()),
        }
    }

    fn of(answer: Answer) -> Self {
        assert!(!answer.running, "the call has not ended");
        Self {
            ran: answer.ran,
            end: answer.error.map_or(Ok(answer.result.get().to_owned()), Err),
        }
    }
}
