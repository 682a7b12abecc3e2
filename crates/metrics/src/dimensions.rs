//! The dimensions of one line: its main set, and the sets beside it.

use crate::{
    MetricsError, MetricsErrorKind,
    pairs::{Change, Pairs},
    rules::{self, MAX_DIMENSIONS},
};

pub(crate) const SERVICE: &str = "service";

/// Each name has one value, as in the line: the members of the root are shared by all sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dimensions {
    pairs: Pairs,
    /// Places in `pairs`.
    main: Vec<u8>,
    /// For each further set its length, then its places.
    sets: Vec<u8>,
}

impl Dimensions {
    /// Names and values, each name once.
    pub(crate) fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The main set, without a service that nobody gave.
    pub(crate) fn main(&self) -> &[u8] {
        &self.main
    }

    pub(crate) fn has_sets(&self) -> bool {
        !self.sets.is_empty()
    }

    /// The sets beside the main one.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut rest = self.sets.as_slice();
        std::iter::from_fn(move || {
            let (length, more) = rest.split_first()?;
            let (set, more) = more.split_at(usize::from(*length));
            rest = more;
            Some(set)
        })
    }

    /// Whether the main set has a service of its own.
    pub(crate) fn has_service(&self) -> bool {
        let service = self.pairs.find(SERVICE);
        service.is_some_and(|index| self.main.iter().any(|&at| usize::from(at) == index))
    }

    /// Sets a dimension of the main set.
    pub(crate) fn set(
        &mut self,
        name: &str,
        value: &str,
        service: bool,
    ) -> Result<Change, MetricsError> {
        // As in the other languages, the limit comes first.
        if self.pairs.find(name).is_none() && self.names_with(&[name], service) > MAX_DIMENSIONS {
            return Err(MetricsError::named(MetricsErrorKind::DimensionLimit, name));
        }
        rules::dimension(name, value)?;
        let (index, change) = self.pairs.set(name, value);
        let place = place(index);
        if !self.main.contains(&place) {
            self.main.push(place);
        }
        Ok(change)
    }

    /// Adds a set: the given defaults, and these dimensions.
    pub(crate) fn add_set(
        &mut self,
        defaults: &Self,
        dimensions: &[(&str, &str)],
        service: bool,
    ) -> Result<Change, MetricsError> {
        if dimensions.is_empty() {
            return Err(MetricsError::new(MetricsErrorKind::DimensionSet));
        }
        let mut set = Pairs::default();
        for &place in defaults.main() {
            let (name, value) = defaults.pairs.get(usize::from(place));
            // Nobody gives it here: a value that it was given before stays.
            let given = self.pairs.find(name).map(|index| self.pairs.get(index).1);
            set.set(name, given.unwrap_or(value));
        }
        for (name, value) in dimensions {
            rules::dimension(name, value)?;
            set.set(name, value);
        }
        let names: Vec<&str> = set.iter().map(|(name, _)| name).collect();
        if self.names_with(&names, service) > MAX_DIMENSIONS {
            let name = dimensions[0].0;
            return Err(MetricsError::named(MetricsErrorKind::DimensionLimit, name));
        }
        let known = self.sets().any(|known| {
            known.len() == set.len()
                && known
                    .iter()
                    .all(|&at| names.contains(&self.pairs.get(usize::from(at)).0))
        });
        if known {
            let name = dimensions[0].0;
            return Err(MetricsError::named(MetricsErrorKind::DimensionSet, name));
        }
        let mut whole = Change::Added;
        self.sets.push(place(set.len()));
        for (name, value) in set.iter() {
            let (index, change) = self.pairs.set(name, value);
            self.sets.push(place(index));
            if change == Change::Replaced {
                whole = change;
            }
        }
        Ok(whole)
    }

    /// Adds a set: the main one and these, of which the caller knows that they fit. A name that
    /// the main set has keeps its value.
    pub(crate) fn add_set_like_main<'d>(
        &mut self,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) {
        let mut set = self.main.clone();
        for (name, value) in dimensions {
            let known = self.pairs.find(name).map(place);
            if known.is_none_or(|known| !self.main.contains(&known)) {
                set.push(place(self.pairs.set(name, value).0));
            }
        }
        // A second one would count each value twice.
        if self.sets().all(|known| known != set) {
            self.sets.push(place(set.len()));
            self.sets.extend(set);
        }
    }

    /// How many names there are with these, and with a service that nobody gave.
    fn names_with(&self, names: &[&str], service: bool) -> usize {
        let new = names.iter().filter(|name| self.pairs.find(name).is_none());
        let given = names.contains(&SERVICE) || self.pairs.find(SERVICE).is_some();
        self.pairs.len() + new.count() + usize::from(service && !given)
    }

    /// Whether these are the same main sets with the same values, in whatever order.
    pub(crate) fn is_same_set(&self, other: &Self) -> bool {
        let mut ours = self.main.iter().map(|&at| self.pairs.get(usize::from(at)));
        self.main.len() == other.main.len()
            && ours.all(|pair| {
                let mut theirs = other.main.iter();
                theirs.any(|&at| other.pairs.get(usize::from(at)) == pair)
            })
    }

    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
        self.main.clear();
        self.sets.clear();
    }

    /// Becomes a copy of the other's main set, in the memory that is there.
    pub(crate) fn copy_main(&mut self, other: &Self) {
        self.clear();
        if !other.has_sets() {
            // Then all that there is belongs to the main set.
            self.pairs.copy(&other.pairs);
            self.main.extend_from_slice(&other.main);
            return;
        }
        for &at in other.main() {
            let (name, value) = other.pairs.get(usize::from(at));
            let (index, _) = self.pairs.set(name, value);
            self.main.push(place(index));
        }
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.pairs.shrink_to(bytes);
        self.sets.shrink_to(bytes);
    }

    /// An upper bound of what they take in a line, the implicit service not counted.
    pub(crate) fn line_bytes(&self) -> usize {
        // Each text may be escaped, and stand in every set.
        let names = |places: &[u8]| -> usize {
            let names = places.iter().map(|&at| self.pairs.get(usize::from(at)).0);
            names.map(|name| name.len() * 2 + 3).sum()
        };
        let sets: usize = self.sets().map(|set| names(set) + 3).sum();
        self.pairs.string_members() + names(&self.main) + sets + 8
    }
}

