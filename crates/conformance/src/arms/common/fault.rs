use crate::arm::Refusal;

/// Why an operation gives nothing.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::arms) enum Fault {
    /// It failed, as it may: the kind of the error, which the run records before it goes on.
    Failed(String),
    Refused(Refusal),
}

impl Fault {
    /// A setting that cannot be used.
    pub(in crate::arms) fn config() -> Self {
        Self::Failed("config".to_owned())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
