//! Who asks for events, and how far it has come in its life.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use crate::{ShutdownReason, extension::Extensions};

/// Who asks for events: one process, or anyone who knows the shared address.
#[derive(Debug)]
pub(crate) struct Source {
    nature: Nature,
    pub(crate) extensions: Extensions,
    phase: watch::Sender<Phase>,
    initialised_at: OnceLock<Instant>,
    condition: watch::Sender<Condition>,
}

/// What stays the same as long as it lives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nature {
    pub(crate) function_name: String,
    /// It takes one event at a time, so Lambda resets it when that times out.
    pub(crate) resets_on_timeout: bool,
    /// It has a life. Whoever asks at the shared address comes and goes unseen.
    pub(crate) is_process: bool,
    pub(crate) snap_start: bool,
    pub(crate) init_timeout: Option<Duration>,
    pub(crate) restore_timeout: Duration,
    pub(crate) external_extensions: Vec<String>,
}

/// How far its initialisation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Initialising,
    /// The runtime is ready, its extensions may not be. Nobody can register now.
    Asked,
    /// The snapshot can be taken: it waits to be restored.
    Restorable,
    /// Its hooks run after the restore.
    Restoring,
    /// It asked for its first event.
    Ready,
}

/// Whether a source may still take events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Serving,
    /// Its environment is to be reset.
    TimedOut,
    /// It did not ask for its first event in time.
    InitTimedOut,
    /// It could not initialise; what it said about that.
    InitError(Bytes),
    /// Its hooks after the restore took too long.
    RestoreTimedOut,
    /// A hook failed after the restore; what it said about that.
    RestoreError(Bytes),
    /// An extension gave up; the type of its error.
    ExtensionError(String),
    ShutDown(ShutdownReason),
    /// Its process has ended.
    Gone,
}

impl Source {
    pub(crate) fn new(nature: Nature) -> Arc<Self> {
        Arc::new(Self {
            extensions: Extensions::new(
                nature.external_extensions.clone(),
                nature.resets_on_timeout,
            ),
            nature,
            phase: watch::Sender::new(Phase::Initialising),
            initialised_at: OnceLock::new(),
            condition: watch::Sender::new(Condition::Serving),
        })
    }

    pub(crate) fn nature(&self) -> &Nature {
        &self.nature
    }

    /// Notes that it has come as far as this; there is no way back.
    pub(crate) fn reach(&self, reached: Phase) {
        if reached > Phase::Asked {
            // The first time stays.
            self.initialised_at.get_or_init(Instant::now);
        }
        self.phase.send_if_modified(|phase| {
            let forward = *phase < reached;
            if forward {
                *phase = reached;
            }
            forward
        });
    }

    /// Notes that the runtime has asked for something, and waits until its
    /// extensions have as well: that ends the initialisation.
    pub(crate) async fn ask(&self, reached: Phase) {
        self.reach(Phase::Asked);
        self.extensions.initialised().await;
        self.reach(reached);
    }

    /// Lets it go on from its snapshot, if it waits for that.
    pub(crate) fn release(&self) {
        self.phase.send_if_modified(|phase| {
            let waits = *phase == Phase::Restorable;
            if waits {
                *phase = Phase::Restoring;
            }
            waits
        });
    }

    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(crate) fn is_in(&self, phase: Phase) -> bool {
        *self.phase.borrow() == phase
    }

    /// Whether its `Init` phase is over: it asked for an event or waits for
    /// its restore.
    pub(crate) fn has_initialised(&self) -> bool {
        *self.phase.borrow() > Phase::Asked
    }

    pub(crate) fn initialised_at(&self) -> Option<Instant> {
        self.initialised_at.get().copied()
    }

    /// The first reason stays. The shared address serves on: who reported an
    /// error there is not the only one.
    pub(crate) fn retire(&self, reason: Condition) {
        if !self.nature.is_process {
            return;
        }
        self.condition.send_if_modified(|condition| {
            let serving = *condition == Condition::Serving;
            if serving {
                *condition = reason;
            }
            serving
        });
    }

    pub(crate) fn is_serving(&self) -> bool {
        *self.condition.borrow() == Condition::Serving
    }

    pub(crate) fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }
}