/// There are never more than 29.
fn place(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dimensions: &Dimensions, set: &[u8]) -> String {
        let names = set
            .iter()
            .map(|&at| dimensions.pairs.get(usize::from(at)).0);
        names.collect::<Vec<_>>().join(" ")
    }

    fn numbered(count: usize) -> Dimensions {
        let mut dimensions = Dimensions::default();
        for number in 0..count {
            dimensions.set(&format!("d{number}"), "v", false).unwrap();
        }
        dimensions
    }

    fn kind(result: Result<Change, MetricsError>) -> MetricsErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn the_limit_counts_a_service_that_nobody_gave() {
        let mut full = numbered(28);
        assert_eq!(
            kind(full.set("x", "v", true)),
            MetricsErrorKind::DimensionLimit
        );
        assert_eq!(full.set(SERVICE, "v", true), Ok(Change::Added));
        assert_eq!(
            kind(full.set("x", "v", true)),
            MetricsErrorKind::DimensionLimit
        );
        assert!(numbered(28).set("x", "v", false).is_ok());
    }

    #[test]
    fn in_a_full_set_a_value_can_change_and_a_blank_name_meets_the_limit_first() {
        let mut full = numbered(29);
        assert_eq!(full.set("d3", "w", false), Ok(Change::Replaced));
        assert_eq!(
            kind(full.set("", "", false)),
            MetricsErrorKind::DimensionLimit
        );
    }

    #[test]
    fn the_limit_counts_the_names_of_all_sets() {
        let mut dimensions = numbered(28);
        let none = Dimensions::default();
        assert!(dimensions.add_set(&none, &[("x", "1")], false).is_ok());
        assert!(
            dimensions
                .add_set(&none, &[("d1", "v"), ("d2", "v")], false)
                .is_ok()
        );
        let refused = dimensions.add_set(&none, &[("y", "1")], false);
        assert_eq!(kind(refused), MetricsErrorKind::DimensionLimit);
        assert_eq!(dimensions.sets().count(), 2);
    }

    #[test]
    fn a_set_begins_with_the_defaults_which_it_may_override() {
        let mut defaults = Dimensions::default();
        defaults.set("env", "prod", false).unwrap();
        defaults.set("tier", "gold", false).unwrap();
        let mut dimensions = defaults.clone();
        let change = dimensions.add_set(&defaults, &[("a", "1"), ("tier", "iron")], false);
        assert_eq!(change, Ok(Change::Replaced));
        let set = dimensions.sets().next().unwrap();
        assert_eq!(names(&dimensions, set), "env tier a");
        assert_eq!(dimensions.pairs().get(1), ("tier", "iron"));
    }

    #[test]
    fn a_set_that_is_there_already_is_refused_whatever_its_order() {
        let mut dimensions = Dimensions::default();
        let none = Dimensions::default();
        dimensions
            .add_set(&none, &[("a", "1"), ("b", "2")], false)
            .unwrap();
        let again = dimensions.add_set(&none, &[("b", "2"), ("a", "3")], false);
        assert_eq!(kind(again), MetricsErrorKind::DimensionSet);
        assert_eq!(dimensions.pairs().get(0), ("a", "1"));
        assert!(dimensions.add_set(&none, &[("a", "1")], false).is_ok());
        assert_eq!(
            kind(dimensions.add_set(&none, &[], false)),
            MetricsErrorKind::DimensionSet
        );
    }

    #[test]
    fn a_refused_member_refuses_its_set() {
        let mut dimensions = Dimensions::default();
        let refused = dimensions.add_set(&Dimensions::default(), &[("a", "1"), ("b", "")], false);
        assert_eq!(kind(refused), MetricsErrorKind::Dimension);
        assert_eq!(dimensions.pairs().len(), 0);
    }
}
