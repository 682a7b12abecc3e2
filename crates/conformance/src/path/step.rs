//! One step of a path after the other.

use crate::{glob, json::Json, place::Segment};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    EveryMember,
    EveryDepth,
    Item(usize),
    EveryItem,
    Where {
        name: String,
        /// Any value, if there is none.
        value: Option<Wanted>,
        is: bool,
    },
    NamedIn(Vec<Step>),
}

/// What a member is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Is(String),
    /// A text that fits a pattern.
    Fits(String),
}

/// Every value that the steps select.
pub(super) fn select<'a>(steps: &[Step], root: &'a Json) -> Vec<&'a Json> {
    let mut selected = vec![root];
    for step in steps {
        let mut next = Vec::new();
        for value in selected {
            step.select_in(value, &mut next);
        }
        selected = next;
    }
    selected
}

/// What the selected values name: the members of objects, the texts of arrays, and texts
/// themselves.
pub(super) fn names<'a>(steps: &[Step], root: &'a Json) -> Vec<&'a str> {
    let selected = select(steps, root).into_iter();
    selected
        .flat_map(|value| {
            let items = value.as_array().into_iter().flatten();
            let members = value.as_object().into_iter().flat_map(|o| o.names());
            let texts = items.filter_map(Json::as_text).chain(members);
            texts.chain(value.as_text())
        })
        .collect()
}

/// Whether the steps lead to this place, or with `below` to one above it.
pub(super) fn covers(steps: &[Step], place: &[Segment], input: &Json, below: bool) -> bool {
    let Some((step, steps)) = steps.split_first() else {
        return below || place.is_empty();
    };
    if *step == Step::EveryDepth {
        return (0..=place.len()).any(|skipped| covers(steps, &place[skipped..], input, below));
    }
    let Some((segment, place)) = place.split_first() else {
        return false;
    };
    let fits = match (step, segment) {
        (Step::Member(name), Segment::Member(own)) => name == own,
        (Step::Item(item), Segment::Item(own)) => item == own,
        (Step::EveryMember, Segment::Member(_)) | (Step::EveryItem, Segment::Item(_)) => true,
        (Step::NamedIn(path), Segment::Member(own)) => names(path, input).contains(&own.as_str()),
        _ => false,
    };
    fits && covers(steps, place, input, below)
}

impl Step {
    fn select_in<'a>(&self, value: &'a Json, selected: &mut Vec<&'a Json>) {
        match self {
            Self::Member(name) => selected.extend(value.get(name)),
            Self::EveryMember => {
                let members = value.as_object().into_iter().flat_map(|o| o.iter());
                selected.extend(members.map(|(_, value)| value));
            }
            Self::EveryDepth => everything(value, selected),
            Self::Item(place) => selected.extend(value.as_array().and_then(|a| a.get(*place))),
            Self::EveryItem => selected.extend(value.as_array().into_iter().flatten()),
            Self::Where {
                name,
                value: wanted,
                is,
            } => {
                let fits = |own| wanted.as_ref().is_none_or(|wanted| wanted.is_met(own));
                let has = value.get(name).is_some_and(fits);
                if value.as_object().is_some() && has == *is {
                    selected.push(value);
                }
            }
            Self::NamedIn(_) => {}
        }
    }
}

impl Wanted {
    fn is_met(&self, value: &Json) -> bool {
        match (self, value) {
            (Self::Is(wanted), Json::Text(text)) => text == wanted,
            (Self::Is(wanted), other) => other.to_string() == *wanted,
            (Self::Fits(pattern), value) => value
                .as_text()
                .is_some_and(|text| glob::matches(pattern, text)),
        }
    }
}

pub(super) fn everything<'a>(value: &'a Json, selected: &mut Vec<&'a Json>) {
    selected.push(value);
    for item in value.as_array().into_iter().flatten() {
        everything(item, selected);
    }
    for (_, member) in value.as_object().into_iter().flat_map(|o| o.iter()) {
        everything(member, selected);
    }
}
