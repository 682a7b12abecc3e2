//! What goes out together, and the rules of its names.

use powertools_metrics::Unit;
use testbed::check::emf::{Emf, MetricKey};

use crate::{
    model::Seen,
    ops::{Dimensions, Setup},
};

const MOST: usize = 100;
const MOST_DIMENSIONS: usize = 29;

/// A line: the names of its members in their order, and its metrics in each of its sets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) members: Vec<String>,
    pub(crate) metrics: Vec<(MetricKey, Vec<f64>)>,
}

impl Line {
    pub(crate) fn of(emf: &Emf) -> Self {
        let mut metrics = Vec::new();
        for metric in emf.metrics() {
            let values = metric.values().iter();
            let values =
                values.flat_map(|(value, count)| vec![*value; usize::try_from(*count).unwrap()]);
            metrics.push((metric.key().clone(), values.collect()));
        }
        metrics.sort_by(|(one, _), (other, _)| one.cmp(other));
        let members = emf.root().keys().into_iter().map(str::to_owned).collect();
        Self { members, metrics }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) high: bool,
    pub(crate) values: Vec<f64>,
}

/// What goes out together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    /// Names and values of all sets.
    pub(crate) root: Dimensions,
    pub(crate) main: Vec<String>,
    pub(crate) further: Vec<Vec<String>>,
    pub(crate) time: Option<u64>,
    pub(crate) metrics: Vec<Metric>,
}

fn is_text(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.chars().all(|char| (' '..='~').contains(&char))
        && !text.trim().is_empty()
}

pub(crate) fn is_dimension(name: &str, value: &str) -> bool {
    is_text(name, 250) && is_text(value, 1024) && !name.starts_with(':') && name != "_aws"
}

fn is_metric(name: &str, value: f64) -> bool {
    let length = name.chars().count();
    let printable = !name.chars().any(char::is_control);
    let value = value.is_finite() && value.abs() <= 2_f64.powi(360);
    (1..=255).contains(&length) && printable && name != "_aws" && value
}

pub(crate) fn put(dimensions: &mut Dimensions, name: &str, value: &str) {
    match dimensions.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => value.clone_into(known),
        None => dimensions.push((name.to_owned(), value.to_owned())),
    }
}

fn has(dimensions: &Dimensions, name: &str) -> bool {
    dimensions.iter().any(|(known, _)| known == name)
}

impl Group {
    pub(crate) fn of(dimensions: &Dimensions, time: Option<u64>) -> Self {
        Self {
            root: dimensions.clone(),
            main: dimensions.iter().map(|(name, _)| name.clone()).collect(),
            time,
            ..Self::default()
        }
    }

    /// The main set with its values.
    pub(crate) fn main(&self) -> Dimensions {
        let named = |name: &String| {
            let found = self.root.iter().find(|(known, _)| known == name);
            found.unwrap().clone()
        };
        self.main.iter().map(named).collect()
    }

    pub(crate) fn has_metric(&self, name: &str) -> bool {
        self.metrics.iter().any(|metric| metric.name == name)
    }

    /// Whether so many names find room.
    pub(crate) fn has_room(&self, setup: &Setup, new: &[&str]) -> bool {
        let mut names: Vec<&str> = self.root.iter().map(|(name, _)| &**name).collect();
        names.extend(new);
        names.extend(setup.service.as_deref().map(|_| "service"));
        names.sort_unstable();
        names.dedup();
        names.len() <= MOST_DIMENSIONS
    }

    pub(crate) fn set(&mut self, setup: &Setup, name: &str, value: &str) -> bool {
        let known = has(&self.root, name);
        if !is_dimension(name, value) || (!known && !self.has_room(setup, &[name])) {
            return false;
        }
        put(&mut self.root, name, value);
        if !self.main.iter().any(|known| known == name) {
            self.main.push(name.to_owned());
        }
        true
    }

    pub(crate) fn add(
        &mut self,
        setup: &Setup,
        name: &str,
        unit: Unit,
        high: bool,
        value: f64,
    ) -> bool {
        let taken = has(&self.root, name) || (name == "service" && setup.service.is_some());
        if taken || !is_metric(name, value) {
            return false;
        }
        match self.metrics.iter_mut().find(|metric| metric.name == name) {
            Some(metric) => {
                (metric.unit, metric.high) = (unit, high);
                metric.values.push(value);
            }
            None => self.metrics.push(Metric {
                name: name.to_owned(),
                unit,
                high,
                values: vec![value],
            }),
        }
        true
    }

    pub(crate) fn is_full(&self) -> bool {
        let values = self.metrics.iter().map(|metric| metric.values.len());
        self.metrics.len() == MOST || values.max() == Some(MOST)
    }

    pub(crate) fn line(
        &self,
        setup: &Setup,
        metadata: &[String],
        time: u64,
        seen: &mut Seen,
    ) -> Line {
        let mut root = self.root.clone();
        let mut first = self.main.clone();
        if let Some(service) = setup.service.as_deref()
            && !first.iter().any(|name| name == "service")
        {
            first.push("service".to_owned());
            if !has(&root, "service") {
                put(&mut root, "service", service);
            }
        }
        let sorted = |set: &Vec<String>| {
            let mut set = set.clone();
            set.sort_unstable();
            set
        };
        let mut sets = vec![first];
        for set in &self.further {
            if sorted(set) == sorted(&sets[0]) {
                seen.merged_set += 1;
            } else {
                sets.push(set.clone());
            }
        }
        let mut metrics = Vec::new();
        for set in &sets {
            let dimensions: Dimensions = root
                .iter()
                .filter(|(name, _)| set.contains(name))
                .cloned()
                .collect();
            for metric in &self.metrics {
                let key = MetricKey::new("app", dimensions.clone(), &metric.name)
                    .with_unit(metric.unit.as_str())
                    .with_resolution(if metric.high { 1 } else { 60 })
                    .with_timestamp(i64::try_from(time).unwrap());
                metrics.push((key, metric.values.clone()));
            }
        }
        metrics.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut members = vec!["_aws".to_owned()];
        members.extend(root.iter().map(|(name, _)| name.clone()));
        for key in metadata {
            if members.contains(key) || self.has_metric(key) {
                seen.covered += 1;
            } else {
                members.push(key.clone());
            }
        }
        members.extend(self.metrics.iter().map(|metric| metric.name.clone()));
        Line { members, metrics }
    }
}
