//! Child processes that play a part in a test.
//!
//! A test binary of which [`Harness`] owns `main` can be started again as a child that runs
//! one of its *scenarios*. The child says over a side channel what it did; the test pauses
//! it, holds it at a named point, or kills it.
//!
//! ```no_run
//! use testbed::process::{Child, Harness, Parent};
//!
//! /// Runs in the child.
//! async fn charge(parent: Parent) {
//!     let order: u32 = parent.input();
//!     parent.report(&format!("charged {order}"));
//!     parent.point("charged").await;
//!     parent.report(&"recorded");
//! }
//!
//! /// Runs in the test's process.
//! async fn a_crash_between_effect_and_record_is_seen() {
//!     let child = Child::builder("charge").input(&7).hold_at("charged").spawn();
//!     assert_eq!(child.report::<String>().await, "charged 7");
//!     child.reached("charged").await;
//!     child.kill();
//!     assert_eq!(child.next_report::<String>().await, None);
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     Harness::new()
//!         .scenario("charge", charge)
//!         .test("a_crash_is_seen", a_crash_between_effect_and_record_is_seen)
//!         .main()
//! }
//! ```
//!
//! # No child stays behind
//!
//! Dropping a [`Child`] kills it and waits for its end. A child whose test process dies
//! without a chance to do that sees the side channel close, and ends too.

mod channel;
mod child;
mod children;
mod harness;
mod message;
mod parent;
mod spawner;
mod test;

pub use channel::SideChannel;
pub use child::{Child, ChildBuilder};
pub use harness::Harness;
pub use parent::Parent;
pub use test::Test;
