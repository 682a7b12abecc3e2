//! What several arms have in common.

pub(super) mod align;
pub(super) mod event;
pub(super) mod fault;
pub(super) mod host;
pub(super) mod members;
pub(super) mod places;
pub(super) mod raised;
pub(super) mod special;
