//! Sees the child to its end, as Lambda does.

use std::{
    convert::Infallible, future::pending, io, process::ExitStatus, sync::Arc, time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, timeout, timeout_at};

use super::{child::SharedChild, exit::Exit};
use crate::{
    RuntimeApi, ShutdownReason,
    extension::Present,
    id,
    runtime_api::Server,
    source::{Condition, Phase, Source},
};

/// How long a process may go on after it reported an error of its
/// initialisation or its restore: long enough to end by itself and to write
/// its last lines.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// What Lambda leaves an environment with internal extensions only.
const INTERNAL: Duration = Duration::from_millis(500);
/// What Lambda leaves an environment with an external extension; its runtime
/// has the first part of it.
const EXTERNAL: Duration = Duration::from_secs(2);
const RUNTIME_OF_EXTERNAL: Duration = Duration::from_millis(600);

pub(super) struct Watcher {
    pub(super) child: SharedChild,
    pub(super) api: RuntimeApi,
    pub(super) source: Arc<Source>,
    pub(super) server: Server,
}

impl Watcher {
    pub(super) async fn run(self) -> Exit {
        let mut condition = self.source.condition();
        let retired = async {
            let retired = condition.wait_for(|condition| *condition != Condition::Serving);
            // The source is ours, so there is a condition.
            retired
                .await
                .map_or(Condition::Gone, |condition| condition.clone())
        };
        let ended = tokio::select! {
            status = self.child.ended() => Ok(status),
            condition = retired => Err(condition),
            never = self.limit_init() => match never {},
            never = self.limit_restore() => match never {},
        };
        let started = Instant::now();
        let (status, reason) = match ended {
            Ok(status) => (status, ShutdownReason::Failure),
            Err(condition) => self.end(&condition).await,
        };
        self.api.crash(&self.source);
        self.end_extensions(reason, started).await;
        let condition = self.source.condition().borrow().clone();
        let initialised = self.source.has_initialised();
        self.server.close().await;
        Exit::new(status.ok(), initialised, condition)
    }

    /// Retires a source whose initialisation takes too long.
    async fn limit_init(&self) -> Infallible {
        if let Some(limit) = self.source.nature().init_timeout {
            let mut phase = self.source.phase();
            let initialised = phase.wait_for(|phase| *phase > Phase::Asked);
            if timeout(limit, initialised).await.is_err() {
                self.source.retire(Condition::InitTimedOut);
            }
        }
        pending().await
    }

    /// Retires a source whose hooks take too long after its restore. Here, and
    /// not with the caller, who may give up.
    async fn limit_restore(&self) -> Infallible {
        let limit = self.source.nature().restore_timeout;
        let mut phase = self.source.phase();
        // The source is ours, so there is a phase.
        let _ = phase.wait_for(|phase| *phase >= Phase::Restoring).await;
        let restored = phase.wait_for(|phase| *phase > Phase::Restoring);
        if timeout(limit, restored).await.is_err() {
            self.source.retire(Condition::RestoreTimedOut);
        }
        pending().await
    }

    /// Ends the child for a reason.
    async fn end(&self, condition: &Condition) -> (io::Result<ExitStatus>, ShutdownReason) {
        let reason = match condition {
            Condition::ShutDown(reason) => *reason,
            Condition::TimedOut | Condition::InitTimedOut | Condition::RestoreTimedOut => {
                ShutdownReason::Timeout
            }
            Condition::InitError(_)
            | Condition::RestoreError(_)
            | Condition::ExtensionError(_)
            | Condition::Gone
            | Condition::Serving => ShutdownReason::Failure,
        };
        let grace = match (condition, self.source.extensions.present()) {
            // It ends by itself.
            (Condition::InitError(_) | Condition::RestoreError(_), _) => Some(AFTER_ERROR),
            (_, Present::None) => None,
            (_, Present::Internal) => Some(INTERNAL),
            (_, Present::External) => Some(RUNTIME_OF_EXTERNAL),
        };
        if let Some(grace) = grace {
            if !matches!(
                condition,
                Condition::InitError(_) | Condition::RestoreError(_)
            ) {
                self.child.terminate();
            }
            let _ = timeout(grace, self.child.ended()).await;
        }
        self.child.kill();
        (self.child.ended().await, reason)
    }

    /// Tells the external extensions and leaves them what is left of their time.
    async fn end_extensions(&self, reason: ShutdownReason, started: Instant) {
        let extensions = &self.source.extensions;
        if extensions.present() != Present::External {
            return;
        }
        let left = EXTERNAL.saturating_sub(started.elapsed());
        let deadline = id::since_epoch(self.api.now() + left).as_millis();
        let event = json!({
            "eventType": "SHUTDOWN",
            "shutdownReason": reason.as_str(),
            "deadlineMs": u64::try_from(deadline).unwrap_or(u64::MAX),
        });
        extensions.shut_down(&event.to_string());
        let _ = timeout_at(started + EXTERNAL, extensions.ended()).await;
    }
}
