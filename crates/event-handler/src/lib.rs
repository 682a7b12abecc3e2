#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
mod fallback;
#[cfg(feature = "lambda-http")]
mod future;
#[cfg(feature = "lambda-http")]
mod layer;
#[cfg(feature = "lambda-http")]
mod proxy;
#[cfg(feature = "lambda-http")]
mod service;
#[cfg(feature = "lambda-http")]
mod strip_stage;
#[cfg(feature = "lambda-http")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda-http")))]
pub mod testing;

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use fallback::{method_not_allowed, not_found};
#[cfg(feature = "lambda-http")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda-http")))]
pub use {
    future::ResponseFuture,
    layer::BufferBodyLayer,
    service::BufferBody,
    strip_stage::{StripStage, StripStageLayer},
};
