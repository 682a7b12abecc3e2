#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod allowed;
pub mod arm;
pub mod arms;
mod attempt;
pub mod case;
pub mod command;
pub mod compare;
mod condition;
mod criterion;
pub mod deviation;
mod glob;
pub mod json;
pub mod mapping;
pub mod path;
pub mod place;
mod report;
pub mod runner;
pub mod summary;
