use serde_json::{Map, Value};

use super::fault::Fault;

/// Attribute values by name, each as `{"S": "…"}`.
pub(in crate::arms::idempotency) type Row = Map<String, Value>;

/// Rows, found by their key attributes.
#[derive(Debug, Default)]
pub(super) struct Table {
    keys: Vec<String>,
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn new(keys: Vec<String>) -> Self {
        let rows = Vec::new();
        Self { keys, rows }
    }

    /// The key of a row, or of a request that names one.
    pub(super) fn key_of(&self, row: &Row) -> Result<Row, Fault> {
        let one = |name: &String| {
            let value = row.get(name).filter(|value| {
                let text = value.get("S").and_then(Value::as_str);
                text.is_some_and(|text| !text.is_empty())
            });
            let value = value.cloned().map(|value| (name.clone(), value));
            value.ok_or_else(|| Fault::validation(format!("One of the keys is missing: {name}")))
        };
        self.keys.iter().map(one).collect()
    }

    /// A key that is nothing else.
    pub(super) fn exact_key(&self, key: &Row) -> Result<Row, Fault> {
        if key.len() != self.keys.len() {
            let message = "The provided key element does not match the schema";
            return Err(Fault::validation(message));
        }
        self.key_of(key)
    }

    pub(super) fn get(&self, key: &Row) -> Option<&Row> {
        self.rows.iter().find(|row| is_at(row, key))
    }

    /// Puts a row in the place of the one with its key.
    pub(super) fn put(&mut self, row: Row) -> Result<(), Fault> {
        let key = self.key_of(&row)?;
        self.delete(&key);
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn delete(&mut self, key: &Row) {
        self.rows.retain(|row| !is_at(row, key));
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

fn is_at(row: &Row, key: &Row) -> bool {
    key.iter().all(|(name, value)| row.get(name) == Some(value))
}
