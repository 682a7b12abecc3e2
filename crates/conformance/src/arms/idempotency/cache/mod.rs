//! A server of Redis in this process: as much of one as a store needs.

mod connection;
mod script;
mod server;

pub(super) use connection::Connection;
