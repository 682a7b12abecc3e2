//! The task with a service that does what it is told, on a clock that does not wait.

mod bed;
mod drops;
mod ending;
mod sending;

pub(super) use bed::sdk_config;
