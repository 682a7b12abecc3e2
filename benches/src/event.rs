//! The event that expressions are applied to, and what they find there.

use serde_json::Value;

pub(crate) const HEADER: &str = "headers.\"idempotency-key\"";
pub(crate) const IDEMPOTENCY_KEY: &str = "\"f3b1c6d8-2a57-4e0f-9a41-6c2e7d905b13\"";

pub(crate) const BODY: &str = "powertools_json(body).order_id";
pub(crate) const ORDER_ID: &str = "\"o-20261121-17\"";

pub(crate) const MULTISTEP: &str =
    "powertools_json(body).items[?count > `1`].{sku: sku, price: price} | [0]";
pub(crate) const MULTISTEP_ANSWER: &str = "{\"price\":7.5,\"sku\":\"tea-0042\"}";

/// A REST API's event of 1.8 KB.
pub(crate) fn value() -> Value {
    serde_json::from_str(include_str!("api_gateway.json")).expect("the file is JSON")
}
