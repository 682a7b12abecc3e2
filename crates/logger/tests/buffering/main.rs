//! The log buffer: one test for each sentence of its documentation.

mod flushes;
mod lines;
mod size;
#[path = "../support/mod.rs"]
mod support;

use powertools_logger::{LogBuffer, LoggerBuilder, LoggerLayer};
use support::{NO_ENV, host};

fn holding(buffer: LogBuffer) -> LoggerBuilder {
    LoggerLayer::builder().host(host(NO_ENV)).buffer(buffer)
}
