//! The events, as AWS documents them and as the types that users have read them.

use aws_lambda_events::event::{
    dynamodb::{Event as DynamoDbEvent, TimeWindowEvent},
    kinesis::{KinesisEvent, KinesisTimeWindowEvent},
    sqs::SqsEvent,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use testbed::source::{
    Batch, DynamoDbRecord, DynamoDbSource, EventSource as _, KinesisRecord, KinesisSource,
    MessageAttribute, Outcome, SqsMessage, SqsSource,
};

use crate::support::{answer, event, next, seconds};

/// Reads an event as a `T`, writes it and reads it again.
fn read<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(batch: &Batch) -> T {
    let event: T = serde_json::from_slice(batch.event()).unwrap();
    let written = serde_json::to_vec(&event).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert_eq!(event, again);
    event
}

#[test]
fn a_message_looks_as_in_the_developer_guide() {
    let mut queue = SqsSource::standard().name("my-queue").build().unwrap();
    queue.advance(seconds(1));
    let id = queue.send("test");
    queue.advance(seconds(2));
    assert_eq!(
        event(&next(&mut queue)),
        json!({
            "Records": [{
                "messageId": id,
                "receiptHandle": "MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwOjE=",
                "body": "test",
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1704067201000",
                    "SenderId": "AIDAEXAMPLE",
                    "ApproximateFirstReceiveTimestamp": "1704067203000",
                },
                "messageAttributes": {},
                "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:my-queue",
                "awsRegion": "us-east-1",
            }],
        })
    );
}

#[test]
fn a_message_that_comes_again_keeps_its_first_receive_and_gets_a_new_receipt() {
    let mut queue = SqsSource::standard().build().unwrap();
    queue.send("test");
    let first = next(&mut queue);
    queue.complete(first.number(), Outcome::Error);
    queue.advance(seconds(30));
    let (first, second) = (event(&first), event(&next(&mut queue)));
    let path = "/Records/0/attributes/ApproximateFirstReceiveTimestamp";
    assert_eq!(first.pointer(path), second.pointer(path));
    let receipt = "/Records/0/receiptHandle";
    assert_ne!(first.pointer(receipt), second.pointer(receipt));
}

#[test]
fn the_digest_of_the_attributes_is_the_one_that_sqs_computes() {
    // The digest comes from an event that SQS sent.
    let mut queue = SqsSource::standard().build().unwrap();
    let value = MessageAttribute::string("sample-value");
    queue.send(SqsMessage::new("Sample content.").message_attribute("sample-attribute", value));
    let record = event(&next(&mut queue))["Records"][0].take();
    assert_eq!(
        record["md5OfMessageAttributes"],
        "7c815262be77a62f56671125069ca888"
    );
    assert_eq!(record["md5OfBody"], "b58e1d0a86521415d25b85b89f6ad6cd");
    assert_eq!(
        record["messageAttributes"],
        json!({
            "sample-attribute": {
                "stringValue": "sample-value",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
        })
    );
}

#[test]
fn a_batch_of_a_standard_queue_reads_as_an_sqs_event() {
    let mut queue = SqsSource::standard().build().unwrap();
    let message = SqsMessage::new("hello \"world\"\n\u{1f980}")
        .attribute("AWSTraceHeader", "Root=1-5759e988-bd862e3fe1be46a994272793")
        .message_attribute("text", MessageAttribute::string("value"))
        .message_attribute("number", MessageAttribute::number("1250800"))
        .message_attribute("binary", MessageAttribute::binary(&b"\x00\xff"[..]));
    let ids = [queue.send(message), queue.send("second")];
    let event: SqsEvent = read(&next(&mut queue));
    let record = &event.records[0];
    let read: Vec<_> = event
        .records
        .iter()
        .map(|r| r.message_id.clone().unwrap())
        .collect();
    assert_eq!(read, ids);
    assert_eq!(record.body.as_deref(), Some("hello \"world\"\n\u{1f980}"));
    assert_eq!(
        record.attributes["AWSTraceHeader"],
        "Root=1-5759e988-bd862e3fe1be46a994272793"
    );
    let attribute = |name: &str| &record.message_attributes[name];
    assert_eq!(attribute("text").string_value.as_deref(), Some("value"));
    assert_eq!(attribute("number").data_type.as_deref(), Some("Number"));
    assert_eq!(attribute("number").string_value.as_deref(), Some("1250800"));
    assert_eq!(
        attribute("binary").binary_value.as_deref(),
        Some(&vec![0, 255])
    );
    assert_eq!(attribute("binary").string_value, None);
}

#[test]
fn a_batch_of_a_fifo_queue_reads_as_an_sqs_event() {
    let mut queue = SqsSource::fifo().build().unwrap();
    queue.send(SqsMessage::new("a").group("group").deduplication_id("once"));
    queue.send(SqsMessage::new("b").group("group"));
    let event: SqsEvent = read(&next(&mut queue));
    let [first, second] = &event.records[..] else {
        panic!("two messages");
    };
    assert_eq!(first.attributes["MessageGroupId"], "group");
    assert_eq!(first.attributes["MessageDeduplicationId"], "once");
    let number = |text: &str| text.parse::<u128>().unwrap();
    assert_eq!(first.attributes["SequenceNumber"].len(), 20);
    assert!(
        number(&first.attributes["SequenceNumber"]) < number(&second.attributes["SequenceNumber"])
    );
    let arn = first.event_source_arn.as_deref().unwrap();
    assert!(arn.ends_with(".fifo"), "{arn}");
}

#[test]
fn a_batch_of_a_kinesis_stream_reads_as_a_kinesis_event() {
    let mut stream = KinesisSource::builder().build().unwrap();
    stream.advance(std::time::Duration::from_millis(1_987));
    let id = stream.put(KinesisRecord::new("1", "Hello, this is a test."));
    let batch = next(&mut stream);
    assert_eq!(
        event(&batch)["Records"][0],
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": id,
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": 1_704_067_201.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("shardId-000000000000:{id}"),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/stream",
        })
    );
    let event: KinesisEvent = read(&batch);
    let record = &event.records[0].kinesis;
    assert_eq!(record.sequence_number, id);
    assert_eq!(id.len(), 56);
    assert_eq!(record.data.0, b"Hello, this is a test.");
    assert_eq!(
        record.approximate_arrival_timestamp.timestamp_millis(),
        1_704_067_201_987
    );
}

