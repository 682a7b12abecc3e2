//! What the documentation says, in the simplest way.

use powertools_metrics::Unit;

use crate::{
    group::{Group, Line, is_dimension, put},
    ops::{Dimensions, Setup},
    support::MILLIS,
};

const MOST_SCOPES: usize = 100;

/// How often the runs came by something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) full: usize,
    pub(crate) many_scopes: usize,
    pub(crate) early: usize,
    pub(crate) late: usize,
    pub(crate) refused: usize,
    pub(crate) covered: usize,
    pub(crate) merged_set: usize,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Self) {
        self.full += other.full;
        self.many_scopes += other.many_scopes;
        self.early += other.early;
        self.late += other.late;
        self.refused += other.refused;
        self.covered += other.covered;
        self.merged_set += other.merged_set;
    }

    pub(crate) fn assert_all(&self) {
        let all = [
            self.full,
            self.many_scopes,
            self.early,
            self.late,
            self.refused,
            self.covered,
            self.merged_set,
        ];
        assert!(all.iter().all(|count| *count > 0), "{self:?}");
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    setup: Setup,
    defaults: Dimensions,
    main: Group,
    scopes: Vec<Group>,
    /// Handles: dimensions and time.
    handles: Vec<(Dimensions, Option<u64>)>,
    metadata: Vec<String>,
    early: bool,
    ended: bool,
    pub(crate) out: Vec<Line>,
    pub(crate) seen: Seen,
}

