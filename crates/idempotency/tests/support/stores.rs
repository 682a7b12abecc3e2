//! A store that misbehaves when told to, over the one in memory.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use powertools_idempotency::{
    IdempotencyStore, InMemoryStore, OverflowStore, StoreError, StoreErrorKind, StoredRecord,
    store::{Claim, Claimed, Completion, Finished, Release},
};

/// A step of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Claim,
    Get,
    Complete,
    Release,
}

/// What goes wrong with a step.
pub(crate) enum Fault {
    /// It is not done, and fails.
    Fails(StoreErrorKind),
    /// It is done, and its reply is lost.
    LosesReply,
    /// It is never done.
    HangsBefore,
    /// It is done, and its reply never comes.
    HangsAfter,
    /// The claim is refused, whatever there is, and the record not told.
    Refuses,
    /// A refused claim does not tell the record.
    RefusesBare,
    /// The claim is written, and its reply is that of the request's second sending.
    SentTwice,
    /// As that, and the reply does not tell the record.
    SentTwiceBare,
    /// Something else happens before it is done.
    Before(Box<dyn FnOnce() + Send>),
    /// Something else happens before its reply comes.
    After(Box<dyn FnOnce() + Send>),
}

impl Fault {
    pub(crate) fn before(happens: impl FnOnce() + Send + 'static) -> Self {
        Self::Before(Box::new(happens))
    }

    pub(crate) fn after(happens: impl FnOnce() + Send + 'static) -> Self {
        Self::After(Box::new(happens))
    }
}

/// Clones share records, faults and what was called.
#[derive(Clone, Default)]
pub(crate) struct TestStore {
    pub(crate) records: InMemoryStore,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    calls: Vec<Op>,
    faults: HashMap<Op, VecDeque<Fault>>,
    max_answer_len: Option<usize>,
}

impl TestStore {
    /// The next step of this kind goes wrong; one after the other if there are several.
    pub(crate) fn next(&self, op: Op, fault: Fault) {
        let mut script = self.script.lock().unwrap();
        script.faults.entry(op).or_default().push_back(fault);
    }

    /// The next step of this kind fails.
    pub(crate) fn fail(&self, op: Op, kind: StoreErrorKind) {
        self.next(op, Fault::Fails(kind));
    }

    /// Answers may have so many bytes.
    pub(crate) fn limit(&self, bytes: usize) {
        self.script.lock().unwrap().max_answer_len = Some(bytes);
    }

    /// What was called since the last look.
    pub(crate) fn calls(&self) -> Vec<Op> {
        std::mem::take(&mut self.script.lock().unwrap().calls)
    }

    /// The only record.
    pub(crate) async fn only(&self) -> Option<StoredRecord> {
        let keys = self.records.keys();
        assert!(keys.len() < 2, "{keys:?}");
        self.records.get(keys.first()?).await.unwrap()
    }

    /// A step begins: is there something wrong with it?
    fn begin(&self, op: Op) -> Option<Fault> {
        let mut script = self.script.lock().unwrap();
        script.calls.push(op);
        script.faults.get_mut(&op).and_then(VecDeque::pop_front)
    }
}

fn bare(claimed: Claimed) -> Claimed {
    match claimed {
        Claimed::Refused(_) => Claimed::Refused(None),
        other => other,
    }
}

async fn step<T>(
    fault: Option<Fault>,
    done: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match fault {
        None => done.await,
        Some(Fault::Fails(kind)) => Err(kind.into()),
        Some(Fault::LosesReply) => {
            done.await?;
            Err(StoreErrorKind::Unavailable.into())
        }
        Some(Fault::HangsBefore) => pending().await,
        Some(Fault::HangsAfter) => {
            done.await?;
            pending().await
        }
        Some(Fault::Before(happens)) => {
            happens();
            done.await
        }
        Some(Fault::After(happens)) => {
            let done = done.await;
            happens();
            done
        }
        Some(Fault::Refuses | Fault::RefusesBare | Fault::SentTwice | Fault::SentTwiceBare) => {
            panic!("of a claim")
        }
    }
}

impl IdempotencyStore for TestStore {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        match self.begin(Op::Claim) {
            Some(Fault::Refuses) => Ok(Claimed::Refused(None)),
            Some(Fault::RefusesBare) => self.records.claim(claim).await.map(bare),
            Some(Fault::SentTwiceBare) => {
                self.records.claim(claim).await?;
                self.records.claim(claim).await.map(bare)
            }
            Some(Fault::SentTwice) => {
                self.records.claim(claim).await?;
                self.records.claim(claim).await
            }
            fault => step(fault, self.records.claim(claim)).await,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        step(self.begin(Op::Get), self.records.get(key)).await
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        step(self.begin(Op::Complete), self.records.complete(completion)).await
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        step(self.begin(Op::Release), self.records.release(release)).await
    }

    fn max_answer_len(&self, _key: &str) -> Option<usize> {
        self.script.lock().unwrap().max_answer_len
    }
}

/// Large answers in the memory of the test.
#[derive(Clone, Default)]
pub(crate) struct Bucket {
    pub(crate) objects: Arc<Mutex<HashMap<String, String>>>,
    gets: Arc<AtomicUsize>,
    fails: Arc<Mutex<Option<StoreErrorKind>>>,
}

impl Bucket {
    /// The next step fails.
    pub(crate) fn fail(&self, kind: StoreErrorKind) {
        *self.fails.lock().unwrap() = Some(kind);
    }

    /// How often it was read.
    pub(crate) fn gets(&self) -> usize {
        self.gets.load(Ordering::SeqCst)
    }

    fn begin(&self) -> Result<(), StoreError> {
        let fails = self.fails.lock().unwrap().take();
        fails.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl OverflowStore for Bucket {
    async fn put(&self, name: &str, json: &str) -> Result<String, StoreError> {
        self.begin()?;
        let reference = format!("bucket/{name}");
        let mut objects = self.objects.lock().unwrap();
        objects.insert(reference.clone(), json.to_owned());
        Ok(reference)
    }

    async fn get(&self, reference: &str) -> Result<Option<String>, StoreError> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.begin()?;
        Ok(self.objects.lock().unwrap().get(reference).cloned())
    }
}
