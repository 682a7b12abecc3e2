//! The extensions of one function and the events that wait for them. No I/O.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;
use tokio::sync::Notify;

/// Lambda's limit.
const MOST: usize = 10;

/// Why an environment is shut down, in the words of the Extensions API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownReason {
    /// It is not needed any more.
    Spindown,
    /// An invocation passed its deadline.
    Timeout,
    /// The runtime or an extension failed.
    Failure,
}

impl ShutdownReason {
    /// The word of the `SHUTDOWN` event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spindown => "spindown",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
        }
    }
}

impl fmt::Display for ShutdownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an extension wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum EventType {
    Invoke,
    Shutdown,
}

/// Why a registration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    NameTaken,
    TooMany,
    /// Only an external extension can have the event `SHUTDOWN`.
    ShutdownOfInternal,
    /// On Managed Instances nobody hears of invocations.
    InvokeOnManaged,
}

/// Which extensions there are, as far as the end is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Present {
    None,
    Internal,
    External,
}

#[derive(Debug)]
pub(crate) struct Extensions {
    external: Vec<String>,
    hear_invocations: bool,
    registered: Mutex<Vec<Extension>>,
    changed: Notify,
}

#[derive(Debug)]
struct Extension {
    id: String,
    name: String,
    external: bool,
    subscribed: Vec<EventType>,
    events: VecDeque<String>,
    /// It has asked for an event, which ends its own initialisation.
    ready: bool,
    end: End,
}

/// How far an extension is with its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotTold,
    Waiting,
    Told,
    /// It has acted on it, or it gave up.
    Done,
}

impl Extensions {
    pub(crate) fn new(external: Vec<String>, hear_invocations: bool) -> Self {
        Self {
            external,
            hear_invocations,
            registered: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(crate) fn register(
        &self,
        id: &str,
        name: &str,
        subscribed: Vec<EventType>,
    ) -> Result<(), Refused> {
        let external = self.is_declared(name);
        let mut registered = self.registered();
        if registered.iter().any(|extension| extension.name == name) {
            return Err(Refused::NameTaken);
        }
        if registered.len() >= MOST {
            return Err(Refused::TooMany);
        }
        if !external && subscribed.contains(&EventType::Shutdown) {
            return Err(Refused::ShutdownOfInternal);
        }
        if !self.hear_invocations && subscribed.contains(&EventType::Invoke) {
            return Err(Refused::InvokeOnManaged);
        }
        registered.push(Extension {
            id: id.to_owned(),
            name: name.to_owned(),
            external,
            subscribed,
            events: VecDeque::new(),
            ready: false,
            end: End::NotTold,
        });
        Ok(())
    }

    /// Whether it is the name of an external extension, which is waited for.
    pub(crate) fn is_declared(&self, name: &str) -> bool {
        self.external.iter().any(|known| known == name)
    }

    pub(crate) fn knows(&self, id: &str) -> bool {
        self.registered().iter().any(|extension| extension.id == id)
    }

    pub(crate) fn present(&self) -> Present {
        let registered = self.registered();
        if registered.iter().any(|extension| extension.external) {
            Present::External
        } else if registered.is_empty() {
            Present::None
        } else {
            Present::Internal
        }
    }

    /// The next event of an extension, once there is one.
    pub(crate) async fn next(&self, id: &str) -> String {
        self.update(id, |extension| {
            extension.ready = true;
            if extension.end == End::Told {
                extension.end = End::Done;
            }
        });
        self.changed.notify_waiters();
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let event = self.update(id, |extension| {
                let event = extension.events.pop_front();
                if event.is_some() && extension.events.is_empty() && extension.end == End::Waiting {
                    extension.end = End::Told;
                }
                event
            });
            if let Some(event) = event.flatten() {
                return event;
            }
            changed.await;
        }
    }

    /// Notes that an extension gave up.
    pub(crate) fn give_up(&self, id: &str) {
        self.update(id, |extension| extension.end = End::Done);
        self.changed.notify_waiters();
    }

    /// Tells of an invocation who wants to hear of it.
    pub(crate) fn invoke(&self, event: &str) {
        self.tell(EventType::Invoke, |extension| {
            extension.events.push_back(event.to_owned());
        });
    }

    /// Tells of the end who wants to hear of it.
    pub(crate) fn shut_down(&self, event: &str) {
        self.tell(EventType::Shutdown, |extension| {
            if extension.end == End::NotTold {
                extension.events.push_back(event.to_owned());
                extension.end = End::Waiting;
            }
        });
    }

    /// Waits until all of them have initialised, also those that are declared
    /// and have not registered yet.
    pub(crate) async fn initialised(&self) {
        self.reached(|registered| {
            let is_there =
                |name: &String| registered.iter().any(|extension| &extension.name == name);
            registered.iter().all(|extension| extension.ready) && self.external.iter().all(is_there)
        })
        .await;
    }

    /// Waits until everyone who was told of the end has acted on it.
    pub(crate) async fn ended(&self) {
        let is_over = |extension: &Extension| matches!(extension.end, End::NotTold | End::Done);
        self.reached(|registered| registered.iter().all(is_over))
            .await;
    }

    async fn reached(&self, wanted: impl Fn(&[Extension]) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if wanted(&self.registered()) {
                return;
            }
            changed.await;
        }
    }

