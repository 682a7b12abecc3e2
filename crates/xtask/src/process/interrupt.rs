//! The signals that ask us to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, Result};

const SIGNALS: [(i32, &str); 3] = [(SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")];

/// Remembers the last signal. From [`listen`](Self::listen) on a signal no longer ends the
/// process by itself, so every wait has to ask for it.
#[derive(Debug)]
pub(crate) struct Interrupt {
    /// A place in `SIGNALS`, counted from 1.
    received: Arc<AtomicUsize>,
}

impl Interrupt {
    pub(crate) fn listen() -> Result<Self> {
        let received = Arc::default();
        for (place, (signal, name)) in (1..).zip(SIGNALS) {
            flag::register_usize(signal, Arc::clone(&received), place)
                .map_err(|e| Failure::new(format!("cannot listen to {name}: {e}")))?;
        }
        Ok(Self { received })
    }

    /// Fails once a signal has come.
    pub(crate) fn check(&self) -> Result<()> {
        let place = self.received.load(Ordering::Relaxed);
        match place.checked_sub(1).and_then(|index| SIGNALS.get(index)) {
            Some((_, name)) => Err(Failure::new(format!("stopped by {name}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signal_is_named() {
        let interrupt = Interrupt {
            received: Arc::default(),
        };
        assert_eq!(interrupt.check(), Ok(()));
        interrupt.received.store(3, Ordering::Relaxed);
        assert_eq!(interrupt.check(), Err(Failure::new("stopped by SIGTERM")));
    }
}
