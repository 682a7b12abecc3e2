//! Everything that was recorded and has not gone out: pure bookkeeping.

use crate::{
    Blob, MetricsError, MetricsErrorKind,
    dimensions::{Dimensions, SERVICE},
    group::{Frame, Group, Scope, set_within},
    pairs::{Change, Pairs, json_member},
    rules,
    series::{Recorded, Sample},
};

/// More scopes than this are not kept side by side: what they hold goes out.
const MAX_SCOPES: usize = 100;

/// So many empty scopes are kept for the next invocation.
const KEPT_SCOPES: usize = 4;

/// More than this is not kept of the capacity of each part.
const KEPT_CAPACITY: usize = 16 * 1024;

/// Which group: the main one, or a scope's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Main,
    Scope(usize),
}

/// Writes a blob somewhere.
pub(crate) type Emit<'a> = dyn FnMut(&Blob<'_>) -> Result<(), MetricsError> + 'a;

/// The metrics of one invocation, or of a handle.
#[derive(Debug, Default)]
pub(crate) struct MetricSet {
    main: Group,
    scopes: Vec<Group>,
    /// Empty, for their capacity.
    spare: Vec<Group>,
    metadata: Pairs,
    /// Metadata that stays.
    standing: Pairs,
    /// Own default dimensions, instead of the layer's.
    defaults: Option<Dimensions>,
    /// Nobody flushes any more: what comes goes out at once.
    pub(crate) ended: bool,
    /// Something has gone out.
    pub(crate) wrote: bool,
}

impl MetricSet {
    /// Empty, with the default dimensions.
    pub(crate) fn begin(&mut self, frame: &Frame<'_>) {
        self.drop_scopes();
        self.spare.truncate(KEPT_SCOPES);
        self.main.clear(KEPT_CAPACITY);
        self.main.dimensions.copy_main(frame.defaults);
        self.metadata.clear();
        self.metadata.shrink_to(KEPT_CAPACITY);
        self.standing.clear();
        self.standing.shrink_to(KEPT_CAPACITY);
        self.defaults = None;
        self.ended = false;
        self.wrote = false;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.main.series.is_empty() && self.scopes.iter().all(|group| group.series.is_empty())
    }

    /// How many values it holds.
    pub(crate) fn values(&self) -> usize {
        let scopes = self.scopes.iter().map(|group| group.series.values());
        self.main.series.values() + scopes.sum::<usize>()
    }

    /// Records a value, in the main group or in that of a scope.
    #[inline]
    pub(crate) fn record(
        &mut self,
        frame: &Frame<'_>,
        scope: Option<&Scope>,
        sample: Sample<'_>,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<(Recorded, Which), MetricsError> {
        let which = match scope {
            None => Which::Main,
            Some(scope) => self.open(scope),
        };
        match self.group(which).add(frame, sample, check) {
            Ok(recorded) => Ok((recorded, which)),
            Err(error) => {
                self.close_unused(which);
                Err(error)
            }
        }
    }

    /// Takes the value back that was recorded last. False if it has gone out.
    pub(crate) fn undo(&mut self, which: Which, sample: Sample<'_>, recorded: Recorded) -> bool {
        let undone = self.group(which).series.undo(sample, recorded);
        self.close_unused(which);
        undone
    }

    /// A scope that was opened for a value that it did not get is none.
    #[cold]
    fn close_unused(&mut self, which: Which) {
        let newest = Which::Scope(self.scopes.len().wrapping_sub(1));
        let unused = |group: &mut Group| which == newest && group.series.is_empty();
        if let Some(group) = self.scopes.pop_if(unused) {
            self.put_back(group);
        }
    }

    /// Whether there are so many scopes that all should go out.
    pub(crate) fn has_many_scopes(&self) -> bool {
        self.scopes.len() >= MAX_SCOPES
    }

    fn group(&mut self, which: Which) -> &mut Group {
        match which {
            Which::Main => &mut self.main,
            Which::Scope(index) => &mut self.scopes[index],
        }
    }

