use std::{error::Error, fmt};

/// What only this library writes; other languages ignore it.
pub(super) const OWNER: &str = "powertools_owner";
pub(super) const ERROR: &str = "powertools_error";
pub(super) const NO_RESPONSE: &str = "powertools_no_response";
pub(super) const OVERFLOW: &str = "powertools_overflow";

/// The names of a record's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) expiry: Box<str>,
    pub(super) in_progress_expiry: Box<str>,
    pub(super) status: Box<str>,
    pub(super) data: Box<str>,
    pub(super) validation_key: Box<str>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            expiry: "expiration".into(),
            in_progress_expiry: "in_progress_expiration".into(),
            status: "status".into(),
            data: "data".into(),
            validation_key: "validation".into(),
        }
    }
}

impl Names {
    pub(super) fn check(&self) -> Result<(), RedisConfigError> {
        let names = [
            ("expiry_attr", &*self.expiry),
            ("in_progress_expiry_attr", &*self.in_progress_expiry),
            ("status_attr", &*self.status),
            ("data_attr", &*self.data),
            ("validation_key_attr", &*self.validation_key),
        ];
        let own = [OWNER, ERROR, NO_RESPONSE, OVERFLOW];
        for (at, (setting, name)) in names.iter().enumerate() {
            let taken = own.contains(name) || names[..at].iter().any(|(_, other)| other == name);
            if taken || name.is_empty() {
                return Err(RedisConfigError { setting });
            }
        }
        Ok(())
    }
}

/// A store for Redis cannot be built like this: two members of its records have the same name,
/// one has none, or one has a name that the library uses itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisConfigError {
    setting: &'static str,
}

impl fmt::Display for RedisConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is empty, or a name that another member of the record has",
            self.setting
        )
    }
}

impl Error for RedisConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_needs_a_name_of_its_own() {
        assert_eq!(Names::default().check(), Ok(()));
        for name in ["", "status", OWNER] {
            let names = Names {
                data: name.into(),
                ..Names::default()
            };
            let error = names.check().expect_err(name);
            assert!(error.to_string().starts_with("data_attr "), "{error}");
        }
    }
}
