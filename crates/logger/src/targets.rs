//! Levels of single targets.

use tracing::level_filters::LevelFilter;

/// The levels that were given to targets, the longest name first.
#[derive(Debug, Default)]
pub(crate) struct Targets(Vec<(String, LevelFilter)>);

impl Targets {
    pub(crate) fn new(mut levels: Vec<(String, LevelFilter)>) -> Self {
        // Of one name the last counts.
        levels.reverse();
        levels.sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        Self(levels)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The level of this target, if it or a target above it has one.
    pub(crate) fn level(&self, target: &str) -> Option<LevelFilter> {
        self.0
            .iter()
            .find(|(above, _)| covers(above, target))
            .map(|(_, level)| *level)
    }

    /// The most verbose of them.
    pub(crate) fn most_verbose(&self) -> Option<LevelFilter> {
        self.0.iter().map(|(_, level)| *level).max()
    }
}

fn covers(above: &str, target: &str) -> bool {
    match target.strip_prefix(above) {
        Some(rest) => rest.is_empty() || rest.starts_with("::"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_fits_counts() {
        let targets = Targets::new(vec![
            ("hyper".to_owned(), LevelFilter::WARN),
            ("hyper::client".to_owned(), LevelFilter::TRACE),
            ("hyper".to_owned(), LevelFilter::ERROR),
        ]);
        for (target, level) in [
            ("hyper", Some(LevelFilter::ERROR)),
            ("hyper::server", Some(LevelFilter::ERROR)),
            ("hyper::client::pool", Some(LevelFilter::TRACE)),
            ("hyper_util", None),
            ("other::hyper", None),
        ] {
            assert_eq!(targets.level(target), level, "{target}");
        }
        assert_eq!(targets.most_verbose(), Some(LevelFilter::TRACE));
        assert_eq!(Targets::default().most_verbose(), None);
    }
}
