//! Sinks: what receives telemetry in place of AWS.
//!
//! [`XrayDaemon`] is the UDP daemon of X-Ray, [`OtlpCollector`] an OpenTelemetry collector
//! over http. Both keep everything that comes, also what they refuse, and let a test wait for
//! it with a time limit.

mod answer;
mod collector;
mod datagram;
mod decode;
mod inbox;
mod request;
mod span;
mod xray;

pub use answer::Answer;
pub use collector::OtlpCollector;
pub use datagram::{Content, Datagram, Refusal};
pub use request::{Payload, Request};
pub use span::{OtlpSpan, spans};
pub use xray::XrayDaemon;
