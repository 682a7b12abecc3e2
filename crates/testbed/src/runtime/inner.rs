//! What an environment and its invocations share.

use std::sync::Arc;

use powertools_core::SharedRandom;
use powertools_local::RuntimeApi;
use tokio::sync::Semaphore;

use super::{config::Config, control::Control, host::Host, output::Output};

pub(super) struct Inner {
    pub(super) config: Arc<Config>,
    pub(super) api: RuntimeApi,
    pub(super) host: Host,
    pub(super) control: Control,
    pub(super) output: Output,
    pub(super) permits: Arc<Semaphore>,
    pub(super) random: SharedRandom,
}
