//! The operations, as `benches list` names them.

use crate::failure::{Failure, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Ours `logger/line`, a peer's `peer:NAME/line`.
    pub(crate) name: String,
    /// How many repetitions a count is the mean of.
    pub(crate) repeat: u32,
    /// The operation of ours that a peer's stands beside.
    pub(crate) beside: Option<String>,
}

impl Operation {
    pub(crate) fn is_ours(&self) -> bool {
        self.beside.is_none()
    }

    /// Reads a line for each: name, repetitions, and ours or `-`, with tabs between.
    pub(crate) fn read_all(text: &str) -> Result<Vec<Self>> {
        text.lines()
            .map(|line| {
                Self::read(line).ok_or_else(|| {
                    Failure::new(format!("`benches list` wrote something else: {line}"))
                })
            })
            .collect()
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split('\t');
        let name = words.next()?.to_owned();
        let repeat = words.next()?.parse().ok().filter(|count| *count > 0)?;
        let beside = words.next()?;
        Some(Self {
            name,
            repeat,
            beside: (beside != "-").then(|| beside.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_name_repetitions_and_ours() {
        let text = "logger/line\t1000\t-\npeer:x/line\t10\tlogger/line\n";
        let [ours, peer] = &Operation::read_all(text).unwrap()[..] else {
            panic!("two operations");
        };
        assert_eq!((ours.name.as_str(), ours.repeat), ("logger/line", 1000));
        assert!(ours.is_ours() && !peer.is_ours());
        assert_eq!(peer.beside.as_deref(), Some("logger/line"));
    }

    #[test]
    fn other_lines_are_an_error() {
        for text in ["logger/line", "logger/line\t0\t-", "logger/line\t1\n"] {
            assert!(Operation::read_all(text).is_err(), "{text}");
        }
    }
}
