use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::Handle,
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
}

#[derive(Debug)]
struct Armed {
    margin: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl DeadlineTimer {
    /// To be called after the inner future was found pending. Flushes at most once.
    pub(crate) fn poll(&mut self, invocation: &Invocation, cx: &mut Context<'_>) {
        let Some(early_flush) = invocation.early_flush() else {
            return;
        };
        let margin = match &self.armed {
            None => early_flush.margin_or_wake(cx.waker()),
            Some(_) => early_flush.margin(),
        };
        let Some(margin) = margin else {
            self.armed = None;
            return;
        };
        // A layer that registers later may ask for a wider margin.
        if self
            .armed
            .as_ref()
            .is_none_or(|armed| armed.margin != margin)
        {
            self.armed = arm(invocation, margin);
        }
        if let Some(armed) = &mut self.armed
            && let Poll::Ready(()) = armed.sleep.as_mut().poll(cx)
        {
            invocation.run_early_flush();
            self.armed = None;
        }
    }
}

fn arm(invocation: &Invocation, margin: Duration) -> Option<Armed> {
    // Plain executors have no timer; a watchdog works there too.
    Handle::try_current().ok()?;
    let wait = invocation.until_early_flush(margin)?;
    Some(Armed {
        margin,
        sleep: Box::pin(sleep(wait)),
    })
}
