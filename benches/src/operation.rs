use std::fmt;

use crate::bench::Bench;

/// What is measured: a set-up that ends in [`Bench::measure`].
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    repeat: u32,
    beside: Option<&'static str>,
    set_up: fn(&mut Bench),
}

impl Operation {
    pub(crate) const fn new(name: &'static str, set_up: fn(&mut Bench)) -> Self {
        Self {
            name,
            repeat: 1_000,
            beside: None,
            set_up,
        }
    }

    /// The same work done by another library.
    pub(crate) const fn peer(
        name: &'static str,
        beside: &'static str,
        set_up: fn(&mut Bench),
    ) -> Self {
        Self {
            beside: Some(beside),
            ..Self::new(name, set_up)
        }
    }

    /// Of a few dozen instructions: repeated more often, so that the start of the process,
    /// which varies by a few, does not count.
    pub(crate) const fn tiny(self) -> Self {
        Self {
            repeat: 50_000,
            ..self
        }
    }

    pub(crate) fn perform(&self, bench: &mut Bench) {
        (self.set_up)(bench);
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beside = self.beside.unwrap_or("-");
        write!(f, "{}\t{}\t{beside}", self.name, self.repeat)
    }
}
