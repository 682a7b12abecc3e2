use std::{
    future::Future,
    panic::catch_unwind,
    pin::{Pin, pin},
    task::Context,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    task::unconstrained,
    time::{Sleep, sleep},
};

use crate::Invocation;

/// The timer of the flush near the deadline.
///
/// A `Sleep` is larger than all the rest of a layer's future, so it is boxed, and
/// made only once there is something to wait for.
#[derive(Debug, Default)]
pub(crate) struct DeadlineTimer {
    armed: Option<Armed>,
    /// The runtime's time driver is switched off.
    no_timer: bool,
}

#[derive(Debug)]
struct Armed {
    margin: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl DeadlineTimer {
    /// To be called after the inner future was found pending.
    pub(crate) fn poll(&mut self, invocation: &Invocation, cx: &mut Context<'_>) {
        let Some(early_flush) = invocation.early_flush().filter(|_| !self.no_timer) else {
            return;
        };
        let Some(margin) = early_flush.margin(cx.waker()) else {
            self.armed = None;
            return;
        };
        // A layer that registers later may ask for a wider margin.
        if self
            .armed
            .as_ref()
            .is_none_or(|armed| armed.margin != margin)
        {
            self.arm(invocation, margin);
        }
        if let Some(armed) = &mut self.armed {
            // Past tokio's budget: a handler that always has something ready uses it up.
            let sleep = pin!(unconstrained(armed.sleep.as_mut()));
            if sleep.poll(cx).is_ready() {
                self.armed = None;
                invocation.run_early_flush();
            }
        }
    }

    fn arm(&mut self, invocation: &Invocation, margin: Duration) {
        self.armed = None;
        let wait = invocation.until_early_flush(margin);
        // Plain executors have no timer; a watchdog works there too.
        if let (Some(wait), Ok(_)) = (wait, Handle::try_current()) {
            // tokio panics if the time driver is off. The answer must not depend on it.
            match catch_unwind(|| Box::pin(sleep(wait))) {
                Ok(sleep) => self.armed = Some(Armed { margin, sleep }),
                Err(_) => self.no_timer = true,
            }
        }
    }
}
