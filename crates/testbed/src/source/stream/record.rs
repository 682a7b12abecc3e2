//! What a test puts into a stream, and how Lambda's event shows it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::source::envelope::REGION;

/// Where and when a record came to lie in a stream.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub(crate) shard_id: &'a str,
    pub(crate) sequence_number: &'a str,
    pub(crate) arrived_millis: u64,
}

/// A record of a stream that Lambda can read: [`KinesisRecord`] or [`DynamoDbRecord`]. Nothing
/// else can implement it.
pub trait StreamRecord: Record {}

impl StreamRecord for KinesisRecord {}
impl StreamRecord for DynamoDbRecord {}

/// What the simulator has to know of a record. It has no public path, which seals
/// [`StreamRecord`].
pub trait Record {
    /// The ARN of the stream.
    const STREAM_ARN: &'static str;
    /// Which field of the document for an on-failure destination describes the batch.
    const BATCH_INFO: &'static str;

    /// The key that decides on the shard, and within which the order is kept.
    fn key(&self) -> String;

    /// The sequence number of the record that comes after this many others.
    fn sequence_number(count: u64) -> String;

    /// The entry of `Records`.
    fn json(&self, place: Place<'_>) -> String;
}

/// A record of a Kinesis data stream.
#[derive(Debug, Clone)]
#[must_use]
pub struct KinesisRecord {
    partition_key: String,
    data: Bytes,
}

impl KinesisRecord {
    /// A record with a partition key and its data.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self {
            partition_key: partition_key.into(),
            data: data.into(),
        }
    }
}

impl Record for KinesisRecord {
    const STREAM_ARN: &'static str = "arn:aws:kinesis:us-east-1:123456789012:stream/stream";
    const BATCH_INFO: &'static str = "KinesisBatchInfo";

    fn key(&self) -> String {
        self.partition_key.clone()
    }

    fn sequence_number(count: u64) -> String {
        format!("4959033827149025660855969253836157109{count:019}")
    }

    fn json(&self, place: Place<'_>) -> String {
        let event_id = format!("{}:{}", place.shard_id, place.sequence_number);
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": self.partition_key,
                "sequenceNumber": place.sequence_number,
                "data": BASE64_STANDARD.encode(&self.data),
                "approximateArrivalTimestamp": seconds(place.arrived_millis),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": event_id,
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": REGION,
            "eventSourceARN": Self::STREAM_ARN,
        })
        .to_string()
    }
}

/// A record of a DynamoDB stream. Keys and images are in DynamoDB's JSON, such as
/// `{"id": {"S": "a"}}`.
#[derive(Debug, Clone)]
#[must_use]
pub struct DynamoDbRecord {
    name: &'static str,
    keys: Value,
    new_image: Option<Value>,
    old_image: Option<Value>,
}

impl DynamoDbRecord {
    /// An item came.
    pub fn insert(keys: Value, new_image: Value) -> Self {
        Self::new("INSERT", keys, Some(new_image), None)
    }

    /// An item changed.
    pub fn modify(keys: Value, old_image: Value, new_image: Value) -> Self {
        Self::new("MODIFY", keys, Some(new_image), Some(old_image))
    }

    /// An item went.
    pub fn remove(keys: Value, old_image: Value) -> Self {
        Self::new("REMOVE", keys, None, Some(old_image))
    }

    fn new(
        name: &'static str,
        keys: Value,
        new_image: Option<Value>,
        old_image: Option<Value>,
    ) -> Self {
        Self {
            name,
            keys,
            new_image,
            old_image,
        }
    }
}

impl Record for DynamoDbRecord {
    const STREAM_ARN: &'static str =
        "arn:aws:dynamodb:us-east-1:123456789012:table/table/stream/2024-01-01T00:00:00.000";
    const BATCH_INFO: &'static str = "DDBStreamBatchInfo";

    fn key(&self) -> String {
        self.keys.to_string()
    }

    fn sequence_number(count: u64) -> String {
        format!("442158450{count:019}")
    }

    fn json(&self, place: Place<'_>) -> String {
        let images = [("NewImage", &self.new_image), ("OldImage", &self.old_image)];
        let size: usize = [
            Some(&self.keys),
            self.new_image.as_ref(),
            self.old_image.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|part| part.to_string().len())
        .sum();
        let mut change = json!({
            "ApproximateCreationDateTime": place.arrived_millis / 1000,
            "Keys": self.keys,
            "SequenceNumber": place.sequence_number,
            "SizeBytes": size,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        });
        for (name, image) in images {
            if let Some(image) = image {
                change[name] = image.clone();
            }
        }
        json!({
            "eventID": format!("{:0>32}", place.sequence_number),
            "eventName": self.name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": change,
            "eventSourceARN": Self::STREAM_ARN,
        })
        .to_string()
    }
}

/// The timestamp as Kinesis writes it: seconds with three digits after the point.
fn seconds(millis: u64) -> Value {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    serde_json::from_str(&text).expect("digits and a point are a number")
}
