use std::{
    future::poll_fn,
    io,
    pin::pin,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::process::Child;

/// The handle kills the child at once, without help of the async runtime;
/// the watcher waits for it.
#[derive(Clone)]
pub(super) struct SharedChild(Arc<Mutex<Child>>);

impl SharedChild {
    pub(super) fn new(child: Child) -> Self {
        Self(Arc::new(Mutex::new(child)))
    }

    pub(super) async fn ended(&self) -> io::Result<ExitStatus> {
        // Locked for each poll only.
        poll_fn(|cx| pin!(self.lock().wait()).poll(cx)).await
    }

    pub(super) fn kill(&self) {
        // It fails if the child has ended already.
        let _ = self.lock().start_kill();
    }

    /// Asks it to end by itself, with SIGTERM.
    #[cfg(unix)]
    pub(super) fn terminate(&self) {
        use rustix::process::{Pid, Signal, kill_process};

        // Under the lock nobody waits for the child, so its id stays its own.
        let child = self.lock();
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // It fails if the child has ended already.
            let _ = kill_process(id, Signal::TERM);
        }
    }

    /// There is no such signal on Windows; the terminal's Ctrl-C reaches the
    /// child as well.
    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "there is nothing to do here")]
    pub(super) fn terminate(&self) {}

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
