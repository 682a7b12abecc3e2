//! A function in a process of its own.

mod builder;
mod child;
mod exit;
mod handle;
mod watcher;

pub use builder::FunctionProcessBuilder;
pub use exit::Exit;
pub use handle::FunctionProcess;