impl Model {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut defaults = Dimensions::new();
        for (name, value) in &setup.defaults {
            put(&mut defaults, name, value);
        }
        Self {
            setup: setup.clone(),
            main: Group::of(&defaults, None),
            defaults,
            scopes: Vec::new(),
            handles: Vec::new(),
            metadata: Vec::new(),
            early: false,
            ended: false,
            out: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn refused(&mut self) -> bool {
        self.seen.refused += 1;
        false
    }

    pub(crate) fn add(
        &mut self,
        scope: Option<usize>,
        name: &str,
        unit: Unit,
        high: bool,
        value: f64,
    ) -> bool {
        let name = name.trim();
        let mut new = None;
        let place = scope.map(|scope| {
            let (dimensions, time) = &self.handles[scope];
            let same = |group: &Group| group.main() == *dimensions && group.time == *time;
            self.scopes.iter().position(same).unwrap_or_else(|| {
                new = Some(Group::of(dimensions, *time));
                self.scopes.len()
            })
        });
        let is_new = new.is_some();
        self.scopes.extend(new);
        let group = match place {
            None => &mut self.main,
            Some(place) => &mut self.scopes[place],
        };
        if !group.add(&self.setup, name, unit, high, value) {
            if is_new {
                self.scopes.pop();
            }
            return self.refused();
        }
        if group.is_full() {
            self.seen.full += 1;
            self.emit(place);
        }
        if self.scopes.len() >= MOST_SCOPES {
            self.seen.many_scopes += 1;
            self.emit_all();
        }
        if self.ended {
            self.seen.late += 1;
            self.emit_all();
        }
        true
    }

    pub(crate) fn add_dimension(&mut self, name: &str, value: &str) -> bool {
        if self.main.has_metric(name) || !self.main.set(&self.setup, name, value) {
            return self.refused();
        }
        true
    }

    pub(crate) fn add_set(&mut self, given: &Dimensions) -> bool {
        let fine = |(name, value): &(String, String)| {
            is_dimension(name, value) && !self.main.has_metric(name)
        };
        let mut set = self.defaults.clone();
        for (name, value) in given {
            put(&mut set, name, value);
        }
        let names: Vec<&str> = set.iter().map(|(name, _)| &**name).collect();
        let same = |known: &Vec<String>| {
            known.len() == names.len() && known.iter().all(|name| names.contains(&&**name))
        };
        if given.is_empty()
            || !given.iter().all(fine)
            || !self.main.has_room(&self.setup, &names)
            || self.main.further.iter().any(same)
        {
            return self.refused();
        }
        for (name, value) in &set {
            let is = |(known, _): &(String, String)| known == name;
            // A default dimension keeps the value that it was given.
            if given.iter().any(is) || !self.main.root.iter().any(is) {
                put(&mut self.main.root, name, value);
            }
        }
        let names = names.into_iter().map(str::to_owned).collect();
        self.main.further.push(names);
        true
    }

    pub(crate) fn set_default(&mut self, name: &str, value: &str) -> bool {
        let taken = self.add_dimension(name, value);
        if taken {
            put(&mut self.defaults, name, value);
        }
        taken
    }

    pub(crate) fn clear_defaults(&mut self) {
        self.defaults.clear();
    }

    pub(crate) fn add_metadata(&mut self, key: &str) -> bool {
        if key == "_aws" {
            return self.refused();
        }
        if !self.metadata.iter().any(|known| known == key) {
            self.metadata.push(key.to_owned());
        }
        true
    }

    pub(crate) fn set_time(&mut self, seconds: u64) {
        self.main.time = Some(MILLIS - 1000 * seconds);
    }

    pub(crate) fn scope(&mut self, parent: Option<usize>, set: &Dimensions) -> bool {
        let (dimensions, time) = self.handle(parent);
        let mut group = Group::of(&dimensions, time);
        if !set
            .iter()
            .all(|(name, value)| group.set(&self.setup, name, value))
        {
            return self.refused();
        }
        self.handles.push((group.main(), time));
        true
    }

    fn handle(&self, parent: Option<usize>) -> (Dimensions, Option<u64>) {
        match parent {
            None => (self.main.main(), self.main.time),
            Some(parent) => self.handles[parent].clone(),
        }
    }

    pub(crate) fn at(&mut self, parent: Option<usize>, seconds: u64) {
        let (dimensions, _) = self.handle(parent);
        self.handles
            .push((dimensions, Some(MILLIS - 1000 * seconds)));
    }

    pub(crate) fn single(&mut self, name: &str, set: &Dimensions, value: f64) -> bool {
        // The layer's defaults, not those of the invocation.
        let mut group = Group::of(&Self::new(&self.setup).defaults, None);
        let fine = set
            .iter()
            .all(|(name, value)| group.set(&self.setup, name, value));
        if !fine || !group.add(&self.setup, name.trim(), Unit::Percent, true, value) {
            return self.refused();
        }
        let metadata: Vec<_> = self.ids().collect();
        let line = group.line(&self.setup, &metadata, MILLIS, &mut self.seen);
        self.out.push(line);
        true
    }

    fn ids(&self) -> impl Iterator<Item = String> + use<> {
        self.setup
            .ids
            .then(|| "function_request_id".to_owned())
            .into_iter()
    }

    pub(crate) fn flush(&mut self) {
        if self.is_empty() {
            return;
        }
        self.emit_all();
        self.clear();
        self.main.time = None;
    }

    fn is_empty(&self) -> bool {
        let mut all = std::iter::once(&self.main).chain(&self.scopes);
        all.all(|group| group.metrics.is_empty())
    }

    pub(crate) fn clear(&mut self) {
        self.main = Group::of(&self.defaults, self.main.time);
        self.scopes.clear();
        self.metadata.clear();
    }

    pub(crate) fn flush_early(&mut self) {
        if !std::mem::replace(&mut self.early, true) && !self.is_empty() {
            self.seen.early += 1;
            self.emit_all();
        }
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.emit_all();
    }

    fn emit_all(&mut self) {
        self.emit(None);
        for place in 0..self.scopes.len() {
            self.emit(Some(place));
        }
        self.scopes.clear();
    }

    fn emit(&mut self, place: Option<usize>) {
        let given = self.metadata.iter();
        let mut metadata: Vec<_> = self
            .ids()
            .filter(|id| !self.metadata.contains(id))
            .collect();
        metadata.extend(given.cloned());
        let main = self.main.time;
        let group = match place {
            None => &mut self.main,
            Some(place) => &mut self.scopes[place],
        };
        if group.metrics.is_empty() {
            return;
        }
        let time = group.time.or(main).unwrap_or(MILLIS);
        self.out
            .push(group.line(&self.setup, &metadata, time, &mut self.seen));
        group.metrics.clear();
    }
}
