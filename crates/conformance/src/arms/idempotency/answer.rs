use crate::json::Json;

/// What came of a step, in the order in which it is told.
#[derive(Debug, Default)]
pub(super) struct Answer(Vec<(&'static str, Json)>);

impl Answer {
    pub(super) fn with(mut self, name: &'static str, value: Json) -> Self {
        self.0.push((name, value));
        self
    }

    /// A list, unless there is nothing in it.
    pub(super) fn with_some(self, name: &'static str, items: Vec<Json>) -> Self {
        match items.is_empty() {
            true => self,
            false => self.with(name, Json::Array(items)),
        }
    }

    pub(super) fn into_json(self) -> Json {
        Json::object(self.0)
    }
}
