//! The task that sends.

use std::{future::pending, sync::Arc, time::Duration};

use powertools_core::SharedRandom;
use tokio::{
    sync::watch,
    time::{self, Instant, Interval, MissedTickBehavior},
};

use super::{
    backoff::Backoff,
    batch::Batch,
    failure::PutFailure,
    put::Transport,
    report::DropReason,
    shared::{Orders, Shared},
};

/// A request without an answer by then is given up, and tried again.
const ATTEMPT: Duration = Duration::from_secs(30);

/// A batch is halved so often at most in search of what the service refuses. One bad datum of
/// a thousand takes ten.
const MAX_HALVINGS: u32 = 32;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) interval: Duration,
    pub(super) retry_for: Duration,
    pub(super) flush_timeout: Duration,
}

/// Ends when the sink is closed. When it is dropped, whatever was not sent is lost.
#[derive(Debug)]
pub(super) struct Worker<T> {
    shared: Arc<Shared>,
    transport: T,
    ticks: Interval,
    pace: Pace,
}

/// How long the task may try and wait.
#[derive(Debug)]
struct Pace {
    orders: watch::Receiver<Orders>,
    random: SharedRandom,
    retry_for: Duration,
    flush_timeout: Duration,
    /// When the last flush is over.
    end: Option<Instant>,
    /// Somebody waits for a flush: no long waits.
    hurry: bool,
}

impl<T: Transport> Worker<T> {
    /// Panics where there is no timer.
    pub(super) fn new(
        shared: Arc<Shared>,
        transport: T,
        timing: Timing,
        random: SharedRandom,
    ) -> Self {
        let pace = Pace {
            orders: shared.orders.subscribe(),
            random,
            retry_for: timing.retry_for,
            flush_timeout: timing.flush_timeout,
            end: None,
            hurry: false,
        };
        let first = Instant::now() + timing.interval;
        let mut ticks = time::interval_at(first, timing.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            shared,
            transport,
            ticks,
            pace,
        }
    }

    pub(super) async fn run(mut self) {
        let mut orders = self.pace.orders.clone();
        let shared = Arc::clone(&self.shared);
        loop {
            tokio::select! {
                // The sender is in `shared`.
                _ = orders.changed() => {
                    let Orders { flushes, closing } = *orders.borrow_and_update();
                    self.send_all().await;
                    if closing {
                        return;
                    }
                    shared.done.send_replace(flushes);
                }
                _ = self.ticks.tick() => self.send_all().await,
                () = shared.full.notified() => {
                    while let Some(batch) = shared.take_if_full() {
                        self.send(batch).await;
                    }
                }
            }
        }
    }

    /// Everything that is there now.
    async fn send_all(&mut self) {
        let mark = self.shared.mark();
        while let Some(batch) = self.shared.take_batch(mark) {
            self.send(batch).await;
        }
    }

    async fn send(&mut self, batch: Batch) {
        let mut parts = vec![batch];
        let mut halvings = 0;
        while let Some(part) = parts.pop() {
            let values = part.samples();
            let Err(failure) = self.pace.put(&self.transport, &self.shared, &part).await else {
                self.shared.sent(values);
                continue;
            };
            if failure.is_divisible()
                && halvings < MAX_HALVINGS
                && let Some([first, second]) = part.halves()
            {
                halvings += 1;
                parts.extend([second, first]);
                continue;
            }
            let reason = match failure.is_retryable() {
                true => DropReason::Unsent,
                false => DropReason::Refused,
            };
            self.shared.lose(reason, values);
        }
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

impl Pace {
    /// Puts a batch, again and again while that may help and there is time.
    async fn put(
        &mut self,
        transport: &impl Transport,
        shared: &Shared,
        batch: &Batch,
    ) -> Result<(), PutFailure> {
        // Who has asked before waits for this very attempt.
        self.orders.mark_unchanged();
        let until = Instant::now() + self.retry_for;
        let mut backoff = Backoff::default();
        loop {
            self.hurry = false;
            let attempt = time::timeout(ATTEMPT, transport.put(batch));
            let failure = tokio::select! {
                // What is there is sent, even if there is no more time to wait for it.
                biased;
                answer = attempt => match answer.unwrap_or_else(|_| Err(PutFailure::timeout())) {
                    Ok(()) => return Ok(()),
                    Err(failure) => failure,
                },
                () = self.over() => PutFailure::timeout(),
            };
            shared.failed(&failure);
            if self.hurry {
                backoff = Backoff::default();
            }
            let wait = Instant::now() + backoff.next(self.random.unit());
            let is_late = wait >= until || self.end().is_some_and(|end| wait >= end);
            if is_late || !failure.is_retryable() {
                return Err(failure);
            }
            tokio::select! {
                () = time::sleep_until(wait) => {}
                _ = self.orders.changed() => backoff = Backoff::default(),
            }
        }
    }

    /// Waits until the last flush is over.
    async fn over(&mut self) {
        loop {
            let end = self.end();
            let over = async {
                match end {
                    Some(end) => time::sleep_until(end).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = over => return,
                _ = self.orders.changed() => self.hurry = true,
            }
        }
    }

    /// When the last flush is over, if it has begun.
    fn end(&mut self) -> Option<Instant> {
        if self.end.is_none() && self.orders.borrow().closing {
            self.end = Some(Instant::now() + self.flush_timeout);
        }
        self.end
    }
}
