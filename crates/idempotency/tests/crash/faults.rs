//! What becomes of requests on their way.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use testbed::proxy::{Fault, Firing, Kept, LostReply, Request, Rule};

use crate::{event::Step, place::Place};

/// How long a client waits for a reply.
pub(crate) const PATIENCE: Duration = Duration::from_millis(700);
/// How late requests and replies are.
pub(crate) const LATE: Duration = Duration::from_millis(900);

/// The digits of an owner's mark, and of the hash in a key.
const MARK: usize = 32;
const HASH: usize = 64;

/// What the server sees of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// Nothing.
    Cut,
    /// The request, and the client does not know.
    ReplyLost,
    /// The request, when the client has given up.
    RequestLate,
    /// The request, twice.
    Twice,
}

pub(crate) const CLASSES: [Class; 4] = [
    Class::Cut,
    Class::ReplyLost,
    Class::RequestLate,
    Class::Twice,
];

const FAULTS: [(Class, fn() -> Fault); 9] = [
    (Class::ReplyLost, || Fault::drop_reply(LostReply::Close)),
    (Class::Cut, Fault::reset),
    (Class::RequestLate, || Fault::delay_request(LATE)),
    (Class::ReplyLost, || Fault::drop_reply(LostReply::Silence)),
    (Class::Twice, || Fault::duplicate(Kept::Second)),
    (Class::Cut, Fault::hang),
    (Class::ReplyLost, || Fault::drop_reply(LostReply::Reset)),
    (Class::ReplyLost, || Fault::delay_reply(LATE)),
    (Class::ReplyLost, Fault::truncate),
];

/// The steps, and which of their requests each of the faults meets: every nth. Most claims are
/// refused, so those of new keys are counted apart.
const STEPS: [(Step, Keys, usize); 4] = [
    (Step::Claim, Keys::New, 20),
    (Step::Claim, Keys::Any, 180),
    (Step::Completion, Keys::Any, 18),
    (Step::Release, Keys::Any, 12),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Any,
    New,
}

pub(crate) fn rules<P: Place>() -> Vec<Rule> {
    let mut rules = Vec::new();
    for (step, keys, every) in STEPS {
        for (number, (class, fault)) in FAULTS.iter().enumerate() {
            let seen = Mutex::new(HashSet::new());
            let is_new = move |request: &Request| {
                let mut seen = seen.lock().unwrap();
                hashes(request).any(|hash| seen.insert(hash))
            };
            // One after the other, not all at once.
            rules.push(
                Rule::new(name(step, *class), fault())
                    .when(move |request| P::step(request) == Some(step))
                    .when(move |request| keys == Keys::Any || is_new(request))
                    .skip(number * every / FAULTS.len())
                    .every(every),
            );
        }
    }
    rules
}

fn name(step: Step, class: Class) -> String {
    format!("{step:?} {class:?}")
}

/// What has happened to the requests of each owner, and how often each of it.
#[derive(Default)]
pub(crate) struct Fired {
    by_owner: HashMap<String, Vec<(Step, Class)>>,
    pub(crate) counts: HashMap<(Step, Class), usize>,
}

impl Fired {
    pub(crate) fn new(firings: &[Firing]) -> Self {
        let mut fired = Self::default();
        for firing in firings {
            let found = STEPS
                .iter()
                .flat_map(|(step, ..)| CLASSES.map(|class| (*step, class)))
                .find(|(step, class)| name(*step, *class) == firing.rule());
            let what = found.expect("there are no other rules");
            *fired.counts.entry(what).or_default() += 1;
            for mark in marks(firing.request()) {
                fired.by_owner.entry(mark).or_default().push(what);
            }
        }
        fired
    }

    /// What has happened to this step of an owner.
    pub(crate) fn on(&self, owner: &str, step: Step) -> Option<Class> {
        let of_owner = self.by_owner.get(owner)?;
        let mut of_step = of_owner.iter().filter(|(other, _)| *other == step);
        of_step.next().map(|(_, class)| *class)
    }
}

/// The owners' marks in it, in whatever words a store says them.
fn marks(request: &Request) -> impl Iterator<Item = String> {
    let words = request.bytes().split(|byte| !byte.is_ascii_hexdigit());
    words.filter(|word| word.len() == MARK).map(text)
}

/// The ends of the keys in it.
fn hashes(request: &Request) -> impl Iterator<Item = String> {
    let ends = request.bytes().split(|byte| *byte == b'#').skip(1);
    ends.filter_map(|end| end.get(..HASH))
        .filter(|end| end.iter().all(u8::is_ascii_hexdigit))
        .map(text)
}

fn text(hexadecimal: &[u8]) -> String {
    String::from_utf8_lossy(hexadecimal).into_owned()
}
