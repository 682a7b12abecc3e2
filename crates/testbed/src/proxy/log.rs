use std::fmt;

use tokio::time::Instant;

use super::request::Request;

/// A fault that happened.
#[derive(Debug, Clone)]
pub struct Firing {
    rule: String,
    request: Request,
    at: Instant,
}

impl Firing {
    pub(super) fn now(rule: &str, request: Request) -> Self {
        Self {
            rule: rule.to_owned(),
            request,
            at: Instant::now(),
        }
    }

    /// The name of the rule.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The request that it happened to.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }
}

/// The rule and the request on one line.
impl fmt::Display for Firing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.rule, self.request.summary())
    }
}

/// What a proxy has seen since it began.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) connections: usize,
    pub(super) open: usize,
    pub(super) requests: Vec<Request>,
    pub(super) firings: Vec<Firing>,
    /// What the last connection that panicked said.
    pub(super) panic: Option<String>,
}

impl Log {
    pub(super) fn count(&self, rule: &str) -> usize {
        self.of(rule).count()
    }

    pub(super) fn of(&self, rule: &str) -> impl Iterator<Item = &Firing> {
        self.firings
            .iter()
            .filter(move |firing| firing.rule == rule)
    }
}
