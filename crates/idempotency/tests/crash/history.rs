//! What the processes have reported, and what it says of each call.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use tokio::sync::watch;

use crate::event::{Claim, End, Event, Said, Step};

/// Everything that was reported, as it came.
pub(crate) struct History {
    state: Mutex<State>,
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// With the number of the life, each of which reports in order.
    events: Vec<(usize, Event)>,
    calls: usize,
    keys: HashMap<(usize, u32), u32>,
    /// Where a life is stopped.
    stopped: HashMap<usize, u32>,
    /// By key: whose, and when.
    effects: HashMap<u32, Vec<(usize, i64)>>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changes: watch::Sender::new(()),
        }
    }

    pub(crate) fn push(&self, life: usize, event: Event) {
        let mut state = self.lock();
        match event {
            Event::Called { call, key, .. } => {
                state.calls += 1;
                state.keys.insert((life, call), key);
            }
            Event::Effect { call, at } => {
                let key = state.keys[&(life, call)];
                state.effects.entry(key).or_default().push((life, at));
            }
            Event::AtPoint { call } => {
                let key = state.keys[&(life, call)];
                state.stopped.insert(life, key);
            }
            _ => {}
        }
        state.events.push((life, event));
        drop(state);
        self.changes.send_replace(());
    }

    /// How many calls have begun.
    pub(crate) fn calls(&self) -> usize {
        self.lock().calls
    }

    /// Waits until a process has begun to call.
    pub(crate) async fn lives(&self, life: usize) {
        self.until(|state| state.keys.contains_key(&(life, 0)))
            .await;
    }

    /// Waits until the key at which a process has stopped has an effect of another one.
    pub(crate) async fn taken_over(&self, life: usize, since: i64) {
        self.until(|state| {
            let key = state.stopped.get(&life);
            key.and_then(|key| state.effects.get(key))
                .is_some_and(|effects| {
                    let of_another = |&(other, at): &(usize, i64)| other != life && at > since;
                    effects.iter().any(of_another)
                })
        })
        .await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut changes = self.changes.subscribe();
        while !holds(&self.lock()) {
            changes.changed().await.unwrap();
        }
    }

    /// The calls, when nothing more is reported.
    pub(crate) fn calls_made(&self) -> Vec<Call> {
        let state = self.lock();
        let mut calls = Calls::default();
        for (life, event) in &state.events {
            calls.add(*life, event);
        }
        calls.calls
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// One invocation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) life: usize,
    pub(crate) key: u32,
    pub(crate) called: i64,
    pub(crate) run: Option<Run>,
    pub(crate) said: Option<Said>,
    /// Whether its process stopped with it.
    pub(crate) stopped: bool,
}

/// What there is of a call whose handler began.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) claim: Claim,
    pub(crate) lease_end: i64,
    pub(crate) began: i64,
    pub(crate) effect: Option<i64>,
    pub(crate) completing: Option<i64>,
    pub(crate) completed: Option<(End, i64)>,
    pub(crate) releasing: Option<i64>,
    pub(crate) released: Option<End>,
}

#[derive(Default)]
struct Calls {
    calls: Vec<Call>,
    by_number: HashMap<(usize, u32), usize>,
    by_owner: HashMap<String, usize>,
}

impl Calls {
    fn add(&mut self, life: usize, event: &Event) {
        match event {
            Event::Called { call, key, at } => {
                self.by_number.insert((life, *call), self.calls.len());
                self.calls.push(Call {
                    life,
                    key: *key,
                    called: *at,
                    run: None,
                    said: None,
                    stopped: false,
                });
            }
            Event::Running {
                call,
                claim,
                lease_end,
                at,
            } => {
                let number = self.by_number[&(life, *call)];
                self.by_owner.insert(claim.owner.clone(), number);
                let before = self.calls[number].run.replace(Run {
                    claim: claim.clone(),
                    lease_end: *lease_end,
                    began: *at,
                    effect: None,
                    completing: None,
                    completed: None,
                    releasing: None,
                    released: None,
                });
                assert!(before.is_none(), "a handler began twice in one call");
            }
            Event::Effect { call, at } => {
                let run = self.calls[self.by_number[&(life, *call)]].run.as_mut();
                run.unwrap().effect = Some(*at);
            }
            Event::Finishing { owner, step, at } => {
                if let Some(run) = self.run(owner) {
                    match step {
                        Step::Release => run.releasing = Some(*at),
                        _ => run.completing = Some(*at),
                    }
                }
            }
            Event::Finished {
                owner,
                step,
                end,
                at,
            } => {
                if let Some(run) = self.run(owner) {
                    match step {
                        Step::Release => run.released = Some(*end),
                        _ => run.completed = Some((*end, *at)),
                    }
                }
            }
            Event::Answered { call, said, .. } => {
                let call = &mut self.calls[self.by_number[&(life, *call)]];
                call.said = Some(said.clone());
            }
            Event::AtPoint { call } => {
                let number = self.by_number[&(life, *call)];
                self.calls[number].stopped = true;
            }
        }
    }

    /// That of this owner; none if it never came to run.
    fn run(&mut self, owner: &str) -> Option<&mut Run> {
        let number = *self.by_owner.get(owner)?;
        self.calls[number].run.as_mut()
    }
}