    fn tell(&self, of: EventType, tell: impl Fn(&mut Extension)) {
        self.registered()
            .iter_mut()
            .filter(|extension| extension.subscribed.contains(&of))
            .for_each(tell);
        self.changed.notify_waiters();
    }

    fn update<T>(&self, id: &str, update: impl FnOnce(&mut Extension) -> T) -> Option<T> {
        let mut registered = self.registered();
        let extension = registered.iter_mut().find(|extension| extension.id == id)?;
        let before = extension.end;
        let updated = update(extension);
        let ended = extension.end != before;
        drop(registered);
        if ended {
            self.changed.notify_waiters();
        }
        Some(updated)
    }

    fn registered(&self) -> MutexGuard<'_, Vec<Extension>> {
        // No code that can panic runs while it is half changed.
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_extension_cannot_have_the_shutdown_event() {
        let extensions = Extensions::new(vec!["external".to_owned()], true);
        let events = || vec![EventType::Invoke, EventType::Shutdown];

        assert_eq!(
            extensions.register("1", "internal", events()),
            Err(Refused::ShutdownOfInternal)
        );
        assert_eq!(extensions.present(), Present::None);
        assert_eq!(extensions.register("1", "external", events()), Ok(()));
        assert_eq!(extensions.present(), Present::External);
        assert_eq!(
            extensions.register("2", "external", events()),
            Err(Refused::NameTaken)
        );
    }

    #[test]
    fn there_can_be_ten() {
        let extensions = Extensions::new(Vec::new(), true);
        for n in 0..10 {
            let n = n.to_string();
            assert_eq!(extensions.register(&n, &n, Vec::new()), Ok(()));
        }
        assert_eq!(
            extensions.register("11", "11", Vec::new()),
            Err(Refused::TooMany)
        );
    }

    #[tokio::test]
    async fn the_end_is_over_when_whoever_was_told_asks_again() {
        let extensions = Extensions::new(vec!["a".to_owned()], true);
        extensions
            .register("1", "a", vec![EventType::Invoke, EventType::Shutdown])
            .unwrap();
        extensions.invoke("invoked");
        extensions.shut_down("end");

        assert_eq!(extensions.next("1").await, "invoked");
        assert_eq!(extensions.next("1").await, "end");
        let early = tokio::time::timeout(std::time::Duration::ZERO, extensions.ended());
        assert!(early.await.is_err());
        let asking = std::pin::pin!(extensions.next("1"));
        tokio::select! {
            () = extensions.ended() => {}
            _ = asking => panic!("there is no event"),
        }
    }
}
