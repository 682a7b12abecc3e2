//! A set that threads share, and the way out of it.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use serde::Serialize;

use crate::{
    Blob, MetricsError, MetricsErrorKind,
    group::{Frame, Group, Scope},
    pairs::Pairs,
    rules,
    series::{Recorded, Sample},
    set::{MetricSet, Which},
    settings::{Settings, Warning},
    text::has_control,
};

/// More is not kept of the capacity.
const KEPT_CAPACITY: usize = 16 * 1024;

thread_local! {
    // Metadata that is being written, for its capacity.
    static JSON: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };

    // A sink that records would wait for itself.
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

/// Nothing of the user's runs under its lock but the sink, which is kept from coming back.
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

    /// Begins anew if it has ended.
    pub(crate) fn begin_again(&self, settings: &Settings) {
        // Nothing to begin where a sink calls a service: it may hold the lock.
        if let Ok(mut set) = self.open()
            && set.ended
        {
            set.begin(&settings.frame());
        }
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
        let check = |name: &str| check_name(settings, name);
        let (recorded, which) = set.record(&frame, scope, sample, check)?;
        if recorded.full || set.ended || set.has_many_scopes() {
            spill(&mut set, settings, (which, sample, recorded))?;
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
        settings.warn_of(change, [(name, value)]);
        Ok(())
    }

    pub(crate) fn add_dimensions(
        &self,
        settings: &Settings,
        set: &[(&str, &str)],
    ) -> Result<(), MetricsError> {
        let change = self.open()?.add_dimensions(&settings.frame(), set)?;
        settings.warn_of(change, set.iter().copied());
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
        settings.warn_of(change, [(name, value)]);
        Ok(())
    }

    pub(crate) fn clear_default_dimensions(&self) -> Result<(), MetricsError> {
        self.open()?.clear_default_dimensions();
        Ok(())
    }

    /// A scope that begins with the dimensions of now.
    pub(crate) fn scope(&self) -> Result<Scope, MetricsError> {
        Ok(self.open()?.scope())
    }

    pub(crate) fn add_metadata(
        &self,
        settings: &Settings,
        key: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), MetricsError> {
        // Before the lock: it is the user's code.
        with_json(key, value, |json| {
            self.open()?.add_metadata(&settings.frame(), key, json)
        })
    }

    pub(crate) fn add_standing_metadata(&self, settings: &Settings, key: &str, text: &str) {
        let _ = with_json(key, text, |json| {
            self.open()?
                .add_standing_metadata(&settings.frame(), key, json);
            Ok(())
        });
    }

    pub(crate) fn set_timestamp(
        &self,
        settings: &Settings,
        at: SystemTime,
    ) -> Result<(), MetricsError> {
        // Before the lock: a warning is others' code.
        let millis = checked_millis(settings, at);
        self.open()?.set_timestamp(Some(millis));
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
            settings.warn(Warning::EmptyFlush);
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

    /// The last flush: what comes later goes out by itself. Gives whether anything has gone out
    /// since the beginning, or how many values were left, which are dropped.
    pub(crate) fn end(&self, settings: &Settings) -> Result<bool, (MetricsError, usize)> {
        let mut set = self
            .open()
            .map_err(|error| (error, self.drop_values(settings)))?;
        set.ended = true;
        if set.is_empty() {
            return Ok(set.wrote);
        }
        let emitted = set.emit_all(&settings.frame(), now(settings), &mut |blob| {
            emit(settings, blob)
        });
        if let Err(error) = emitted {
            let lost = set.values();
            set.clear(&settings.frame());
            return Err((error, lost));
        }
        Ok(true)
    }

    /// Inside of a sink: gives how many values there are, which nobody can write.
    #[cold]
    fn drop_values(&self, settings: &Settings) -> usize {
        // The sink may be writing this very set, whose end comes later.
        let Ok(mut set) = self.set.try_lock() else {
            return 0;
        };
        set.ended = true;
        let values = set.values();
        set.clear(&settings.frame());
        values
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

    #[inline]
    fn open(&self) -> Result<MutexGuard<'_, MetricSet>, MetricsError> {
        if EMITTING.try_with(Cell::get).unwrap_or_default() {
            return Err(MetricsError::sink("a sink must not record metrics itself"));
        }
        // A panic under the lock is caught where it happens, in a sink.
        Ok(self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes what finds no room any more, or comes late.
#[cold]
fn spill(
    set: &mut MetricSet,
    settings: &Settings,
    (which, sample, recorded): (Which, Sample<'_>, Recorded),
) -> Result<(), MetricsError> {
    let frame = settings.frame();
    let mut failed = false;
    let emit = &mut |blob: &Blob<'_>| {
        // A recording that meets a failing sink does not try it a hundred times.
        if failed {
            return Err(MetricsError::new(MetricsErrorKind::Sink));
        }
        let emitted = emit(settings, blob);
        failed = emitted.is_err();
        emitted
    };
    let emitted = match recorded.full {
        true => set.emit_group(&frame, which, now(settings), emit),
        false => set.emit_all(&frame, now(settings), emit),
    };
    match emitted {
        // What was there before stays; this one finds no room.
        Err(error) if set.undo(which, sample, recorded) => Err(error),
        _ => Ok(()),
    }
}

/// Hands a blob to the sink, unless metrics are off.
fn emit(settings: &Settings, blob: &Blob<'_>) -> Result<(), MetricsError> {
    if settings.is_disabled()? {
        return Ok(());
    }
    in_sink(|| settings.sink.emit(blob))
}

/// What the sink says of a metric's name.
#[inline]
pub(crate) fn check_name(settings: &Settings, name: &str) -> Result<(), MetricsError> {
    match settings.sink_speaks {
        true => in_sink(|| settings.sink.check_name(name)),
        false => Ok(()),
    }
}

/// Runs the sink's code: what it records is refused, and its panic is an error.
fn in_sink(run: impl FnOnce() -> Result<(), MetricsError>) -> Result<(), MetricsError> {
    let _ = EMITTING.try_with(|emitting| emitting.set(true));
    let done = catch_unwind(AssertUnwindSafe(run));
    let _ = EMITTING.try_with(|emitting| emitting.set(false));
    done.unwrap_or_else(|_| Err(MetricsError::sink("the sink panicked")))
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
    if !rules::is_in_time(at, now) && settings.sink.limits_time() {
        settings.warn(Warning::Timestamp);
    }
    millis(at)
}

/// Gives a value as JSON in one line to `take`.
pub(crate) fn with_json<T>(
    key: &str,
    value: &(impl Serialize + ?Sized),
    take: impl FnOnce(&str) -> Result<T, MetricsError>,
) -> Result<T, MetricsError> {
    // Empty for a thread that is ending, or for a value that adds metadata: allocate.
    let mut json = JSON.try_with(Cell::take).unwrap_or_default();
    json.clear();
    let taken = write_json(&mut json, value)
        .ok_or_else(|| MetricsError::named(MetricsErrorKind::Metadata, key))
        .and_then(take);
    json.shrink_to(KEPT_CAPACITY);
    let _ = JSON.try_with(|kept| kept.set(json));
    taken
}

fn write_json<'a>(json: &'a mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Option<&'a str> {
    serde_json::to_writer(&mut *json, value).ok()?;
    if has_control(json) {
        // Raw JSON may have been spread over lines.
        let value: serde_json::Value = serde_json::from_slice(json).ok()?;
        json.clear();
        serde_json::to_writer(&mut *json, &value).ok()?;
    }
    std::str::from_utf8(json).ok()
}
