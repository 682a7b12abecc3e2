//! One run of one case, which may panic or never end.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use crate::{
    arm::{Arm, Refusal},
    case::Case,
    compare::Difference,
    json::Json,
};

/// Enough for values of the greatest depth that is read.
const STACK: usize = 16 << 20;

/// What came of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attempt {
    Same,
    Differs(Json, Vec<Difference>),
    Refused(Refusal),
    Panicked(String),
    Hung(Duration),
}

impl Attempt {
    /// What a deviation has to stand for: places that differ, or with `None` the case as a
    /// whole. A panic, an endless run and a word that nobody knows are never meant, so there is
    /// nothing to stand for.
    pub(crate) fn to_be_meant(&self) -> Vec<Option<&Difference>> {
        match self {
            Self::Differs(_, differences) => differences.iter().map(Some).collect(),
            Self::Refused(Refusal::NoCounterpart(_)) => vec![None],
            _ => Vec::new(),
        }
    }

    /// The answer that differs.
    pub(crate) fn got(&self) -> Option<&Json> {
        match self {
            Self::Differs(got, _) => Some(got),
            _ => None,
        }
    }
}

/// Runs the case on a new thread. One that does not end in time is left behind and ends with
/// the process.
pub(crate) fn attempt(arm: &Arc<dyn Arm>, case: &Arc<Case>, limit: Duration) -> Attempt {
    if let Some(member) = case.unknown_member() {
        return Attempt::Refused(Refusal::Unknown(format!("the member `{member}` of a case")));
    }
    let (sender, receiver) = mpsc::channel();
    let (arm, own) = (Arc::clone(arm), Arc::clone(case));
    let run = move || {
        // Nothing that was half done is used after a panic.
        let attempt = catch_unwind(AssertUnwindSafe(|| run(&*arm, &own)))
            .unwrap_or_else(|panic| Attempt::Panicked(message(&*panic)));
        // Nobody listens any more once the time is over.
        let _ = sender.send(attempt);
    };
    let thread = thread::Builder::new()
        .name(case.id().replace('\0', ""))
        .stack_size(STACK)
        .spawn(run);
    if let Err(error) = thread {
        return Attempt::Panicked(format!("there is no thread to run the case: {error}"));
    }
    receiver.recv_timeout(limit).unwrap_or(Attempt::Hung(limit))
}

fn run(arm: &dyn Arm, case: &Case) -> Attempt {
    match arm.run(case.input(), case.note()) {
        Ok(got) => {
            let differences = arm.compare(case.expected(), &got);
            if differences.is_empty() {
                Attempt::Same
            } else {
                Attempt::Differs(got, differences)
            }
        }
        Err(refusal) => Attempt::Refused(refusal),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
