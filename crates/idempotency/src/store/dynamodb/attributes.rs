//! What the attributes of a row are called.

/// The mark of the run that wrote the row; other languages ignore it.
pub(super) const OWNER: &str = "powertools_owner";
/// A final error, as JSON.
pub(super) const ERROR: &str = "powertools_error";
/// There was an answer, and it was not kept.
pub(super) const NO_RESPONSE: &str = "powertools_no_response";
/// Where an answer lies that is not in the row.
pub(super) const OVERFLOW: &str = "powertools_overflow";

/// The names that can be configured.
#[derive(Debug, Clone)]
pub(super) struct Attributes {
    /// The partition key.
    pub(super) key: String,
    /// The sort key. With one, the partition key has the same value in all rows.
    pub(super) sort_key: Option<String>,
    pub(super) expiry: String,
    pub(super) in_progress_expiry: String,
    pub(super) status: String,
    pub(super) data: String,
    pub(super) validation: String,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            key: "id".to_owned(),
            sort_key: None,
            expiry: "expiration".to_owned(),
            in_progress_expiry: "in_progress_expiration".to_owned(),
            status: "status".to_owned(),
            data: "data".to_owned(),
            validation: "validation".to_owned(),
        }
    }
}

impl Attributes {
    /// Every name of a row.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let configured = [
            &self.key,
            &self.expiry,
            &self.in_progress_expiry,
            &self.status,
            &self.data,
            &self.validation,
        ];
        let configured = configured.into_iter().chain(&self.sort_key);
        let ours = [OWNER, ERROR, NO_RESPONSE, OVERFLOW];
        configured.map(String::as_str).chain(ours)
    }

    /// A name that two attributes have.
    pub(super) fn duplicate(&self) -> Option<&str> {
        let mut names = self.names().enumerate();
        let before = |at| self.names().take(at);
        let twice = names.find(|&(at, name)| before(at).any(|other| other == name));
        twice.map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_names_differ() {
        assert_eq!(Attributes::default().duplicate(), None);
    }

    #[test]
    fn name_of_two_attributes_is_found() {
        let sorted = Attributes {
            sort_key: Some("id".to_owned()),
            ..Attributes::default()
        };
        assert_eq!(sorted.duplicate(), Some("id"));
        let ours = Attributes {
            data: OWNER.to_owned(),
            ..Attributes::default()
        };
        assert_eq!(ours.duplicate(), Some(OWNER));
    }
}
