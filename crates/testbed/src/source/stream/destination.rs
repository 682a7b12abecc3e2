//! The document that an on-failure destination gets for what Lambda gives up.

use std::time::Duration;

use serde_json::{Value, json};

use super::{lane::Work, record::StreamRecord};
use crate::source::time;

/// Describes records that were given up, and on which `condition`; `number` counts the documents.
pub(crate) fn document<R: StreamRecord>(
    work: &Work,
    condition: &str,
    shard_id: &str,
    (number, now): (usize, Duration),
) -> Value {
    let (Some(first), Some(last)) = (work.records.first(), work.records.last()) else {
        return Value::Null;
    };
    let arrived = |at| time::text(time::epoch_millis(at));
    let mut document = json!({
        "requestContext": {
            "requestId": format!("00000000-0000-4000-8000-{number:012x}"),
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:function",
            "condition": condition,
            "approximateInvokeCount": work.invocations,
        },
        "version": "1.0",
        "timestamp": time::text(time::epoch_millis(now)),
    });
    if work.invocations > 0 {
        document["responseContext"] = json!({ "statusCode": 200, "executedVersion": "$LATEST" });
        if work.function_error {
            document["responseContext"]["functionError"] = json!("Unhandled");
        }
    }
    document[R::BATCH_INFO] = json!({
        "shardId": shard_id,
        "startSequenceNumber": first.id,
        "endSequenceNumber": last.id,
        "approximateArrivalOfFirstRecord": arrived(first.arrived),
        "approximateArrivalOfLastRecord": arrived(last.arrived),
        "batchSize": work.records.len(),
        "streamArn": R::STREAM_ARN,
    });
    document
}
