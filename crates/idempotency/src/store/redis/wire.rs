//! A record as the other languages have it in Redis: one JSON object under the key.

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::names::{ERROR, NO_RESPONSE, Names, OVERFLOW, OWNER};
use crate::{Answer, Status, StoreError, StoreErrorKind, StoredRecord};

/// Longer than any record is meant to live, and short enough for Redis.
const LONGEST_TTL: i64 = 100 * 366 * 24 * 60 * 60;

/// What is under a key, if it cannot be read as a record.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// No JSON at all: a damaged record, which a claim replaces.
    Damaged,
    /// JSON of somebody else, which is left alone.
    NoRecord(StoreError),
}

impl From<StoreErrorKind> for Unreadable {
    fn from(kind: StoreErrorKind) -> Self {
        Self::NoRecord(kind.into())
    }
}

impl From<Unreadable> for StoreError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Damaged => StoreErrorKind::InvalidRecord.into(),
            Unreadable::NoRecord(error) => error,
        }
    }
}

/// For how many seconds Redis keeps a record that is written now.
pub(super) fn ttl(expiration: i64, now: crate::Now) -> i64 {
    // Redis refuses 0: a record that has expired already goes in a second.
    expiration
        .saturating_sub(now.seconds())
        .clamp(1, LONGEST_TTL)
}

/// The text under the key.
pub(super) fn write(record: &StoredRecord, names: &Names) -> String {
    // Strings and numbers under text keys: that cannot fail.
    serde_json::to_string(&Members { record, names }).expect("a record is JSON")
}

struct Members<'a> {
    record: &'a StoredRecord,
    names: &'a Names,
}

impl Serialize for Members<'_> {
    /// In the order of the other languages, then what they do not know.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { record, names } = self;
        let mut members = serializer.serialize_map(None)?;
        if let Some(Answer::Response(json)) = record.answer() {
            members.serialize_entry(&names.data, json.as_ref())?;
        }
        members.serialize_entry(&names.status, record.status().as_str())?;
        members.serialize_entry(&names.expiry, &record.expiration())?;
        // It means nothing on a completed record, and theirs have none.
        if record.status() == Status::InProgress
            && let Some(lease) = record.in_progress_expiration()
        {
            members.serialize_entry(&names.in_progress_expiry, &lease)?;
        }
        // Python forgets it on completion, and then refuses each replay.
        if let Some(hash) = record.payload_hash() {
            members.serialize_entry(&names.validation_key, hash)?;
        }
        if let Some(owner) = record.owner() {
            members.serialize_entry(OWNER, owner)?;
        }
        match record.answer() {
            None | Some(Answer::Response(_)) => {}
            Some(Answer::Error(json)) => members.serialize_entry(ERROR, json.as_ref())?,
            Some(Answer::Omitted) => members.serialize_entry(NO_RESPONSE, &true)?,
            Some(Answer::Overflow(reference)) => {
                members.serialize_entry(OVERFLOW, reference.as_ref())?;
            }
        }
        members.end()
    }
}

/// Reads what is under a key. Members that nobody knows are passed over.
pub(super) fn read(value: &[u8], names: &Names) -> Result<StoredRecord, Unreadable> {
    let text = std::str::from_utf8(value).map_err(|_| Unreadable::Damaged)?;
    let members = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            StoreErrorKind::InvalidRecord.into()
        } else {
            Unreadable::Damaged
        }
    })?;
    Object(members).record(names)
}

