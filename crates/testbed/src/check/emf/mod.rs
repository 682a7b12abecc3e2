//! CloudWatch's Embedded Metric Format: a strict checker, and what CloudWatch would extract.
//!
//! No emulator extracts metrics from log lines, so the public rules stand here: the format's
//! specification and the limits of `MetricDatum`, which the extracted metrics have to meet.
//! A rule that no public source states is marked *ours* in [`EmfRule`].
//!
//! Not checked, because nothing is documented: how many directives and how many dimension
//! sets a line may have.

mod check;
mod dimensions;
mod directive;
mod extracted;
mod names;
mod report;
mod rules;
mod samples;
mod values;

pub use check::EmfCheck;
pub use extracted::{Emf, Metric, MetricKey};
pub use names::UNITS;
pub use rules::EmfRule;
pub use samples::Samples;
