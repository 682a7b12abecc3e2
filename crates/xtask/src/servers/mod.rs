//! The servers of a test run: an AWS-compatible one, moto, Redis plain and Redis with TLS.
//!
//! Each is started once per run, on a free port of the loopback interface, and ends with it.
//! Tests learn the addresses from variables; `crates/testbed/src/servers.rs` is who reads
//! them. A server whose variable is set already is the caller's: none is started for it.

mod certificate;
mod directory;
mod probe;
mod python;
mod recipe;
mod redis;
mod server;
mod set;

pub(crate) use set::Servers;
