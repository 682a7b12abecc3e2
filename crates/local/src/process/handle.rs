use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{child::SharedChild, exit::Exit};
use crate::{
    ShutdownReason,
    source::{Condition, Phase, Source},
};

/// A function that runs as a child process and takes its events from a
/// [`RuntimeApi`](crate::RuntimeApi).
///
/// As Lambda does it, a process with one worker is killed when an invocation
/// passes its deadline; with several workers (Lambda Managed Instances) the
/// invocation fails and the code runs on. A process with extensions is told
/// first, as [`shut_down`](Self::shut_down) says. When the process ends, whatever it
/// was working on is replied to as [`Reply::Crashed`](crate::Reply::Crashed).
///
/// Dropping the handle kills the process.
///
/// # Tests
///
/// A test whose `main` is its own (`harness = false`) can be the function too:
/// if `AWS_LAMBDA_RUNTIME_API` is set it calls `lambda_runtime::run`, if not it
/// runs the tests, which start the same executable again. To read what the
/// function prints, give it one end of a pipe:
///
/// ```no_run
/// use std::{io, thread};
/// use powertools_local::{FunctionProcess, RuntimeApi};
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let (reader, writer) = io::pipe()?;
/// let printed = thread::spawn(|| io::read_to_string(reader));
///
/// let api = RuntimeApi::bind().await?;
/// let function = FunctionProcess::builder().workers(16).stdout(writer).spawn(&api)?;
/// // … api.invoke(…) …
/// function.kill().await;
/// let lines = printed.join().expect("the reader does not panic")?;
/// # Ok(())
/// # }
/// ```
pub struct FunctionProcess {
    pub(super) id: Option<u32>,
    pub(super) address: SocketAddr,
    pub(super) child: SharedChild,
    pub(super) source: Arc<Source>,
    pub(super) started: Instant,
    pub(super) exit: watch::Receiver<Option<Exit>>,
}

impl FunctionProcess {
    /// The operating system's id of the process.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// The value of its `AWS_LAMBDA_RUNTIME_API`: a port for it alone and for
    /// its extensions.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the process has not ended yet.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Waits until the process asks for its first event, or until a snapshot
    /// can be taken, and says how long that took since its start.
    ///
    /// # Errors
    ///
    /// If it ends before that.
    pub async fn initialised(&self) -> Result<Duration, Exit> {
        self.reached(Phase::Restorable).await?;
        let at = self.source.initialised_at();
        Ok(at.map_or(Duration::ZERO, |at| at - self.started))
    }

    /// Restores a function with SnapStart: its hooks run, and it asks for its
    /// first event. Says how long that took. Waits first until the function
    /// has initialised.
    ///
    /// The process stays the same one, so what it made before its snapshot is
    /// still there, as it is in Lambda. The restore goes on, and has its limit,
    /// if this future is dropped. There is nothing to do for a function that is
    /// restored already or has no SnapStart: it only has to be initialised.
    ///
    /// # Errors
    ///
    /// If a hook fails or takes too long, or the process ends.
    pub async fn restore(&self) -> Result<Duration, Exit> {
        self.reached(Phase::Restorable).await?;
        let started = Instant::now();
        self.source.release();
        self.reached(Phase::Ready).await?;
        Ok(started.elapsed())
    }

    /// Waits until the process has ended, for whatever reason.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|exit| exit.clone());
        // Without its watcher the process was killed with the async runtime.
        ended.unwrap_or_else(|| Exit::new(None, self.source.has_initialised(), Condition::Gone))
    }

    /// Kills the process and waits until it is gone.
    pub async fn kill(&self) -> Exit {
        self.child.kill();
        self.wait().await
    }

    /// Ends the process as Lambda ends an environment, and waits until it is
    /// gone.
    ///
    /// Without an extension it is killed at once. If an extension is
    /// registered, as by `lambda_runtime` for its graceful shutdown, it gets
    /// SIGTERM and is killed 500 ms later. With an external extension it has
    /// 600 ms, then the extensions that registered for it get the event
    /// `SHUTDOWN`, and 2 seconds after the beginning all is over.
    pub async fn shut_down(&self, reason: ShutdownReason) -> Exit {
        self.source.retire(Condition::ShutDown(reason));
        self.wait().await
    }

    /// Kills the process and leaves it to its watcher to see it gone.
    pub(crate) fn start_kill(&self) {
        self.child.kill();
    }

    async fn reached(&self, wanted: Phase) -> Result<(), Exit> {
        let mut phase = self.source.phase();
        let reached = async {
            // The source is ours as well, so it does not go before us.
            let _ = phase.wait_for(|phase| *phase >= wanted).await;
        };
        tokio::select! {
            biased;
            () = reached => Ok(()),
            exit = self.wait() => Err(exit),
        }
    }
}
impl Drop for FunctionProcess {
    fn drop(&mut self) {
        self.child.kill();
    }
}

impl fmt::Debug for FunctionProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionProcess")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
