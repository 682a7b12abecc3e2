//! What stands in for the process: a clock that stands, and variables that can be set.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use powertools_core::{Clock, ColdStart, Env, Host, SharedClock};

use super::members::{self, unknown};
use crate::{arm::Refusal, json::Json};

/// The time of every case.
pub(in crate::arms) const NOW_MS: u64 = 1_700_000_000_500;

/// The environment of a case.
#[derive(Debug, Clone, Default)]
pub(in crate::arms) struct Variables(Arc<Mutex<BTreeMap<String, String>>>);

impl Variables {
    /// Sets what is given; null removes.
    pub(in crate::arms) fn set(&self, given: Option<&Json>) -> Result<(), Refusal> {
        let Some(given) = given else {
            return Ok(());
        };
        let mut variables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in members::object(given, "`env`")?.iter() {
            match value {
                Json::Null => drop(variables.remove(name)),
                Json::Text(text) => drop(variables.insert(name.to_owned(), text.clone())),
                _ => return Err(unknown(format!("the variable `{name}` that is no text"))),
            }
        }
        Ok(())
    }

    /// A host with these variables, the time of every case, and a cold start of its own.
    pub(in crate::arms) fn host(&self) -> Host {
        let asked = Arc::clone(&self.0);
        let env = Env::from_fn(move |name| {
            let variables = asked.lock().unwrap_or_else(PoisonError::into_inner);
            variables.get(name).cloned()
        });
        Host::default()
            .with_clock(SharedClock::new(Standing(SharedClock::default().instant())))
            .with_cold_start(ColdStart::unused())
            .with_env(env)
    }
}

/// A clock that stands.
struct Standing(Instant);

impl Clock for Standing {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(NOW_MS)
    }

    fn instant(&self) -> Instant {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_changes_under_its_host() {
        let variables = Variables::default();
        let host = variables.host();
        let set = |text| variables.set(Some(&Json::parse(text).unwrap()));
        set(r#"{"A":"1"}"#).unwrap();
        assert_eq!(host.env().get("A").as_deref(), Some("1"));
        set(r#"{"A":null}"#).unwrap();
        assert_eq!(host.env().get("A"), None);
        assert!(set(r#"{"A":1}"#).is_err());
    }
}
