use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is shown in the place of a secret.
const HIDDEN: &str = "***";

/// A value that cannot print itself.
///
/// `Debug` and `Serialize` show `***`, and there is no `Display`: whatever logs, traces
/// or stores a struct with such a field does not give the value away. Reading it takes
/// a word that a reviewer sees.
///
/// ```
/// use powertools_core::Secret;
///
/// let token = Secret::new("hunter2");
/// assert_eq!(format!("{token:?}"), "***");
/// assert_eq!(serde_json::to_string(&token)?, r#""***""#);
/// assert_eq!(*token.expose(), "hunter2");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, no longer hidden.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Reads the value itself, so that events and stored settings can hold secrets.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of another type would quote the value.
        let hidden = |_| serde::de::Error::custom("a secret is not of the expected type");
        T::deserialize(deserializer).map(Self).map_err(hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Login {
        user: String,
        password: Secret<String>,
    }

    #[test]
    fn a_struct_with_a_secret_reads_it_and_never_shows_it() {
        let login: Login = serde_json::from_str(r#"{"user":"ada","password":"canary"}"#).unwrap();
        assert_eq!(login.password.expose(), "canary");
        for shown in [
            format!("{login:?}"),
            format!("{login:#?}"),
            serde_json::to_string(&login).unwrap(),
        ] {
            assert!(shown.contains("ada") && shown.contains(HIDDEN), "{shown}");
            assert!(!shown.contains("canary"), "{shown}");
        }
        assert_eq!(login.password.into_exposed(), "canary");
    }

    #[test]
    fn a_secret_of_another_type_is_not_quoted() {
        let error = serde_json::from_str::<Secret<u32>>("\"canary\"").unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
