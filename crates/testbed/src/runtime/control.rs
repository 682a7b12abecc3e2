use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Response, StatusCode};
use powertools_local::ApiRequest;
use tokio::sync::watch;

use super::call::{Call, CallKind};

/// Sees the calls of a runtime, and holds or answers those that a [`Rule`] names.
///
/// Clones are the same control. One that is made before the function, and given to it with
/// [`LambdaBuilder::control`](super::LambdaBuilder::control), has its rules in time for the
/// first call.
#[derive(Clone)]
pub struct Control {
    calls: Arc<watch::Sender<Vec<Call>>>,
    rules: Arc<Mutex<Vec<Armed>>>,
}

/// Which calls are not served: the first one of its kind, if nothing else is said.
///
/// ```
/// use testbed::runtime::{CallKind, Rule};
///
/// let third_and_fourth = Rule::on(CallKind::Response).skip(2).times(2);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Rule {
    kind: CallKind,
    skip: usize,
    times: usize,
}

impl Rule {
    /// Concerns calls of this kind.
    pub fn on(kind: CallKind) -> Self {
        Self {
            kind,
            skip: 0,
            times: 1,
        }
    }

    /// Lets so many of them pass first.
    pub fn skip(mut self, calls: usize) -> Self {
        self.skip = calls;
        self
    }

    /// Concerns so many of them.
    pub fn times(mut self, calls: usize) -> Self {
        self.times = calls;
        self
    }

    /// Whether it concerns this call; counts it.
    fn takes(&mut self, kind: CallKind) -> bool {
        if self.kind != kind || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

struct Armed {
    rule: Rule,
    action: Action,
}

#[derive(Clone)]
enum Action {
    Answer(Response<Bytes>),
    Hold {
        held: Arc<watch::Sender<usize>>,
        released: watch::Receiver<bool>,
    },
}

impl Default for Control {
    /// One that serves everything.
    fn default() -> Self {
        Self {
            calls: Arc::new(watch::Sender::new(Vec::new())),
            rules: Arc::default(),
        }
    }
}

impl Control {
    /// What was asked for so far, in the order in which it came in.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// How many calls of this kind there were.
    #[must_use]
    pub fn count(&self, kind: CallKind) -> usize {
        let calls = self.calls.borrow();
        calls.iter().filter(|call| call.kind() == kind).count()
    }

    /// Waits until there were so many calls of this kind and gives the last one of these.
    pub async fn call(&self, kind: CallKind, nth: usize) -> Call {
        let find = |calls: &[Call]| {
            let mut calls = calls.iter().filter(|call| call.kind() == kind);
            calls.nth(nth.saturating_sub(1)).cloned()
        };
        let mut seen = self.calls.subscribe();
        let calls = seen.wait_for(|calls| find(calls).is_some()).await;
        // The sender is ours.
        let found = calls.ok().and_then(|calls| find(&calls));
        found.expect("it was there a moment ago")
    }

    /// Answers the calls with this status and an error in JSON, unserved.
    pub fn answer(&self, rule: Rule, status: StatusCode) {
        let body = serde_json::json!({ "errorType": "ByHand", "errorMessage": status.as_str() });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        self.answer_with(rule, response);
    }

    /// Answers the calls with this response, unserved.
    pub fn answer_with(&self, rule: Rule, response: Response<Bytes>) {
        self.arm(rule, Action::Answer(response));
    }

    /// Holds the calls until [`Held::release`] lets them be served.
    pub fn hold(&self, rule: Rule) -> Held {
        let held = Arc::new(watch::Sender::new(0));
        let (release, released) = watch::channel(false);
        let count = held.subscribe();
        self.arm(rule, Action::Hold { held, released });
        Held { count, release }
    }

    fn arm(&self, rule: Rule, action: Action) {
        self.rules().push(Armed { rule, action });
    }

    pub(super) async fn intercept(self, request: ApiRequest) -> Option<Response<Bytes>> {
        let call = Call::read(request)?;
        let kind = call.kind();
        // Before it is seen, so that a test that waits for it finds the rule used.
        let action = self.action(kind);
        self.calls.send_modify(|calls| calls.push(call));
        match action? {
            Action::Answer(response) => Some(response),
            Action::Hold { held, mut released } => {
                held.send_modify(|count| *count += 1);
                // A handle that is gone releases as well.
                let _ = released.wait_for(|released| *released).await;
                None
            }
        }
    }

    fn action(&self, kind: CallKind) -> Option<Action> {
        let mut rules = self.rules();
        let armed = rules.iter_mut().find_map(|armed| {
            let takes = armed.rule.takes(kind);
            takes.then(|| armed.action.clone())
        });
        rules.retain(|armed| armed.rule.times > 0);
        armed
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("calls", &self.calls.borrow().len())
            .finish_non_exhaustive()
    }
}

/// Calls that are held. Dropping it releases them.
#[derive(Debug)]
#[must_use = "dropping it releases the calls"]
pub struct Held {
    count: watch::Receiver<usize>,
    release: watch::Sender<bool>,
}

impl Held {
    /// Waits until so many calls are held.
    pub async fn reached(&self, calls: usize) {
        let mut count = self.count.clone();
        // Without its rule there will be no more calls: all of them were held.
        let _ = count.wait_for(|count| *count >= calls).await;
    }

    /// Lets all of them be served, and the later ones at once.
    pub fn release(self) {
        self.release.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_skips_and_counts() {
        let mut rule = Rule::on(CallKind::Next).skip(1).times(2);
        let taken: Vec<_> = (0..5).map(|_| rule.takes(CallKind::Next)).collect();

        assert_eq!(taken, [false, true, true, false, false]);
        assert!(!Rule::on(CallKind::Next).takes(CallKind::Error));
    }
}
