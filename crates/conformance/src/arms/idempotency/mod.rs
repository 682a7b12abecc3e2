//! `powertools-idempotency`: keys of payloads, and calls against a table or a cache.

mod answer;
mod arm;
mod backend;
mod cache;
mod compare;
mod config;
mod dynamodb;
mod environment;
mod failure;
mod hash;
mod invoke;
mod nested;
mod outcome;
mod returned;
mod scenario;
mod setup;
mod step;
mod time;
mod world;

pub use arm::Idempotency;
