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

    pub(super) async fn run(self) {
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            () = self.work() => {}
            () = shared.warn_of(DropReason::Full) => {}
            () = shared.warn_of(DropReason::Refused) => {}
            () = shared.warn_of(DropReason::Unsent) => {}
            () = shared.warn_of(DropReason::Time) => {}
        }
    }

    async fn work(mut self) {
        let mut orders = self.pace.orders.clone();
        let shared = Arc::clone(&self.shared);
        loop {
            tokio::select! {
                // However much comes, a flush gets its turn.
                biased;
                // The sender is in `shared`.
                _ = orders.changed() => {
                    let Orders { flushes, end } = *orders.borrow_and_update();
                    self.send_all().await;
                    if end.is_some() {
                        return;
                    }
                    shared.done.send_replace(flushes);
                }
                () = shared.full.notified() => {
                    if let Some(batch) = shared.take_if_full() {
                        self.send(batch).await;
                        // There may be another one.
                        shared.full.notify_one();
                    }
                }
                _ = self.ticks.tick() => self.send_all().await,
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
        let until = Instant::now() + self.pace.retry_for;
        while let Some(part) = parts.pop() {
            let values = part.samples();
            let put = self.pace.put(&self.transport, &self.shared, &part, until);
            let Err(failure) = put.await else {
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
        until: Instant,
    ) -> Result<(), PutFailure> {
        if self.end().is_some_and(|end| end <= Instant::now()) {
            return Err(PutFailure::timeout());
        }
        // Who has asked before waits for this very attempt.
        self.orders.mark_unchanged();
        let mut backoff = Backoff::default();
        loop {
            self.hurry = false;
            let attempt = time::timeout(ATTEMPT, transport.put(batch));
            let failure = tokio::select! {
                // An answer that is there counts, even if the time is over.
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
            let failed = Instant::now();
            let wait = failed + backoff.next(self.random.unit());
            let is_late = wait >= until || self.end().is_some_and(|end| wait >= end);
            if is_late || !failure.is_retryable() {
                return Err(failure);
            }
            tokio::select! {
                () = time::sleep_until(wait) => {}
                _ = self.orders.changed() => {
                    backoff = Backoff::default();
                    // Many may ask for a flush, so there is a wait all the same, but a short
                    // one. Only one flush is the last.
                    if self.end().is_none() {
                        let soon = failed + backoff.next(self.random.unit());
                        time::sleep_until(soon.min(wait)).await;
                    }
                }
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

    /// When the last flush is over, if it was ordered.
    fn end(&self) -> Option<Instant> {
        self.orders.borrow().end
    }
}
