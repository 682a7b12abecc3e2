#![doc = include_str!("../README.md")]

mod app;
mod greeting;

pub use app::{Function, function, metrics};
