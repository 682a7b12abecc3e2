#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod clock;
mod cold_start;
mod current;
mod deadline;
mod early_flush;
mod env;
mod error;
mod extract;
mod hold;
mod host;
pub mod http;
mod invocation;
mod observed;
mod outcome;
mod output;
mod random;
mod record;
mod request;
mod scope;
mod secret;
mod slot;
mod stream;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod text;
mod timer;
mod user_agent;
pub mod watchdog;

pub use clock::{Clock, SharedClock};
pub use cold_start::ColdStart;
pub use current::{InInvocation, InvocationExt, spawn, spawn_blocking};
pub use env::{Env, EnvError};
pub use error::LayerError;
pub use extract::{Extract, NoExtract};
pub use host::Host;
pub use invocation::Invocation;
pub use observed::{Observed, Observer};
pub use outcome::Outcome;
pub use output::SharedWriter;
pub use random::{Random, SharedRandom};
pub use record::Record;
pub use request::{InvocationRequest, Observe};
pub use scope::InvocationScope;
pub use secret::Secret;
pub use slot::{Slot, Utility};
pub use stream::{
    ScopeStreams, ScopeStreamsFuture, StreamHold, StreamScope, StreamScopeLayer, Streamed,
};
pub use text::xray_root;
pub use user_agent::user_agent;
