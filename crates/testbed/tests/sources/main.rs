//! The simulated event sources: one test for each rule that Lambda documents.

mod answers;
mod driver;
mod events;
mod fifo;
mod order;
mod random;
mod retries;
mod settings;
mod standard;
mod streams;
mod support;
mod windows;