#[test]
fn a_batch_of_a_tumbling_window_reads_as_a_time_window_event() {
    let mut stream = KinesisSource::builder()
        .tumbling_window(seconds(120))
        .batch_size(1)
        .build()
        .unwrap();
    stream.advance(seconds(150));
    for _ in 0..2 {
        stream.put(KinesisRecord::new("1", "data"));
    }
    answer(
        &mut stream,
        Outcome::answer(r#"{"state":{"1":"282","2":"715"}}"#),
    );
    let event: KinesisTimeWindowEvent = read(&next(&mut stream));
    assert_eq!(event.kinesis_event.records.len(), 1);
    let properties = &event.time_window_properties;
    assert_eq!(
        properties.window.start.to_rfc3339(),
        "2024-01-01T00:02:00+00:00"
    );
    assert_eq!(
        properties.window.end.to_rfc3339(),
        "2024-01-01T00:04:00+00:00"
    );
    assert_eq!(properties.state["2"], "715");
    assert_eq!(properties.shard_id.as_deref(), Some("shardId-000000000000"));
    assert!(!properties.is_final_invoke_for_window);
    assert!(!properties.is_window_terminated_early);
}

fn image(message: &str) -> Value {
    json!({ "Id": { "N": "101" }, "Message": { "S": message } })
}

fn change(stream: &mut DynamoDbSource) -> [String; 3] {
    let keys = || json!({ "Id": { "N": "101" } });
    [
        DynamoDbRecord::insert(keys(), image("new")),
        DynamoDbRecord::modify(keys(), image("new"), image("changed")),
        DynamoDbRecord::remove(keys(), image("changed")),
    ]
    .map(|record| stream.put(record))
}

#[test]
fn a_batch_of_a_dynamodb_stream_reads_as_a_dynamodb_event() {
    let mut stream = DynamoDbSource::builder().build().unwrap();
    stream.advance(seconds(5));
    let ids = change(&mut stream);
    let batch = next(&mut stream);
    let mut record = event(&batch)["Records"][1].clone();
    let id = record["eventID"].take();
    assert_eq!(id.as_str().unwrap().len(), 32);
    assert!(record["dynamodb"]["SizeBytes"].take().is_u64());
    assert_eq!(
        record,
        json!({
            "eventID": null,
            "eventName": "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_704_067_205,
                "Keys": { "Id": { "N": "101" } },
                "OldImage": image("new"),
                "NewImage": image("changed"),
                "SequenceNumber": ids[1],
                "SizeBytes": null,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN":
                "arn:aws:dynamodb:us-east-1:123456789012:table/table/stream/2024-01-01T00:00:00.000",
        })
    );
    let event: DynamoDbEvent = read(&batch);
    let names: Vec<_> = event
        .records
        .iter()
        .map(|r| r.event_name.as_str())
        .collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    let numbers: Vec<_> = event
        .records
        .iter()
        .map(|r| r.change.sequence_number.clone())
        .collect();
    assert_eq!(numbers, ids.map(Some));
    assert!(event.records[0].change.old_image.is_empty());
    assert!(!event.records[2].change.old_image.is_empty());
    assert_eq!(
        event.records[0]
            .change
            .approximate_creation_date_time
            .timestamp(),
        1_704_067_205
    );
}

#[test]
fn a_windowed_batch_of_a_dynamodb_stream_reads_as_a_time_window_event() {
    let mut stream = DynamoDbSource::builder()
        .tumbling_window(seconds(60))
        .build()
        .unwrap();
    change(&mut stream);
    let event: TimeWindowEvent = read(&next(&mut stream));
    assert_eq!(event.dynamo_db_event.records.len(), 3);
}
