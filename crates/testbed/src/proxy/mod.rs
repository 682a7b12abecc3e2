//! A proxy that breaks things on purpose, in front of any TCP server.
//!
//! A [`Rule`] says which requests a [`Fault`] is for, and how often. A proxy that is told the
//! [`Protocol`] acts on requests, whatever connection of a client's pool they come on; with
//! [`Protocol::Raw`], as TLS needs it, it acts on what one read gives, and the table below holds
//! only if that is one request or one reply.
//!
//! Which faults does the server see?
//!
//! | fault | the server | the client |
//! |---|---|---|
//! | [`refuse`](Fault::refuse), [`Proxy::refuse`] | sees nothing | is reset, then refused |
//! | [`reset`](Fault::reset), [`close`](Fault::close) | sees nothing | RST or FIN, no reply |
//! | [`answer`](Fault::answer) | sees nothing | the proxy's answer |
//! | [`hang`](Fault::hang) | sees nothing until the release | waits |
//! | [`delay_request`](Fault::delay_request) | acts late, unless the proxy resets the connection | waits |
//! | [`delay_reply`](Fault::delay_reply), [`drip`](Fault::drip) | acts | a late or slow reply |
//! | [`truncate`](Fault::truncate) | acts | half a body, FIN |
//! | [`drop_reply`](Fault::drop_reply) | acts | FIN, RST or nothing |
//! | [`duplicate`](Fault::duplicate) | acts twice | one of the two replies |
//! | [`duplicate_reply`](Fault::duplicate_reply) | acts once | the reply twice |
//!
//! # Limits
//!
//! A request is read in full before it is forwarded, and the requests of one connection go to
//! the server one by one: pipelines keep their order and lose their speed. A reply passes as it
//! comes, unless a fault is for it. Each read scans a message from its beginning, so Redis
//! replies of very many elements are slow. Not for HTTP/2, for upgrades of a
//! connection, for subscriptions in Redis, RESP2 and RESP3 alike (other pushes pass), and for
//! `CLIENT REPLY OFF`.

mod answer;
mod connection;
mod fault;
mod frame;
mod handle;
mod http;
mod listener;
mod log;
mod peer;
mod protocol;
mod redis;
mod request;
mod rule;
mod state;
mod wire;

pub use answer::Answer;
pub use fault::{Fault, Kept, LostReply};
pub use handle::Proxy;
pub use log::Firing;
pub use protocol::Protocol;
pub use request::Request;
pub use rule::Rule;
