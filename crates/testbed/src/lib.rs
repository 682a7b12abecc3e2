#![doc = include_str!("../README.md")]
// Signals, process groups: the utilities run elsewhere too, their harder tests do not.
#![cfg(unix)]

pub mod check;
pub mod process;
pub mod proxy;
pub mod runtime;
pub mod servers;
pub mod sink;
pub mod source;
