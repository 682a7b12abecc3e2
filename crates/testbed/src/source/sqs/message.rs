//! What a test sends to a queue.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

/// A message to send.
#[derive(Debug, Clone)]
#[must_use]
pub struct SqsMessage {
    body: String,
    group: Option<String>,
    deduplication_id: Option<String>,
    system: BTreeMap<String, String>,
    attributes: BTreeMap<String, MessageAttribute>,
}

impl SqsMessage {
    /// A message with a body and nothing else.
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            group: None,
            deduplication_id: None,
            system: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// The message group. A FIFO queue demands one.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// The deduplication id, for FIFO queues. A message without one is never a duplicate.
    pub fn deduplication_id(mut self, id: impl Into<String>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }

    /// An entry of `attributes`, such as `AWSTraceHeader`.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.system.insert(name.into(), value.into());
        self
    }

    /// An entry of `messageAttributes`.
    pub fn message_attribute(mut self, name: impl Into<String>, value: MessageAttribute) -> Self {
        self.attributes.insert(name.into(), value);
        self
    }

    pub(crate) fn group_id(&self) -> Option<&str> {
        self.group.as_deref()
    }

    pub(crate) fn own_deduplication_id(&self) -> Option<&str> {
        self.deduplication_id.as_deref()
    }

    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    pub(crate) fn system(&self) -> &BTreeMap<String, String> {
        &self.system
    }

    pub(crate) fn attributes(&self) -> &BTreeMap<String, MessageAttribute> {
        &self.attributes
    }

    /// What SQS counts for its limit of a message: the body and the message attributes.
    pub(crate) fn size(&self) -> usize {
        let attributes: usize = self
            .attributes
            .iter()
            .map(|(name, value)| name.len() + value.data_type().len() + value.bytes().len())
            .sum();
        self.body.len() + attributes
    }
}

impl<T: Into<String>> From<T> for SqsMessage {
    fn from(body: T) -> Self {
        Self::new(body)
    }
}

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct MessageAttribute(Content);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    String(String),
    Number(String),
    Binary(Bytes),
}

impl MessageAttribute {
    /// A text.
    pub fn string(value: impl Into<String>) -> Self {
        Self(Content::String(value.into()))
    }

    /// A number, in the digits that it is written with.
    pub fn number(digits: impl Into<String>) -> Self {
        Self(Content::Number(digits.into()))
    }

    /// Bytes.
    pub fn binary(value: impl Into<Bytes>) -> Self {
        Self(Content::Binary(value.into()))
    }

    pub(crate) fn data_type(&self) -> &'static str {
        match self.0 {
            Content::String(_) => "String",
            Content::Number(_) => "Number",
            Content::Binary(_) => "Binary",
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Content::String(text) | Content::Number(text) => text.as_bytes(),
            Content::Binary(bytes) => bytes,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let mut value = json!({
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": self.data_type(),
        });
        match &self.0 {
            Content::String(text) | Content::Number(text) => value["stringValue"] = json!(text),
            Content::Binary(bytes) => value["binaryValue"] = json!(BASE64_STANDARD.encode(bytes)),
        }
        value
    }

    /// Adds the attribute to the digest as SQS's developer guide describes: each part after its
    /// length, the value after a byte for its kind.
    pub(crate) fn digest(&self, name: &str, digest: &mut Md5) {
        let kind: u8 = match self.0 {
            Content::String(_) | Content::Number(_) => 1,
            Content::Binary(_) => 2,
        };
        put(digest, name.as_bytes());
        put(digest, self.data_type().as_bytes());
        digest.update([kind]);
        put(digest, self.bytes());
    }
}

fn put(digest: &mut Md5, part: &[u8]) {
    let length = u32::try_from(part.len()).expect("a message is far below 4 GB");
    digest.update(length.to_be_bytes());
    digest.update(part);
}
