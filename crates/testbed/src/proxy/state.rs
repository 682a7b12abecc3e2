use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Duration,
};

use super::{
    fault::Kind,
    log::{Firing, Log},
    request::Request,
    rule::{Count, Rule},
};

/// What the handle, the listener and the connections of a proxy share.
#[derive(Debug)]
pub(super) struct State {
    rules: Mutex<Vec<Entry>>,
    pub(super) log: watch::Sender<Log>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
}

/// What the listener is asked to do. It answers when it has.
#[derive(Debug)]
pub(super) enum Command {
    /// Close the port and reset all connections.
    Refuse { done: oneshot::Sender<()> },
    /// The same for a rule, which has fired once the port is closed. Open again after the time.
    RefuseFor {
        time: Duration,
        rule: String,
        request: Request,
    },
    /// Open the port again.
    Accept { done: oneshot::Sender<()> },
    /// Reset all connections.
    Reset { done: oneshot::Sender<()> },
}

#[derive(Debug)]
struct Entry {
    rule: Rule,
    count: Count,
    /// Who is held by the rule waits for a change, or for the end of the rule.
    release: watch::Sender<()>,
}

/// A rule's decision on one request.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) rule: String,
    pub(super) fault: Kind,
    pub(super) released: watch::Receiver<()>,
}

impl State {
    pub(super) fn new(commands: mpsc::UnboundedSender<Command>) -> Self {
        Self {
            rules: Mutex::default(),
            log: watch::Sender::default(),
            commands,
        }
    }

    pub(super) fn set_rules(&self, rules: impl IntoIterator<Item = Rule>) {
        *self.rules() = rules.into_iter().map(Entry::new).collect();
    }

    pub(super) fn add_rule(&self, rule: Rule) {
        self.rules().push(Entry::new(rule));
    }

    pub(super) fn release(&self, name: &str) {
        for entry in self.rules().iter().filter(|e| e.rule.name() == name) {
            entry.release.send_replace(());
        }
    }

    /// Asks the rules in their order; the first one that is due acts, those after it are not
    /// asked.
    pub(super) fn decide(&self, request: &Request) -> Option<Verdict> {
        let mut rules = self.rules();
        let entry = rules
            .iter_mut()
            .filter(|entry| entry.rule.is_for(request))
            .find_map(|entry| entry.count.is_due(&entry.rule).then_some(entry))?;
        Some(Verdict {
            rule: entry.rule.name().to_owned(),
            fault: entry.rule.fault().0.clone(),
            released: entry.release.subscribe(),
        })
    }

    /// Counts a connection, which is open until the guard is dropped.
    pub(super) fn saw_connection(self: &Arc<Self>) -> (usize, Open) {
        let mut number = 0;
        self.log.send_modify(|log| {
            log.connections += 1;
            log.open += 1;
            number = log.connections;
        });
        (number, Open(Arc::clone(self)))
    }

    pub(super) fn saw_request(&self, request: Request) {
        self.log.send_modify(|log| log.requests.push(request));
    }

    pub(super) fn fired(&self, rule: &str, request: &Request) {
        let firing = Firing::now(rule, request.clone());
        self.log.send_modify(|log| log.firings.push(firing));
    }

    /// A connection has panicked, so a condition of a rule has.
    pub(super) fn panicked(&self, message: String) {
        self.log.send_modify(|log| log.panic = Some(message));
    }

    /// The rules and what was seen, for the message of a wait in vain.
    pub(super) fn report(&self) -> String {
        let rules = self.rules();
        let log = self.log.borrow();
        let rules = rules.iter().map(|entry| {
            let name = entry.rule.name();
            format!("{name}: {}, fired {}", entry.count, log.count(name))
        });
        let requests = log.requests.iter().map(Request::summary);
        let firings = log.firings.iter().map(ToString::to_string);
        [
            list("rules", rules),
            list("requests", requests),
            list("firings", firings),
        ]
        .concat()
    }

    /// A condition that panicked in one connection says nothing about the others.
    fn rules(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("\n  {line}")).collect();
    let lines = if lines.is_empty() { " none" } else { &lines };
    format!("\n{title}:{lines}")
}

/// Counts a connection as open as long as it lives.
#[derive(Debug)]
pub(super) struct Open(Arc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.log.send_modify(|log| log.open -= 1);
    }
}

impl Entry {
    fn new(rule: Rule) -> Self {
        Self {
            rule,
            count: Count::default(),
            release: watch::Sender::default(),
        }
    }
}
