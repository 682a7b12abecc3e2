//! For tests of your own lines.
//!
//! ```
//! use powertools_logger::{LoggerLayer, test_util};
//!
//! # fn main() -> Result<(), powertools_logger::LoggerConfigError> {
//! let output = test_util::CapturedOutput::default();
//! let logger = LoggerLayer::builder().output(output.writer()).build()?;
//! let _here = test_util::set_default(&logger);
//! tracing::info!(order = 7, "received");
//! assert_eq!(output.json()[0]["order"], 7);
//! # Ok(())
//! # }
//! ```

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::LoggerLayer;

pub use powertools_core::test_util::CapturedOutput;

/// Makes the events of this thread lines of the logger, until the guard is dropped.
///
/// A test of tokio's is one thread unless it says otherwise, and tests that run side by
/// side do not see each other's lines.
#[must_use = "the logger goes with the guard"]
pub fn set_default<C, E>(logger: &LoggerLayer<C, E>) -> DefaultGuard {
    tracing::subscriber::set_default(Registry::default().with(logger.subscriber_layer()))
}
