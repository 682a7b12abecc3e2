//! Start and end.

use super::{members::Report, rules::TraceRule};
use crate::check::{Json, Object, path};

/// Checks the times of one segment or subsegment.
pub(super) fn check(object: &Object, at: &str, report: &mut Report) {
    let start = time(object, at, ("start_time", TraceRule::StartTime), report);
    let end = object.get("end_time");
    let in_progress = object.get("in_progress").and_then(Json::as_bool);
    if end.is_some() == (in_progress == Some(true)) {
        let found = match end {
            Some(_) => "both end_time and in_progress",
            None => "neither end_time nor in_progress",
        };
        report.add(TraceRule::EndOrInProgress, at, found);
    }
    if end.is_none() {
        return;
    }
    let end = time(object, at, ("end_time", TraceRule::EndTime), report);
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        let found = format!("{end} before {start}");
        report.add(
            TraceRule::EndBeforeStart,
            &path::step(at, "end_time"),
            &found,
        );
    }
}

fn time(
    object: &Object,
    at: &str,
    (key, rule): (&str, TraceRule),
    report: &mut Report,
) -> Option<f64> {
    let at = path::step(at, key);
    let value = object.get(key);
    let Some(number) = value.and_then(Json::as_number) else {
        report.wrong(rule, &at, value);
        return None;
    };
    let seconds = number.as_f64();
    if !(1e9..1e10).contains(&seconds) {
        report.add(TraceRule::EpochSeconds, &at, number.as_written());
        return None;
    }
    Some(seconds)
}