    fn open(&mut self, scope: &Scope) -> Which {
        let known = self.scopes.iter().position(|group| {
            group.millis == scope.millis && group.dimensions.is_same_set(&scope.dimensions)
        });
        if let Some(index) = known {
            return Which::Scope(index);
        }
        let mut group = self.spare.pop().unwrap_or_default();
        group.dimensions.copy_main(&scope.dimensions);
        group.millis = scope.millis;
        self.scopes.push(group);
        Which::Scope(self.scopes.len() - 1)
    }

    /// A scope that begins with the dimensions that the main set has now.
    pub(crate) fn scope(&self) -> Scope {
        let mut scope = Scope {
            millis: self.main.millis,
            ..Scope::default()
        };
        scope.dimensions.copy_main(&self.main.dimensions);
        scope
    }

    /// Sets a dimension of the main set.
    pub(crate) fn add_dimension(
        &mut self,
        frame: &Frame<'_>,
        name: &str,
        value: &str,
    ) -> Result<Change, MetricsError> {
        let Group {
            dimensions, series, ..
        } = &mut self.main;
        if series.contains(name) {
            return Err(MetricsError::named(MetricsErrorKind::Collision, name));
        }
        set_within(dimensions, frame, name, value)
    }

    /// Adds a further dimension set.
    pub(crate) fn add_dimensions(
        &mut self,
        frame: &Frame<'_>,
        set: &[(&str, &str)],
    ) -> Result<Change, MetricsError> {
        let Group {
            dimensions, series, ..
        } = &mut self.main;
        if let Some((name, _)) = set.iter().find(|(name, _)| series.contains(name)) {
            return Err(MetricsError::named(MetricsErrorKind::Collision, name));
        }
        let defaults = self.defaults.as_ref().unwrap_or(frame.defaults);
        let longest: usize = set.iter().map(|(a, b)| 4 * (a.len() + b.len()) + 16).sum();
        if dimensions.line_bytes() + defaults.line_bytes() + longest > frame.half() {
            let name = set.first().map_or("", |(name, _)| name);
            return Err(MetricsError::named(MetricsErrorKind::Size, name));
        }
        let change = dimensions.add_set(defaults, set, frame.has_service())?;
        // It is the value of the service that nobody gave as well.
        let service = set.iter().find(|(name, _)| *name == SERVICE);
        let implicit = frame.service.filter(|_| !dimensions.has_service());
        match (service, implicit) {
            (Some((_, given)), Some(implicit)) if *given != implicit => Ok(Change::Replaced),
            _ => Ok(change),
        }
    }

    /// Sets a dimension that the main set begins with after each flush.
    pub(crate) fn set_default_dimension(
        &mut self,
        frame: &Frame<'_>,
        name: &str,
        value: &str,
    ) -> Result<Change, MetricsError> {
        let change = self.add_dimension(frame, name, value)?;
        let defaults = self.defaults.get_or_insert_with(|| frame.defaults.clone());
        defaults.set(name, value, frame.has_service())?;
        Ok(change)
    }

    /// From the next flush on there are no default dimensions.
    pub(crate) fn clear_default_dimensions(&mut self) {
        self.defaults = Some(Dimensions::default());
    }

    /// Adds metadata, given as JSON in one line.
    pub(crate) fn add_metadata(
        &mut self,
        frame: &Frame<'_>,
        key: &str,
        json: &str,
    ) -> Result<(), MetricsError> {
        rules::metadata_key(key)?;
        let replaced = self.metadata.find(key).map_or(0, |index| {
            let (key, json) = self.metadata.get(index);
            json_member(key, json)
        });
        if self.metadata_bytes() - replaced + json_member(key, json) > frame.half() {
            return Err(MetricsError::named(MetricsErrorKind::Size, key));
        }
        self.metadata.set(key, json);
        Ok(())
    }

    /// Adds metadata that goes with every line until the end.
    pub(crate) fn add_standing_metadata(&mut self, frame: &Frame<'_>, key: &str, json: &str) {
        if self.metadata_bytes() + json_member(key, json) <= frame.half() {
            self.standing.set(key, json);
        }
    }

