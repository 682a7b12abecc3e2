#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use powertools_core as core;
#[cfg(feature = "event-handler")]
#[cfg_attr(docsrs, doc(cfg(feature = "event-handler")))]
#[doc(inline)]
pub use powertools_event_handler as event_handler;
#[cfg(feature = "idempotency")]
#[cfg_attr(docsrs, doc(cfg(feature = "idempotency")))]
#[doc(inline)]
pub use powertools_idempotency as idempotency;
#[cfg(feature = "jmespath")]
#[cfg_attr(docsrs, doc(cfg(feature = "jmespath")))]
#[doc(inline)]
pub use powertools_jmespath as jmespath;
#[cfg(feature = "local")]
#[cfg_attr(docsrs, doc(cfg(feature = "local")))]
#[doc(inline)]
pub use powertools_local as local;
#[cfg(feature = "logger")]
#[cfg_attr(docsrs, doc(cfg(feature = "logger")))]
#[doc(inline)]
pub use powertools_logger as logger;
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
#[doc(inline)]
pub use powertools_metrics as metrics;
