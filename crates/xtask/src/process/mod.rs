//! Child processes that end when we do, whatever ends us.

mod descendants;
mod group;
pub(crate) mod guard;
mod supervisor;

pub(crate) use group::Group;
pub(crate) use supervisor::Supervisor;
