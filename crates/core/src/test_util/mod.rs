//! For tests of layers, ours and yours: a probe for Tower's contract, makers of
//! events and requests, a settable clock, a captured output.

mod auto_traits;
mod capture;
mod clock;
mod contract;
mod inner;
mod make;
mod probe;

pub use auto_traits::{assert_send, assert_sync, assert_unpin};
pub use capture::CapturedOutput;
pub use clock::ManualClock;
pub use contract::assert_drives_readied_instance;
pub use inner::StatefulInner;
pub use make::{FixedRandom, http_request};
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
pub use make::{TestContext, lambda_event, lambda_invocation};
pub use probe::{Probe, ProbeEvent, ProbeLayer, ProbeObserver};
