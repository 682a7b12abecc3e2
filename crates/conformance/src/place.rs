//! Where something stands.

use std::fmt;

use serde_json::Value;

/// One place inside a JSON value, such as `lines[0].level`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Member(String),
    Item(usize),
}

impl Place {
    /// The value itself.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// A member of what is here.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        self.then(Segment::Member(name.to_owned()))
    }

    /// An item of what is here.
    #[must_use]
    pub fn item(&self, place: usize) -> Self {
        self.then(Segment::Item(place))
    }

    fn then(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }
}

/// As a [`Path`](crate::path::Path) that selects this place; the whole is `the whole`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the whole");
        }
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Item(place) => write!(f, "[{place}]")?,
                Segment::Member(name) => {
                    f.write_str(if position == 0 { "" } else { "." })?;
                    if name.is_empty() || name.contains(['.', '[', '"', '*', '\n']) {
                        write!(f, "{}", Value::from(name.as_str()))?;
                    } else {
                        f.write_str(name)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_written_as_the_path_to_it() {
        let place = Place::whole().item(0).member("a").item(2).member("b.c");
        assert_eq!(place.to_string(), r#"[0].a[2]."b.c""#);
        assert_eq!(Place::whole().member("").to_string(), r#""""#);
        assert_eq!(Place::whole().to_string(), "the whole");
    }
}
