//! The process of a function, started again as Lambda does it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use powertools_local::{Exit, FunctionProcess, RuntimeApi, ShutdownReason};
use tokio::time::Instant;

use super::{
    config::Config,
    output::{Output, Stream},
    ready::{NotReady, Ready},
    report::Init,
};

pub(super) struct Environment {
    config: Arc<Config>,
    api: RuntimeApi,
    output: Output,
    /// Held while a process is made ready, so that there is one at a time.
    turn: tokio::sync::Mutex<()>,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    process: Option<Arc<FunctionProcess>>,
    /// On its way to its end.
    ending: Option<Arc<FunctionProcess>>,
    /// What its init is to the first invocation; `None` once that was told.
    untold: Option<Init>,
}

impl Environment {
    pub(super) fn start(config: Arc<Config>, api: RuntimeApi, output: Output) -> Self {
        let environment = Self {
            config,
            api,
            output,
            turn: tokio::sync::Mutex::default(),
            slot: Mutex::default(),
        };
        environment.spawn(Init::Cold, environment.config.init_timeout());
        environment
    }

    pub(super) fn process(&self) -> Option<Arc<FunctionProcess>> {
        self.slot().process.clone()
    }

    pub(super) async fn settled(&self) {
        let ending = self.slot().ending.clone();
        if let Some(ending) = ending {
            ending.wait().await;
        }
    }

    /// Waits for a process that takes events. `began` is when the invocation did; the wait for
    /// an init phase that fails is not a part of it.
    pub(super) async fn ready(&self, began: &mut Instant) -> Result<Ready, NotReady> {
        let _turn = self.turn.lock().await;
        self.settled().await;
        if let Some(process) = self.process().filter(|process| process.is_running()) {
            let is_untold = self.slot().untold.is_some();
            match self.prepare(&process).await {
                Ok(took) => return Ok(self.tell(process, took)),
                // The init phase failed, which nobody was told: it is tried again.
                Err(_) if self.config.is_on_demand() && is_untold => *began = Instant::now(),
                Err(failed) => return Err(failed),
            }
        }
        if !self.config.is_on_demand() {
            let process = self.spawn(Init::Cold, self.config.init_timeout());
            let took = self.prepare(&process).await?;
            return Ok(self.tell(process, took));
        }
        // The function's time-out is now the limit of the init as well.
        let left = self.config.timeout.saturating_sub(began.elapsed());
        let process = self.spawn(Init::Suppressed, left);
        match self.prepare(&process).await {
            Ok(took) => Ok(self.tell(process, took)),
            Err(NotReady::Ended { exit, pid }) if exit.is_init_timeout() => {
                Err(NotReady::TimedOut { pid })
            }
            Err(failed) => Err(failed),
        }
    }

    /// Waits for the end of the init, and of a restore if there is to be one.
    async fn prepare(&self, process: &FunctionProcess) -> Result<Duration, NotReady> {
        let snap_start = self.config.snap_start;
        let took = process.initialised().await.map_err(|exit| {
            let exit = Box::new(exit);
            if snap_start {
                return NotReady::Refused {
                    exception: "SnapStartNotReadyException",
                    exit: Some(exit),
                };
            }
            let pid = process.id();
            NotReady::Ended { exit, pid }
        })?;
        if snap_start {
            // It does nothing if it is restored already.
            process.restore().await.map_err(|exit| NotReady::Refused {
                exception: if exit.is_restore_timeout() {
                    "SnapStartTimeoutException"
                } else {
                    "SnapStartException"
                },
                exit: Some(Box::new(exit)),
            })?;
        }
        Ok(took)
    }

    /// Tells the first invocation of the init, and it alone.
    fn tell(&self, process: Arc<FunctionProcess>, took: Duration) -> Ready {
        let untold = self.slot().untold.take();
        Ready {
            process: Some(process),
            init: untold.unwrap_or(Init::Warm),
            init_duration: untold.map(|_| took),
        }
    }

    /// Lets the next invocation have another process.
    pub(super) fn retire(&self, process: &Arc<FunctionProcess>) {
        let mut slot = self.slot();
        let current = slot
            .process
            .take_if(|current| Arc::ptr_eq(current, process));
        if current.is_some() {
            slot.ending = current;
        }
    }

    pub(super) async fn shut_down(&self, reason: ShutdownReason) -> Option<Exit> {
        let process = self.slot().process.take();
        self.settled().await;
        match process {
            Some(process) => Some(process.shut_down(reason).await),
            None => None,
        }
    }

    fn spawn(&self, init: Init, init_timeout: Duration) -> Arc<FunctionProcess> {
        let pipe = |stream| {
            let pipe = self.output.pipe(stream);
            pipe.unwrap_or_else(|error| panic!("no pipe for the function's output: {error}"))
        };
        let process = self
            .config
            .process()
            .init_timeout(init_timeout)
            .stdout(pipe(Stream::Stdout))
            .stderr(pipe(Stream::Stderr))
            .spawn(&self.api);
        let process = Arc::new(
            process.unwrap_or_else(|error| panic!("no process for the function: {error:?}")),
        );
        let mut slot = self.slot();
        slot.process = Some(Arc::clone(&process));
        slot.untold = Some(init);
        process
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
