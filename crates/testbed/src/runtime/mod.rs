//! A function as Lambda runs it.
//!
//! [`Lambda`] is one execution environment over `powertools-local`'s Runtime API: it runs a
//! real binary, or a service in this process, kills it at its deadline, sees it crash, starts
//! it again, and says in a [`Report`] what Lambda would say. What the runtime asks for is
//! recorded as [`Call`]s, and a [`Rule`] holds or answers one of them.
//!
//! The words of the errors are Lambda's own, as public logs and the sources of the Runtime
//! Interface Emulator show them.

mod builder;
mod call;
mod client;
mod config;
mod control;
mod environment;
mod exit_text;
mod host;
mod in_flight;
mod in_process;
mod inner;
mod lambda;
mod output;
mod ready;
mod report;

pub use builder::LambdaBuilder;
pub use call::{Call, CallKind};
pub use control::{Control, Held, Rule};
pub use in_flight::InFlight;
pub use lambda::Lambda;
pub use output::{Line, Output, Stream};
pub use report::{Init, Report, Status};
