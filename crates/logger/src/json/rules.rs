//! What must not be written, and how much at most.

/// Always hidden, whatever else is.
const ALWAYS: [&str; 4] = ["authorization", "cookie", "set-cookie", "x-api-key"];

/// The names whose values are hidden, at any depth.
///
/// Upper and lower case of ASCII are the same, and so are `-` and `_`.
#[derive(Debug, Clone)]
pub(crate) struct Redaction {
    /// Folded by [`folded`].
    names: Box<[Box<[u8]>]>,
    /// The [`bit`]s of the names. Tells of almost every other name that it is not hidden.
    bits: u64,
}

impl Redaction {
    /// `authorization`, `cookie`, `set-cookie`, `x-api-key` and these.
    pub(crate) fn new<I>(more: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let fold = |name: &str| name.bytes().map(folded).collect::<Box<[u8]>>();
        let names: Box<[_]> = ALWAYS
            .into_iter()
            .map(fold)
            .chain(more.into_iter().map(|name| fold(name.as_ref())))
            .collect();
        let bits = names.iter().fold(0, |bits, name| bits | bit(name));
        Self { names, bits }
    }

    /// Whether the member of this name is hidden.
    #[inline]
    pub(crate) fn hides(&self, name: &str) -> bool {
        self.bits & bit(name.as_bytes()) != 0 && self.contains(name)
    }

    fn contains(&self, name: &str) -> bool {
        self.names.iter().any(|hidden| {
            hidden.len() == name.len()
                && hidden
                    .iter()
                    .zip(name.bytes())
                    .all(|(&hidden, byte)| hidden == folded(byte))
        })
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new([""; 0])
    }
}

/// One bit for each length and first letter.
fn bit(name: &[u8]) -> u64 {
    let first = name.first().copied().map_or(0, folded);
    1 << (((name.len() * 8) ^ usize::from(first)) % 64)
}

fn folded(byte: u8) -> u8 {
    match byte {
        b'_' => b'-',
        _ => byte.to_ascii_lowercase(),
    }
}

/// By what rules a value is written.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    redaction: Redaction,
    max_field_bytes: usize,
    max_depth: usize,
}

impl Rules {
    /// How deep values are written if nothing else is said.
    pub(crate) const DEFAULT_DEPTH: usize = 64;
    /// Readers have limits too, `serde_json` one of 128, and the value stands in a line.
    #[cfg(test)]
    pub(crate) const DEEPEST: usize = 120;
    /// By how much a value can be longer than its bound: the longest mark.
    #[cfg(test)]
    pub(crate) const SLACK: usize = 24;

    /// Values of at most `max_field_bytes` bytes of JSON, [`DEFAULT_DEPTH`] deep.
    ///
    /// [`DEFAULT_DEPTH`]: Self::DEFAULT_DEPTH
    pub(crate) fn new(redaction: Redaction, max_field_bytes: usize) -> Self {
        Self {
            redaction,
            max_field_bytes,
            max_depth: Self::DEFAULT_DEPTH,
        }
    }

    /// How many brackets may stand inside one another, at most [`DEEPEST`].
    ///
    /// [`DEEPEST`]: Self::DEEPEST
    #[cfg(test)]
    pub(crate) fn with_max_depth(mut self, max_depth: usize) -> Self {
        self.max_depth = max_depth.min(Self::DEEPEST);
        self
    }

    /// The same for values of at most so many bytes, if there were more before.
    pub(crate) fn with_max_field_bytes(mut self, bytes: usize) -> Self {
        self.max_field_bytes = self.max_field_bytes.min(bytes);
        self
    }

    #[inline]
    pub(crate) fn hides(&self, name: &str) -> bool {
        self.redaction.hides(name)
    }

    pub(crate) fn max_field_bytes(&self) -> usize {
        self.max_field_bytes
    }

    pub(crate) fn max_depth(&self) -> usize {
        self.max_depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_credentials_are_always_hidden() {
        let redaction = Redaction::default();
        for name in ALWAYS {
            assert!(redaction.hides(name), "{name}");
        }
        for name in ["authorisation", "cookies", "x-api-kez", "cooki", ""] {
            assert!(!redaction.hides(name), "{name}");
        }
    }

    #[test]
    fn neither_case_nor_dash_and_underscore_matter() {
        let long = "A_very-long".repeat(8);
        let redaction = Redaction::new(["cardNumber", "client_secret", &long]);
        for name in [
            "Set_Cookie",
            "X-API_KEY",
            "CARDNUMBER",
            "Client-Secret",
            &long.to_uppercase().replace('-', "_"),
        ] {
            assert!(redaction.hides(name), "{name}");
        }
        assert!(!redaction.hides("card_number"));
        assert!(!redaction.hides(&"B_very-long".repeat(8)));
        assert!(!redaction.hides(&"A_very-long".repeat(9)));
    }

    #[test]
    fn no_value_is_deeper_than_readers_bear() {
        let rules = Rules::new(Redaction::default(), 10).with_max_depth(usize::MAX);
        assert_eq!(rules.max_depth(), Rules::DEEPEST);
        assert_eq!(rules.max_field_bytes(), 10);
        assert_eq!(rules.with_max_depth(3).max_depth(), 3);
    }
}
