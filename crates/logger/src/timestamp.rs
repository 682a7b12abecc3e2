//! RFC 3339 in UTC with milliseconds: with any other, Lambda takes the line for INFO.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;

/// The last second that was written: lines come many to the second.
#[derive(Debug, Default)]
pub(crate) struct Clockface {
    second: Option<i64>,
    text: Vec<u8>,
}

impl Clockface {
    /// Writes the time as a JSON string. A time that no calendar has is the epoch.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, now: SystemTime) {
        let millis = millis(now);
        let second = millis.div_euclid(1000);
        if self.second != Some(second) {
            self.turn_to(second);
        }
        out.push(b'"');
        out.extend_from_slice(&self.text);
        out.push(b'.');
        for unit in [100, 10, 1] {
            let digit = millis.rem_euclid(1000) / unit % 10;
            out.push(b'0' + u8::try_from(digit).unwrap_or_default());
        }
        out.extend_from_slice(b"Z\"");
    }

    fn turn_to(&mut self, second: i64) {
        let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        self.text.clear();
        // A buffer takes everything.
        let _ = write!(self.text, "{}", time.strftime("%Y-%m-%dT%H:%M:%S"));
        self.second = Some(second);
    }
}

/// Since the epoch, or before it.
fn millis(now: SystemTime) -> i64 {
    let whole = |since: Duration| i64::try_from(since.as_millis()).unwrap_or_default();
    match now.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(face: &mut Clockface, now: SystemTime) -> String {
        let mut out = Vec::new();
        face.write(&mut out, now);
        String::from_utf8(out).unwrap()
    }

    fn after(millis: i64) -> SystemTime {
        let since = Duration::from_millis(millis.unsigned_abs());
        match millis {
            0.. => SystemTime::UNIX_EPOCH + since,
            _ => SystemTime::UNIX_EPOCH - since,
        }
    }

    #[test]
    fn milliseconds_are_kept_within_a_second_and_across() {
        let mut face = Clockface::default();
        for (millis, expected) in [
            (1_700_000_000_500, "\"2023-11-14T22:13:20.500Z\""),
            (1_700_000_000_007, "\"2023-11-14T22:13:20.007Z\""),
            (1_700_000_001_999, "\"2023-11-14T22:13:21.999Z\""),
            (0, "\"1970-01-01T00:00:00.000Z\""),
            (-1, "\"1969-12-31T23:59:59.999Z\""),
            (951_782_400_000, "\"2000-02-29T00:00:00.000Z\""),
        ] {
            assert_eq!(written(&mut face, after(millis)), expected);
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_the_epoch() {
        let mut face = Clockface::default();
        let epoch = "\"1970-01-01T00:00:00.000Z\"";
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 62);
        assert_eq!(written(&mut face, far), epoch);
    }
}
