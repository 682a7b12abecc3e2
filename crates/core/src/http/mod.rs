//! What several utilities need of http messages.

mod body;
mod path;
#[cfg(feature = "lambda-http")]
mod stage;
mod stored;
mod view;

pub use body::{BodyError, collect_body};
pub use path::strip_stage;
#[cfg(feature = "lambda-http")]
pub use stage::stage;
pub use stored::{StoredResponse, StoredResponseError};
pub use view::{request_head_view, request_view};
