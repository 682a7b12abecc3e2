use super::*;

#[test]
fn every_envelope_is_an_expression_and_found_by_its_name() {
    for (name, expression) in [
        ("API_GATEWAY_REST", envelopes::API_GATEWAY_REST),
        ("API_GATEWAY_HTTP", envelopes::API_GATEWAY_HTTP),
        ("SQS", envelopes::SQS),
        ("SNS", envelopes::SNS),
        ("EVENTBRIDGE", envelopes::EVENTBRIDGE),
        (
            "CLOUDWATCH_EVENTS_SCHEDULED",
            envelopes::CLOUDWATCH_EVENTS_SCHEDULED,
        ),
        ("KINESIS_DATA_STREAM", envelopes::KINESIS_DATA_STREAM),
        ("CLOUDWATCH_LOGS", envelopes::CLOUDWATCH_LOGS),
        ("S3_SNS_SQS", envelopes::S3_SNS_SQS),
        ("S3_SQS", envelopes::S3_SQS),
        (
            "S3_SNS_KINESIS_FIREHOSE",
            envelopes::S3_SNS_KINESIS_FIREHOSE,
        ),
        ("S3_KINESIS_FIREHOSE", envelopes::S3_KINESIS_FIREHOSE),
        ("S3_EVENTBRIDGE_SQS", envelopes::S3_EVENTBRIDGE_SQS),
    ] {
        assert_eq!(envelopes::by_name(name), Some(expression));
        Expression::new(expression).unwrap();
        let row = format!("`{}`", expression.replace('|', "\\|"));
        let documented = include_str!("../../README.md")
            .lines()
            .any(|line| line.contains(&format!("`{name}`")) && line.contains(&row));
        assert!(documented, "{name}");
    }
    assert_eq!(envelopes::by_name("sqs"), None);
}

#[test]
fn cloudwatch_logs_are_unwrapped() {
    let logs = gzip(br#"{"logEvents": [{"message": "a"}, {"message": "b"}]}"#);
    let event = json!({"awslogs": {"data": STANDARD.encode(logs)}});
    assert_eq!(
        search(envelopes::CLOUDWATCH_LOGS, &event).unwrap(),
        json!([{"message": "a"}, {"message": "b"}])
    );
}

#[test]
fn s3_events_are_unwrapped() {
    let inner = json!({"Records": [{"s3": 1}, {"s3": 2}]}).to_string();
    let message = json!({"Message": inner}).to_string();
    let sqs = |body: &str| json!({"Records": [{"body": body}]});
    let firehose = |data: &str| json!({"records": [{"data": STANDARD.encode(data)}]});
    for (envelope, event) in [
        (envelopes::S3_SQS, sqs(&inner)),
        (envelopes::S3_SNS_SQS, sqs(&message)),
        (envelopes::S3_KINESIS_FIREHOSE, firehose(&inner)),
        (envelopes::S3_SNS_KINESIS_FIREHOSE, firehose(&message)),
    ] {
        assert_eq!(
            search(envelope, &event).unwrap(),
            json!([{"s3": 1}]),
            "{envelope}"
        );
    }
}