    fn metadata_bytes(&self) -> usize {
        self.standing.json_members() + self.metadata.json_members()
    }

    /// Sets the time of what is recorded until the next flush.
    pub(crate) fn set_timestamp(&mut self, millis: Option<u64>) {
        self.main.millis = millis;
    }

    /// Gives everything to `emit`, scope by scope in the order they were opened. What went out
    /// is gone; a group that failed stays, and does not keep the others from going out. Gives
    /// the first error.
    pub(crate) fn emit_all(
        &mut self,
        frame: &Frame<'_>,
        now: u64,
        emit: &mut Emit<'_>,
    ) -> Result<(), MetricsError> {
        let mut all = self.emit_group(frame, Which::Main, now, emit);
        for index in 0..self.scopes.len() {
            let emitted = self.emit_group(frame, Which::Scope(index), now, emit);
            all = all.and(emitted);
        }
        if all.is_ok() {
            self.drop_scopes();
        }
        all
    }

    /// Gives one group to `emit`; its dimensions stay.
    pub(crate) fn emit_group(
        &mut self,
        frame: &Frame<'_>,
        which: Which,
        now: u64,
        emit: &mut Emit<'_>,
    ) -> Result<(), MetricsError> {
        let Self {
            main,
            scopes,
            metadata,
            standing,
            wrote,
            ..
        } = self;
        let main_millis = main.millis;
        let group = match which {
            Which::Main => main,
            Which::Scope(index) => &mut scopes[index],
        };
        if group.series.is_empty() {
            return Ok(());
        }
        emit(&group.blob(
            frame,
            group.millis.or(main_millis).unwrap_or(now),
            [standing, metadata],
        ))?;
        group.series.clear();
        *wrote = true;
        Ok(())
    }

    /// Shows everything to `emit`, and keeps it.
    pub(crate) fn show(
        &self,
        frame: &Frame<'_>,
        now: u64,
        emit: &mut Emit<'_>,
    ) -> Result<(), MetricsError> {
        for group in std::iter::once(&self.main).chain(&self.scopes) {
            if !group.series.is_empty() {
                let millis = group.millis.or(self.main.millis).unwrap_or(now);
                emit(&group.blob(frame, millis, [&self.standing, &self.metadata]))?;
            }
        }
        Ok(())
    }

    /// Gives metrics of their own to `emit`, and nothing of what else is there but the metadata
    /// that stays.
    pub(crate) fn emit_alone(
        &mut self,
        frame: &Frame<'_>,
        (millis, metadata): (u64, &Pairs),
        fill: impl FnOnce(&mut Group) -> Result<(), MetricsError>,
        emit: &mut Emit<'_>,
    ) -> Result<(), MetricsError> {
        if let Some((key, _)) = metadata.iter().next()
            && self.standing.json_members() + metadata.json_members() > frame.half()
        {
            return Err(MetricsError::named(MetricsErrorKind::Size, key));
        }
        let mut group = self.spare.pop().unwrap_or_default();
        let emitted = fill(&mut group)
            .and_then(|()| emit(&group.blob(frame, millis, [&self.standing, metadata])));
        self.put_back(group);
        emitted
    }

    /// Metrics, dimensions, metadata and time are gone; the default dimensions are there.
    pub(crate) fn end_flush(&mut self, frame: &Frame<'_>) {
        self.clear(frame);
        self.main.millis = None;
    }

    /// Metrics, dimensions and metadata are gone; the default dimensions are there.
    pub(crate) fn clear(&mut self, frame: &Frame<'_>) {
        self.clear_groups();
        self.metadata.clear();
        let defaults = self.defaults.as_ref().unwrap_or(frame.defaults);
        self.main.dimensions.copy_main(defaults);
    }

    fn clear_groups(&mut self) {
        self.main.series.clear();
        self.drop_scopes();
    }

    fn drop_scopes(&mut self) {
        while let Some(group) = self.scopes.pop() {
            self.put_back(group);
        }
    }

    fn put_back(&mut self, mut group: Group) {
        group.clear(KEPT_CAPACITY);
        self.spare.push(group);
    }
}
