//! Whether a function takes events.

use std::{sync::Arc, time::Duration};

use powertools_local::{Exit, FunctionProcess};

use super::report::Init;

/// A function that takes events.
#[derive(Debug)]
pub(super) struct Ready {
    /// `None` in this process.
    pub(super) process: Option<Arc<FunctionProcess>>,
    pub(super) init: Init,
    pub(super) init_duration: Option<Duration>,
}

impl Ready {
    pub(super) fn pid(&self) -> Option<u32> {
        match &self.process {
            Some(process) => process.id(),
            None => Some(std::process::id()),
        }
    }

    /// Waits until the process has ended.
    pub(super) async fn gone(&self) -> Exit {
        match &self.process {
            Some(process) => process.wait().await,
            None => std::future::pending().await,
        }
    }
}

/// Why a function takes no event.
#[derive(Debug)]
pub(super) enum NotReady {
    /// Its process ended before it asked for one.
    Ended { exit: Box<Exit>, pid: Option<u32> },
    /// The invocation passed its deadline meanwhile.
    TimedOut { pid: Option<u32> },
    /// Lambda does not invoke the function; the name of its exception.
    Refused {
        exception: &'static str,
        /// How the process ended, if that is why.
        exit: Option<Box<Exit>>,
    },
}
