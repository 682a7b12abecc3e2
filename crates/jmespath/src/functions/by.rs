use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

use crate::{
    argument_type::ArgumentType,
    compare,
    error::{Error, Kind},
    functions::lists,
};

/// The standard functions that take an expression.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Map,
    Max,
    Min,
    Sort,
}

impl By {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "map" => Some(Self::Map),
            "max_by" => Some(Self::Max),
            "min_by" => Some(Self::Min),
            "sort_by" => Some(Self::Sort),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Max => "max_by",
            Self::Min => "min_by",
            Self::Sort => "sort_by",
        }
    }

    /// The positions of the list and of the expression among the arguments.
    pub(crate) fn positions(self) -> (usize, usize) {
        match self {
            Self::Map => (1, 0),
            Self::Max | Self::Min | Self::Sort => (0, 1),
        }
    }

    pub(crate) fn check_array(self, array: &Value) -> Result<(), Error> {
        if array.is_array() {
            return Ok(());
        }
        Err(Error::from(Kind::ArgumentType {
            function: self.name().into(),
            argument: self.positions().0 + 1,
            expected: ArgumentType::ARRAY,
            got: compare::type_name(array),
        }))
    }

    /// All keys are numbers or all are texts.
    pub(crate) fn check_keys(self, keys: &[Cow<'_, Value>]) -> Result<(), Error> {
        let mut wanted = "number or string";
        for key in keys {
            let got = compare::type_name(key);
            if !(matches!(got, "number" | "string") && wanted.contains(got)) {
                return Err(Error::from(Kind::KeyType {
                    function: self.name(),
                    expected: wanted,
                    got,
                }));
            }
            wanted = got;
        }
        Ok(())
    }

    /// The position of the element that `max_by` or `min_by` gives.
    pub(crate) fn position_of_best(self, keys: &[Cow<'_, Value>]) -> Option<usize> {
        let wanted = match self {
            Self::Min => Ordering::Less,
            _ => Ordering::Greater,
        };
        lists::position_of_best(keys, wanted)
    }
}

/// The positions of the keys in their order; equal ones stay as they are.
pub(crate) fn sorted_positions(keys: &[Cow<'_, Value>]) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..keys.len()).collect();
    positions.sort_by(|&left, &right| lists::order_of_keys(&keys[left], &keys[right]));
    positions
}
