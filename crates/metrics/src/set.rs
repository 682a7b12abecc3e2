//! Everything that was recorded and has not gone out: pure bookkeeping.

use crate::{
    Blob, MetricsError, MetricsErrorKind,
    dimensions::{Dimensions, SERVICE},
    pairs::{Change, Pairs},
    rules,
    series::{Recorded, Sample, Series},
};

/// Room in a line for a metric with the longest name and 100 values, for namespace and service,
/// and for what stands around them. The rest is for dimensions and metadata, half each.
const RESERVED: usize = 8 * 1024;

/// The least that a line may be limited to.
pub(crate) const LEAST_LINE: usize = 2 * RESERVED;

/// More scopes than this are not kept side by side: what they hold goes out.
const MAX_SCOPES: usize = 100;

/// More than this is not kept of the capacity.
const KEPT_CAPACITY: usize = 16 * 1024;

/// What holds for every line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) namespace: Option<&'a str>,
    pub(crate) service: Option<&'a str>,
    /// The layer's default dimensions.
    pub(crate) defaults: &'a Dimensions,
    pub(crate) max_line: usize,
}

impl Frame<'_> {
    fn has_service(&self) -> bool {
        self.service.is_some()
    }

    fn half(&self) -> usize {
        (self.max_line - RESERVED) / 2
    }
}

/// What holds the metrics of a scope apart from all others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) dimensions: Dimensions,
    pub(crate) millis: Option<u64>,
}

/// Metrics that go out together.
#[derive(Debug, Default)]
pub(crate) struct Group {
    dimensions: Dimensions,
    millis: Option<u64>,
    series: Series,
}

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
}

impl MetricSet {
    /// Empty, with the default dimensions.
    pub(crate) fn begin(&mut self, frame: &Frame<'_>) {
        self.clear_groups();
        self.main.millis = None;
        self.metadata.clear();
        self.standing.clear();
        self.defaults = None;
        self.ended = false;
        self.main.dimensions.copy_main(frame.defaults);
        self.main.series.shrink_to(KEPT_CAPACITY);
        self.main.dimensions.shrink_to(KEPT_CAPACITY);
        self.metadata.shrink_to(KEPT_CAPACITY);
        self.standing.shrink_to(KEPT_CAPACITY);
        self.spare.truncate(4);
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
        let recorded = self.group(which).add(frame, sample, check)?;
        Ok((recorded, which))
    }

    /// Takes the value back that was recorded last.
    pub(crate) fn undo(&mut self, which: Which, sample: Sample<'_>) {
        self.group(which).series.undo(sample);
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
    pub(crate) fn scope<'d>(
        &self,
        frame: &Frame<'_>,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> Result<Scope, MetricsError> {
        let mut scope = Scope {
            millis: self.main.millis,
            ..Scope::default()
        };
        scope.dimensions.copy_main(&self.main.dimensions);
        scope.narrow(frame, dimensions)?;
        Ok(scope)
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
        dimensions.add_set(defaults, set, frame.has_service())
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
        if self.metadata_bytes() + metadata_bytes(key, json) > frame.half() {
            return Err(MetricsError::named(MetricsErrorKind::Size, key));
        }
        self.metadata.set(key, json);
        Ok(())
    }

    /// Adds metadata that goes with every line until the end.
    pub(crate) fn add_standing_metadata(&mut self, frame: &Frame<'_>, key: &str, json: &str) {
        if self.metadata_bytes() + metadata_bytes(key, json) <= frame.half() {
            self.standing.set(key, json);
        }
    }

    fn metadata_bytes(&self) -> usize {
        let all = self.standing.iter().chain(self.metadata.iter());
        all.map(|(key, json)| metadata_bytes(key, json)).sum()
    }

    /// Sets the time of what is recorded until the next flush.
    pub(crate) fn set_timestamp(&mut self, millis: Option<u64>) {
        self.main.millis = millis;
    }

