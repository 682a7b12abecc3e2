use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_cloudwatch::config;
use powertools_core::{SharedClock, SharedRandom};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::super::{
    batch::Batch,
    failure::PutFailure,
    key::Fields,
    put::Transport,
    shared::Shared,
    sink::CloudWatchSink,
    worker::{Timing, Worker},
};
use crate::{Metrics, MetricsLayer, Unit};

pub(super) const INTERVAL: Duration = Duration::from_secs(10);
pub(super) const RETRY_FOR: Duration = Duration::from_secs(120);
/// Sooner than an attempt is given up.
pub(super) const LATE: Duration = Duration::from_secs(1);
pub(super) const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Taken,
    Failed(PutFailure),
    Late,
    Silence,
}

/// A service that answers as told, and takes everything once that is over.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) answers: Arc<Mutex<VecDeque<Answer>>>,
    /// What it does once it has given its answers.
    pub(super) always: Answer,
    /// Refuses every batch with a metric of this name.
    pub(super) bad: &'static str,
    pub(super) calls: watch::Sender<Vec<Call>>,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) at: Duration,
    pub(super) names: Vec<String>,
}

impl Service {
    pub(super) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            always: Answer::Taken,
            bad: "",
            calls: watch::Sender::default(),
        }
    }

    pub(super) fn always(answer: Answer) -> Self {
        Self {
            always: answer,
            ..Self::new([])
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    pub(super) async fn called(&self, times: usize) {
        let mut calls = self.calls.subscribe();
        calls.wait_for(|calls| calls.len() >= times).await.unwrap();
    }
}

impl Transport for Started {
    async fn put(&self, batch: &Batch) -> Result<(), PutFailure> {
        let keys = batch.datums.iter().map(|datum| &datum.key);
        let name = |key: &Arc<[u8]>| Fields::read(key).unwrap().name.to_owned();
        let names: Vec<String> = keys.map(name).collect();
        let is_bad = names.iter().any(|name| name == self.service.bad);
        self.service.calls.send_modify(|calls| {
            calls.push(Call {
                at: self.start.elapsed(),
                names,
            });
        });
        if is_bad {
            return Err(PutFailure::answered(Some("InvalidParameterValue"), 400));
        }
        let answer = self.service.answers.lock().unwrap().pop_front();
        match answer.unwrap_or_else(|| self.service.always.clone()) {
            Answer::Taken => Ok(()),
            Answer::Failed(failure) => Err(failure),
            Answer::Late => {
                sleep(LATE).await;
                Ok(())
            }
            Answer::Silence => pending().await,
        }
    }
}

struct Started {
    service: Service,
    start: Instant,
}

pub(super) struct Bed {
    pub(super) service: Service,
    pub(super) sink: CloudWatchSink,
    pub(super) metrics: Metrics,
    pub(super) task: JoinHandle<()>,
    pub(super) start: Instant,
}

pub(super) fn bed(service: Service) -> Bed {
    bounded(service, 1 << 20)
}

pub(super) fn without_retries(service: Service) -> Bed {
    timed(service, 1 << 20, Duration::ZERO)
}

pub(super) fn bounded(service: Service, max_bytes: usize) -> Bed {
    timed(service, max_bytes, RETRY_FOR)
}

fn timed(service: Service, max_bytes: usize, retry_for: Duration) -> Bed {
    let shared = Arc::new(Shared::new(max_bytes, SharedClock::default()));
    let timing = Timing {
        interval: INTERVAL,
        retry_for,
    };
    let start = Instant::now();
    let transport = Started {
        service: service.clone(),
        start,
    };
    let worker = Worker::new(
        Arc::clone(&shared),
        transport,
        timing,
        SharedRandom::default(),
    );
    let sink = CloudWatchSink::new(shared, FLUSH_TIMEOUT);
    let layer = MetricsLayer::builder()
        .namespace("app")
        .sink(sink.clone())
        .build();
    Bed {
        service,
        sink,
        metrics: layer.unwrap().metrics(),
        task: tokio::spawn(worker.run()),
        start,
    }
}

impl Bed {
    pub(super) fn record(&self, names: &[&str]) {
        for name in names {
            self.metrics.add(name, Unit::Count, 1);
        }
        self.metrics.flush().unwrap();
    }

    #[track_caller]
    pub(super) fn is(&self, sent: u64, pending: u64, dropped: u64) {
        let sink = &self.sink;
        let found = (sink.sent(), sink.pending(), sink.dropped());
        assert_eq!(found, (sent, pending, dropped), "sent, pending, dropped");
    }
}

pub(super) fn throttled() -> Answer {
    Answer::Failed(PutFailure::answered(Some("Throttling"), 400))
}

pub(super) fn denied() -> Answer {
    Answer::Failed(PutFailure::answered(Some("AccessDenied"), 403))
}

/// Of the SDK without anything that could send.
pub(in crate::sink::cloudwatch) fn sdk_config() -> config::Builder {
    config::Config::builder()
        .behavior_version(config::BehaviorVersion::latest())
        .region(config::Region::new("us-east-1"))
        .identity_cache(config::IdentityCache::no_cache())
        .retry_config(config::retry::RetryConfig::disabled())
        .timeout_config(config::timeout::TimeoutConfig::disabled())
        .stalled_stream_protection(config::StalledStreamProtectionConfig::disabled())
}
