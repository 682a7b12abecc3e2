//! The fault proxy, in front of small servers of these tests' own.

mod connections;
mod http_faults;
mod http_passes;
mod raw_and_redis;
mod rules;
mod support;
mod waits;