    /// Gives everything to `emit`, scope by scope in the order they were opened. A group that
    /// went out is empty; the first that fails stays, with all after it.
    pub(crate) fn emit_all(
        &mut self,
        frame: &Frame<'_>,
        now: u64,
        emit: &mut Emit<'_>,
    ) -> Result<(), MetricsError> {
        self.emit_group(frame, Which::Main, now, emit)?;
        for index in 0..self.scopes.len() {
            self.emit_group(frame, Which::Scope(index), now, emit)?;
        }
        self.drop_scopes();
        Ok(())
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
        let mut group = self.spare.pop().unwrap_or_default();
        let filled = fill(&mut group);
        let emitted =
            filled.and_then(|()| emit(&group.blob(frame, millis, [&self.standing, metadata])));
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
        group.series.clear();
        group.dimensions.clear();
        group.millis = None;
        self.spare.push(group);
    }
}

impl Group {
    /// Sets a dimension.
    pub(crate) fn set(
        &mut self,
        frame: &Frame<'_>,
        name: &str,
        value: &str,
    ) -> Result<(), MetricsError> {
        set_within(&mut self.dimensions, frame, name, value).map(drop)
    }

    /// Sets the dimensions of another set, then these.
    pub(crate) fn extend<'d>(
        &mut self,
        frame: &Frame<'_>,
        others: &Dimensions,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> Result<(), MetricsError> {
        self.dimensions.copy_main(others);
        for (name, value) in dimensions {
            self.set(frame, name, value)?;
        }
        Ok(())
    }

    /// Adds a further set: the main one, service and all, and these.
    pub(crate) fn add_set<'d>(
        &mut self,
        frame: &Frame<'_>,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> Result<(), MetricsError> {
        if let Some(service) = frame.service.filter(|_| !self.dimensions.has_service()) {
            self.set(frame, SERVICE, service)?;
        }
        self.dimensions.add_set_like_main(dimensions)
    }

    /// Records a value.
    pub(crate) fn record(
        &mut self,
        frame: &Frame<'_>,
        sample: Sample<'_>,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<(), MetricsError> {
        self.add(frame, sample, check).map(drop)
    }

    #[inline]
    fn add(
        &mut self,
        frame: &Frame<'_>,
        sample: Sample<'_>,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<Recorded, MetricsError> {
        let Self {
            dimensions, series, ..
        } = self;
        series.record(sample, |name| {
            let taken =
                dimensions.pairs().find(name).is_some() || (name == SERVICE && frame.has_service());
            match taken {
                true => Err(MetricsError::named(MetricsErrorKind::Collision, name)),
                false => check(name),
            }
        })
    }

    fn blob<'a>(&'a self, frame: &Frame<'a>, millis: u64, metadata: [&'a Pairs; 2]) -> Blob<'a> {
        Blob {
            namespace: frame.namespace,
            service: frame.service.filter(|_| !self.dimensions.has_service()),
            millis,
            dimensions: &self.dimensions,
            series: &self.series,
            metadata,
        }
    }
}

impl Scope {
    /// Sets further dimensions; those that are there may get another value.
    pub(crate) fn narrow<'d>(
        &mut self,
        frame: &Frame<'_>,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> Result<(), MetricsError> {
        for (name, value) in dimensions {
            set_within(&mut self.dimensions, frame, name, value)?;
        }
        Ok(())
    }
}

fn set_within(
    dimensions: &mut Dimensions,
    frame: &Frame<'_>,
    name: &str,
    value: &str,
) -> Result<Change, MetricsError> {
    let room = dimensions.line_bytes() + 4 * (name.len() + value.len()) + 16;
    if room > frame.half() {
        return Err(MetricsError::named(MetricsErrorKind::Size, name));
    }
    dimensions.set(name, value, frame.has_service())
}

/// An upper bound of what it takes in a line: a character of the key may become `\u0000`.
fn metadata_bytes(key: &str, json: &str) -> usize {
    key.len() * 6 + json.len() + 4
}
