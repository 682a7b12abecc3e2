//! The event that Lambda sends for a batch of messages.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::message::SqsMessage;
use crate::source::envelope::REGION;

/// What the queue adds to a message as it delivers it.
#[derive(Debug)]
pub(crate) struct Stamp<'a> {
    pub(crate) id: &'a str,
    pub(crate) queue_name: &'a str,
    pub(crate) receive_count: u32,
    pub(crate) sent_millis: u64,
    pub(crate) first_received_millis: u64,
    /// Of a FIFO queue: the sequence number and the deduplication id.
    pub(crate) fifo: Option<(u64, &'a str)>,
}

/// One entry of `Records`.
pub(crate) fn record(message: &SqsMessage, stamp: &Stamp<'_>) -> String {
    let mut attributes: Map<String, Value> = message
        .system()
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let mut add = |name: &str, value: String| attributes.insert(name.to_owned(), value.into());
    add("ApproximateReceiveCount", stamp.receive_count.to_string());
    add("SentTimestamp", stamp.sent_millis.to_string());
    add("SenderId", "AIDAEXAMPLE".to_owned());
    add(
        "ApproximateFirstReceiveTimestamp",
        stamp.first_received_millis.to_string(),
    );
    if let Some(group) = message.group_id() {
        add("MessageGroupId", group.to_owned());
    }
    if let Some((sequence, deduplication_id)) = stamp.fifo {
        add("MessageDeduplicationId", deduplication_id.to_owned());
        add("SequenceNumber", format!("188494{sequence:014}"));
    }
    let message_attributes: Map<String, Value> = message
        .attributes()
        .iter()
        .map(|(name, value)| (name.clone(), value.json()))
        .collect();
    let receipt = format!("{}:{}", stamp.id, stamp.receive_count);
    let mut record = json!({
        "messageId": stamp.id,
        "receiptHandle": BASE64_STANDARD.encode(receipt),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": hex(&Md5::digest(message.body())),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:123456789012:{}", stamp.queue_name),
        "awsRegion": REGION,
    });
    if !message.attributes().is_empty() {
        let mut digest = Md5::new();
        for (name, value) in message.attributes() {
            value.digest(name, &mut digest);
        }
        record["md5OfMessageAttributes"] = json!(hex(&digest.finalize()));
    }
    record.to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