struct Object<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Object<'a> {
    fn record(&self, names: &Names) -> Result<StoredRecord, Unreadable> {
        let status = self.text(&names.status)?;
        let status: Status = status
            .ok_or(StoreErrorKind::InvalidRecord)?
            .parse()
            .map_err(|unknown| Unreadable::NoRecord(StoreError::from(unknown)))?;
        let expiration = self
            .number(&names.expiry)?
            .ok_or(StoreErrorKind::InvalidRecord)?;
        let mut record = StoredRecord::new(status, expiration)
            .with_in_progress_expiration(self.number(&names.in_progress_expiry)?);
        if let Some(hash) = self.text(&names.validation_key)? {
            record = record.with_payload_hash(hash);
        }
        if let Some(owner) = self.text(OWNER)? {
            record = record.with_owner(owner);
        }
        Ok(match self.answer(names)? {
            Some(answer) => record.with_answer(answer),
            None => record,
        })
    }

    fn answer(&self, names: &Names) -> Result<Option<Answer>, Unreadable> {
        if let Some(json) = self.text(ERROR)? {
            return Ok(Some(Answer::Error(json.as_ref().into())));
        }
        if let Some(reference) = self.text(OVERFLOW)? {
            return Ok(Some(Answer::Overflow(reference.as_ref().into())));
        }
        if self
            .member(NO_RESPONSE)
            .is_some_and(|value| value.get() == "true")
        {
            return Ok(Some(Answer::Omitted));
        }
        let Some(data) = self.member(&names.data) else {
            return Ok(None);
        };
        // Python has JSON in a string; TypeScript has the value itself.
        let json = if data.get().starts_with('"') {
            self.text(&names.data)?.unwrap_or_default()
        } else {
            data.get().into()
        };
        Ok(Some(Answer::Response(json.as_ref().into())))
    }

    /// A member that is there, and not null.
    fn member(&self, name: &str) -> Option<&'a RawValue> {
        let value = *self.0.get(name)?;
        (value.get() != "null").then_some(value)
    }

    fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, StoreErrorKind> {
        self.typed::<Text<'a>>(name)
            .map(|text| text.map(|Text(text)| text))
    }

    /// A whole number, rounded down: some languages write fractions.
    fn number(&self, name: &str) -> Result<Option<i64>, StoreErrorKind> {
        if let Ok(number) = self.typed(name) {
            return Ok(number);
        }
        let float: Option<f64> = self.typed(name)?;
        // A cast saturates, and there are no years beyond that.
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        Ok(float.map(|float| float.floor() as i64))
    }

    fn typed<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, StoreErrorKind> {
        self.member(name)
            .map(|value| serde_json::from_str(value.get()))
            .transpose()
            .map_err(|_| StoreErrorKind::InvalidRecord)
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Now;

    fn running() -> StoredRecord {
        StoredRecord::new(Status::InProgress, 1_700_003_600)
            .with_in_progress_expiration(1_700_000_030_000)
            .with_payload_hash("h")
            .with_owner("f".repeat(32))
    }

    fn completed(answer: Answer) -> StoredRecord {
        StoredRecord::new(Status::Completed, i64::MAX)
            .with_answer(answer)
            .with_owner("f".repeat(32))
    }

    #[test]
    fn record_is_read_as_it_was_written() {
        let names = Names::default();
        for record in [
            running(),
            StoredRecord::new(Status::Completed, -1),
            completed(Answer::Response("\"a \\\" \u{e9}\"".into())),
            completed(Answer::Response("null".into())),
            completed(Answer::Error("{}".into())),
            completed(Answer::Omitted),
            completed(Answer::Overflow("s3://bucket/key".into())),
        ] {
            let text = write(&record, &names);
            let again = read(text.as_bytes(), &names).expect("a record");
            assert_eq!(again, record, "{text}");
        }
    }

    #[test]
    fn completed_record_has_no_lease() {
        let names = Names::default();
        let record = completed(Answer::Omitted).with_in_progress_expiration(7);
        let text = write(&record, &names);
        let again = read(text.as_bytes(), &names).expect("a record");
        assert_eq!(again.in_progress_expiration(), None);
    }

    #[test]
    fn damaged_record_is_told_from_json_of_somebody_else() {
        let names = Names::default();
        let text = write(&running(), &names);
        for cut in 0..text.len() {
            let read = read(&text.as_bytes()[..cut], &names);
            assert!(matches!(read, Err(Unreadable::Damaged)), "cut at {cut}");
        }
        for json in ["7", "[]", "{}", "\"INPROGRESS\"", "null"] {
            let read = read(json.as_bytes(), &names);
            assert!(matches!(read, Err(Unreadable::NoRecord(_))), "{json}");
        }
    }

    #[test]
    fn time_to_live_is_what_is_left_and_never_nothing() {
        let now = Now::from_millis(10_999);
        for (expiration, seconds) in [
            (3610, 3600),
            (11, 1),
            (10, 1),
            (9, 1),
            (i64::MIN, 1),
            (i64::MAX, LONGEST_TTL),
        ] {
            assert_eq!(ttl(expiration, now), seconds, "{expiration}");
        }
    }
}
