//! A set that threads share, and the way out of it.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use crate::{
    Blob, MetricsError, MetricsErrorKind,
    pairs::{Change, Pairs},
    series::Sample,
    set::{Frame, Group, MetricSet, Scope, Which},
    settings::{Settings, Warning},
};

const OLDEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const NEWEST: Duration = Duration::from_secs(2 * 60 * 60);

thread_local! {
    // A sink that records would wait for itself.
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

/// Nothing of the user's runs under its lock but the sink.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    set: Mutex<MetricSet>,
}

impl Collector {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut set = MetricSet::default();
        set.begin(&settings.frame());
        Self {
            set: Mutex::new(set),
        }
    }

    /// Empty again, whatever was in it.
    pub(crate) fn reset(&mut self, settings: &Settings) {
        let set = self.set.get_mut().unwrap_or_else(PoisonError::into_inner);
        set.begin(&settings.frame());
    }

    #[inline]
    pub(crate) fn record(
        &self,
        settings: &Settings,
        scope: Option<&Scope>,
        sample: Sample<'_>,
    ) -> Result<(), MetricsError> {
        let mut set = self.open()?;
        let frame = settings.frame();
        let (recorded, which) =
            set.record(&frame, scope, sample, |name| settings.sink.check_name(name))?;
        if recorded.full || set.ended || set.has_many_scopes() {
            spill(&mut set, settings, which, sample, recorded.full)?;
        }
        drop(set);
        if recorded.changed_unit {
            settings.warn(Warning::UnitChanged);
        }
        Ok(())
    }

    pub(crate) fn add_dimension(
        &self,
        settings: &Settings,
        name: &str,
        value: &str,
    ) -> Result<(), MetricsError> {
        let change = self.open()?.add_dimension(&settings.frame(), name, value)?;
        warn_of(settings, change, [(name, value)]);
        Ok(())
    }

    pub(crate) fn add_dimensions(
        &self,
        settings: &Settings,
        set: &[(&str, &str)],
    ) -> Result<(), MetricsError> {
        let change = self.open()?.add_dimensions(&settings.frame(), set)?;
        warn_of(settings, change, set.iter().copied());
        Ok(())
    }

    pub(crate) fn set_default_dimension(
        &self,
        settings: &Settings,
        name: &str,
        value: &str,
    ) -> Result<(), MetricsError> {
        let mut set = self.open()?;
        let change = set.set_default_dimension(&settings.frame(), name, value)?;
        drop(set);
        warn_of(settings, change, [(name, value)]);
        Ok(())
    }

    pub(crate) fn clear_default_dimensions(&self) -> Result<(), MetricsError> {
        self.open()?.clear_default_dimensions();
        Ok(())
    }

    /// A scope that begins with the dimensions of now.
    pub(crate) fn scope(
        &self,
        settings: &Settings,
        dimensions: &[(&str, &str)],
    ) -> Result<Scope, MetricsError> {
        let frame = settings.frame();
        let scope = self.open()?.scope(&frame, dimensions.iter().copied())?;
        warn_of(settings, Change::Added, dimensions.iter().copied());
        Ok(scope)
    }

    pub(crate) fn add_metadata(
        &self,
        settings: &Settings,
        key: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), MetricsError> {
        // Before the lock: it is the user's code.
        let json = json(key, value)?;
        self.open()?.add_metadata(&settings.frame(), key, &json)
    }

    pub(crate) fn add_standing_metadata(&self, settings: &Settings, key: &str, text: &str) {
        if let (Ok(json), Ok(mut set)) = (json(key, text), self.open()) {
            set.add_standing_metadata(&settings.frame(), key, &json);
        }
    }

    pub(crate) fn set_timestamp(
        &self,
        settings: &Settings,
        at: SystemTime,
    ) -> Result<(), MetricsError> {
        self.open()?
            .set_timestamp(Some(checked_millis(settings, at)));
        Ok(())
    }

    pub(crate) fn clear(&self, settings: &Settings) -> Result<(), MetricsError> {
        self.open()?.clear(&settings.frame());
        Ok(())
    }

    /// Everything goes out; dimensions, metadata and time are gone.
    pub(crate) fn flush(&self, settings: &Settings) -> Result<(), MetricsError> {
        let mut set = self.open()?;
        if set.is_empty() {
            drop(set);
            // Switched off, nothing is what there should be.
            if settings.is_disabled()? {
                return Ok(());
            }
            if settings.raise_on_empty {
                return Err(MetricsError::new(MetricsErrorKind::Empty));
            }
            settings.warn(Warning::Empty);
            return Ok(());
        }
        let frame = settings.frame();
        set.emit_all(&frame, now(settings), &mut |blob| emit(settings, blob))?;
        set.end_flush(&frame);
        Ok(())
    }

    /// Everything goes out; dimensions, metadata and time stay for what comes.
    pub(crate) fn flush_early(&self, settings: &Settings) -> Result<(), MetricsError> {
        let mut set = self.open()?;
        if set.is_empty() {
            return Ok(());
        }
        set.emit_all(&settings.frame(), now(settings), &mut |blob| {
            emit(settings, blob)
        })
    }

    /// The last flush: what comes later goes out by itself. Gives how many values were lost.
    pub(crate) fn end(&self, settings: &Settings) -> Result<bool, (MetricsError, usize)> {
        let mut set = self.open().map_err(|error| (error, 0))?;
        set.ended = true;
        if set.is_empty() {
            return Ok(false);
        }
        let emitted = set.emit_all(&settings.frame(), now(settings), &mut |blob| {
            emit(settings, blob)
        });
        emitted.map_err(|error| (error, set.values()))?;
        Ok(true)
    }

    /// Shows every blob that a flush would write now.
    pub(crate) fn show(
        &self,
        settings: &Settings,
        mut show: impl FnMut(&Blob<'_>) -> Result<(), MetricsError>,
    ) -> Result<(), MetricsError> {
        self.open()?
            .show(&settings.frame(), now(settings), &mut show)
    }

    /// Metrics of their own, measured at this time, else now.
    pub(crate) fn emit_alone(
        &self,
        settings: &Settings,
        frame: &Frame<'_>,
        (millis, metadata): (Option<u64>, &Pairs),
        fill: impl FnOnce(&mut Group) -> Result<(), MetricsError>,
    ) -> Result<(), MetricsError> {
        let millis = millis.unwrap_or_else(|| now(settings));
        let mut set = self.open()?;
        set.emit_alone(frame, (millis, metadata), fill, &mut |blob| {
            emit(settings, blob)
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open().is_ok_and(|set| set.is_empty())
    }

    fn open(&self) -> Result<MutexGuard<'_, MetricSet>, MetricsError> {
        if EMITTING.try_with(Cell::get).unwrap_or_default() {
            return Err(MetricsError::sink("a sink must not record metrics itself"));
        }
        // A panic under the lock is caught where it happens, in a sink.
        Ok(self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cold]
fn spill(
    set: &mut MetricSet,
    settings: &Settings,
    which: Which,
    sample: Sample<'_>,
    full: bool,
) -> Result<(), MetricsError> {
    let emitted = match full {
        true => set.emit_group(&settings.frame(), which, now(settings), &mut |blob| {
            emit(settings, blob)
        }),
        false => set.emit_all(&settings.frame(), now(settings), &mut |blob| {
            emit(settings, blob)
        }),
    };
    if emitted.is_err() {
        // What was there before stays; this one finds no room.
        set.undo(which, sample);
    }
    emitted
}

/// Hands a blob to the sink, unless metrics are off.
fn emit(settings: &Settings, blob: &Blob<'_>) -> Result<(), MetricsError> {
    if settings.is_disabled()? {
        return Ok(());
    }
    let _ = EMITTING.try_with(|emitting| emitting.set(true));
    let emitted = catch_unwind(AssertUnwindSafe(|| settings.sink.emit(blob)));
    let _ = EMITTING.try_with(|emitting| emitting.set(false));
    emitted.unwrap_or_else(|_| Err(MetricsError::sink("the sink panicked")))
}

fn now(settings: &Settings) -> u64 {
    millis(settings.host.clock().now())
}

/// Since the epoch; nothing is measured before it.
fn millis(at: SystemTime) -> u64 {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// With a warning if CloudWatch will not take it.
pub(crate) fn checked_millis(settings: &Settings, at: SystemTime) -> u64 {
    let now = settings.host.clock().now();
    let too_old = now.duration_since(at).is_ok_and(|age| age > OLDEST);
    let too_new = at.duration_since(now).is_ok_and(|ahead| ahead > NEWEST);
    if (too_old || too_new) && settings.sink.limits_time() {
        settings.warn(Warning::Timestamp);
    }
    millis(at)
}

fn warn_of<'a>(
    settings: &Settings,
    change: Change,
    dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    if change == Change::Replaced {
        settings.warn(Warning::Overwritten);
    }
    let mut dimensions = dimensions.into_iter();
    if dimensions.any(|(name, value)| settings.sink.warn_of_dimension(name, value).is_some()) {
        settings.warn(Warning::Tag);
    }
}

/// A value as JSON in one line.
pub(crate) fn json(key: &str, value: &(impl Serialize + ?Sized)) -> Result<String, MetricsError> {
    let bad = || MetricsError::named(MetricsErrorKind::Metadata, key);
    let json = serde_json::to_string(value).map_err(|_| bad())?;
    if !json.bytes().any(|byte| byte.is_ascii_control()) {
        return Ok(json);
    }
    // Raw JSON may have been spread over lines.
    let value: serde_json::Value = serde_json::from_str(&json).map_err(|_| bad())?;
    serde_json::to_string(&value).map_err(|_| bad())
}
