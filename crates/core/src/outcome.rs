/// How an invocation, or a layer's part of it, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The level at which the layer is stacked does not tell: at the runtime
    /// level errors and panics have been posted and arrive as `Ok(())`.
    Unknown,
    /// The handler answered.
    Ok,
    /// The future, or the body it returned, was dropped before its end.
    Cancelled,
    /// The handler returned an error, or a 5xx response.
    Fault,
    /// The handler panicked.
    Panic,
}

impl Outcome {
    /// The outcome of a call whose streamed body ended with `body`: a failure
    /// of either is a failure of both.
    #[must_use]
    pub(crate) fn and_body(self, body: Self) -> Self {
        match (self, body) {
            (Self::Ok | Self::Unknown, Self::Cancelled | Self::Fault | Self::Panic) => body,
            (outcome, _) => outcome,
        }
    }

    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Ok => 1,
            Self::Cancelled => 2,
            Self::Fault => 3,
            Self::Panic => 4,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Ok,
            2 => Self::Cancelled,
            3 => Self::Fault,
            4 => Self::Panic,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Outcome; 5] = [
        Outcome::Unknown,
        Outcome::Ok,
        Outcome::Cancelled,
        Outcome::Fault,
        Outcome::Panic,
    ];

    #[test]
    fn bytes_round_trip() {
        for outcome in ALL {
            assert_eq!(Outcome::from_byte(outcome.to_byte()), outcome);
        }
    }

    #[test]
    fn a_failing_body_fails_an_answer_that_was_fine() {
        assert_eq!(Outcome::Ok.and_body(Outcome::Fault), Outcome::Fault);
        assert_eq!(Outcome::Unknown.and_body(Outcome::Panic), Outcome::Panic);
        assert_eq!(Outcome::Ok.and_body(Outcome::Cancelled), Outcome::Cancelled);
    }

    #[test]
    fn a_body_that_ended_well_changes_nothing() {
        for outcome in ALL {
            assert_eq!(outcome.and_body(Outcome::Ok), outcome);
        }
    }

    #[test]
    fn a_failed_answer_stays_what_it_was() {
        assert_eq!(Outcome::Fault.and_body(Outcome::Cancelled), Outcome::Fault);
        assert_eq!(Outcome::Panic.and_body(Outcome::Fault), Outcome::Panic);
    }
}
