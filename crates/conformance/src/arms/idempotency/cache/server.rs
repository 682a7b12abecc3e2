use std::collections::BTreeMap;

/// What is under a key, and until when, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) value: Vec<u8>,
    pub(super) expires_at: Option<i64>,
}

/// The keys of a server, which sees the time of whoever asks it.
#[derive(Debug, Default)]
pub(super) struct Server {
    entries: BTreeMap<String, Entry>,
}

impl Server {
    /// What is under a key and has not expired.
    pub(super) fn get(&self, key: &str, now: i64) -> Option<&[u8]> {
        let entry = self.entries.get(key)?;
        (!entry.is_over(now)).then_some(&*entry.value)
    }

    pub(super) fn set(&mut self, key: &str, value: &[u8], seconds: Option<i64>, now: i64) {
        let value = value.to_vec();
        let expires_at = seconds.map(|seconds| now + seconds * 1000);
        let entry = Entry { value, expires_at };
        self.entries.insert(key.to_owned(), entry);
    }

    /// Whether there was one.
    pub(super) fn delete(&mut self, key: &str, now: i64) -> bool {
        let entry = self.entries.remove(key);
        entry.is_some_and(|entry| !entry.is_over(now))
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// What there is, in the order of the keys.
    pub(super) fn entries(&self, now: i64) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        let live = entries.filter(move |(_, entry)| !entry.is_over(now));
        live.map(|(key, entry)| (key.as_str(), entry))
    }
}

impl Entry {
    fn is_over(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
