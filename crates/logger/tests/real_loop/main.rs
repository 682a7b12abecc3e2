//! The logger under the real runtime loop, 64 invocations at once.
//!
//! The executable is started again as the function, because the runtime reads its
//! settings from the environment of its process. A barrier holds all invocations in
//! flight until the last has arrived.

mod case;
mod expect;
mod function;

use std::{io::Read, process::ExitCode, thread, time::Duration};

use libtest_mimic::{Arguments, Failed, Trial};
use powertools_core::Env;
use powertools_local::{FunctionProcess, Invoke, Reply, RuntimeApi};
use serde_json::Value;

use crate::case::{Case, Level};

/// Says which function the started executable is.
const ROLE: &str = "REAL_LOOP_ROLE";

/// Set if the function keeps the runtime's own lines about errors.
const KEEP: &str = "REAL_LOOP_KEEP";

fn main() -> ExitCode {
    if let Some(role) = Env::process().get(ROLE) {
        return function::run(&role);
    }
    let trial =
        |name: &str, level, keep| Trial::test(name, move || keeps_invocations_apart(level, keep));
    let trials = vec![
        trial("sixty_four_events_keep_apart", Level::Event, true),
        trial("sixty_four_http_requests_keep_apart", Level::Http, true),
        trial("sixty_four_streamed_bodies_keep_apart", Level::Stream, true),
        trial("failures_of_events_are_told_once", Level::Event, false),
        trial(
            "failures_of_http_requests_are_told_once",
            Level::Http,
            false,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn keeps_invocations_apart(level: Level, keep: bool) -> Result<(), Failed> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (cases, lines) = runtime.block_on(invoke_all(level, keep))?;
    expect::replies(level, &cases)?;
    expect::lines(level, keep, &lines)
}

/// Invokes the function with all cases at once. Returns the replies, and what the
/// function has written to its standard output.
async fn invoke_all(level: Level, keep: bool) -> Result<(Vec<(Case, Reply)>, Vec<Value>), Failed> {
    let api = RuntimeApi::bind().await?;
    let (mut output, input) = std::io::pipe()?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let workers = u32::try_from(Case::ALL)?;
    let mut function = FunctionProcess::builder();
    if keep {
        function = function.env(KEEP, "1");
    }
    let function = function
        .env(ROLE, level.to_string())
        .env("POWERTOOLS_SERVICE_NAME", "real-loop")
        // Managed instances are never cold; here one invocation shall be.
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .workers(workers)
        .stdout(input)
        // The panics are on purpose.
        .stderr(std::process::Stdio::null())
        .spawn(&api)?;

    let calls: Vec<_> = Case::all()
        .map(|case| {
            let invoke = Invoke::new(case.event(level).to_string())
                .request_id(case.id())
                .timeout(Duration::from_secs(60));
            let reply = tokio::spawn(api.invoke(invoke));
            async move { Ok::<_, Failed>((case, reply.await?)) }
        })
        .collect();
    let mut replies = Vec::new();
    for call in calls {
        replies.push(call.await?);
    }

    function.kill().await;
    let text = reader.join().map_err(|_| "the reader panicked")??;
    let parse = |line: &str| serde_json::from_str(line).map_err(|_| format!("not JSON: {line}"));
    let lines = text.lines().map(parse).collect::<Result<_, _>>()?;
    Ok((replies, lines))
}
