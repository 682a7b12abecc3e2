//! `RedisStore` against real servers, plain and with TLS and an ACL, also behind a proxy that
//! breaks connections.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod acl;
mod apart;
mod bed;
mod connections;
mod faults;
mod foreign;
mod python;
mod races;
mod rows;
mod suite;
