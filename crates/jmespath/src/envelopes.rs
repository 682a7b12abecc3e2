//! Expressions that take what an event source wraps out of its event, by the names that
//! Powertools has for them in every language.

macro_rules! envelopes {
    ($($(#[$doc:meta])* $name:ident = $expression:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $expression;)*

        /// The expression of a name such as `SQS`, none if there is no such envelope.
        #[must_use]
        pub fn by_name(name: &str) -> Option<&'static str> {
            match name {
                $(stringify!($name) => Some($name),)*
                _ => None,
            }
        }
    };
}

envelopes! {
    /// The body of an API Gateway REST request.
    API_GATEWAY_REST = "powertools_json(body)";
    /// The body of an API Gateway HTTP request.
    API_GATEWAY_HTTP = "powertools_json(body)";
    /// The bodies of all messages of a queue.
    SQS = "Records[*].powertools_json(body)";
    /// The message of a notification: of the first record only.
    SNS = "Records[0].Sns.Message | powertools_json(@)";
    /// The detail of an EventBridge event.
    EVENTBRIDGE = "detail";
    /// The detail of a scheduled event.
    CLOUDWATCH_EVENTS_SCHEDULED = "detail";
    /// The data of all records of a Kinesis stream.
    KINESIS_DATA_STREAM = "Records[*].kinesis.powertools_json(powertools_base64(data))";
    /// The log events of a CloudWatch Logs subscription.
    CLOUDWATCH_LOGS =
        "awslogs.powertools_base64_gzip(data) | powertools_json(@).logEvents[*]";
    /// S3 events that come through SNS and SQS.
    S3_SNS_SQS = "Records[*].powertools_json(body).powertools_json(Message).Records[0]";
    /// S3 events that come through SQS.
    S3_SQS = "Records[*].powertools_json(body).Records[0]";
    /// S3 events that come through SNS and Firehose.
    S3_SNS_KINESIS_FIREHOSE =
        "records[*].powertools_json(powertools_base64(data)).powertools_json(Message).Records[0]";
    /// S3 events that come through Firehose.
    S3_KINESIS_FIREHOSE = "records[*].powertools_json(powertools_base64(data)).Records[0]";
    /// S3 events that come through EventBridge and SQS.
    S3_EVENTBRIDGE_SQS = "Records[*].powertools_json(body).detail";
}
