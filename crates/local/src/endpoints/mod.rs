//! The endpoints of the Runtime API and of the Extensions API.

mod answer;
mod endpoint;
mod extension;
mod lifecycle;
mod reported;
mod response;
mod router;

pub(crate) use endpoint::closed;
pub(crate) use router::{Intercept, router};
