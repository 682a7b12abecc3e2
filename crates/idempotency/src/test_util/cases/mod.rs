//! The cases, by what they are about.

pub(super) mod claims;
pub(super) mod fences;
pub(super) mod finishes;
pub(super) mod keys;
pub(super) mod races;
mod steps;
