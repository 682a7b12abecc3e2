//! The template asks CloudWatch for metrics that the function writes, by the dimensions that
//! they have.

use std::collections::BTreeSet;

use greeting_api::{TABLE, function, idempotency, metrics};
use powertools::{
    event_handler::testing,
    idempotency::InMemoryStore,
    logger::{CorrelationIdPath, LoggerLayer},
};
use powertools_core::{ColdStart, Env, Host};
use powertools_metrics::test_util::CapturedMetrics;
use serde_json::Value;
use serde_norway::Value as Yaml;

const TEMPLATE: &str = include_str!("../template.yaml");
const EVENT: &str = include_str!("../events/rest.json");
const NAMESPACE: &str = "GreetingApi";

/// A metric: its name, and the names of its dimensions.
type Key = (String, BTreeSet<String>);

/// What a greeting and a path that is unknown make the function write.
async fn written() -> BTreeSet<Key> {
    let captured = CapturedMetrics::default();
    let host = Host::default()
        .with_env(Env::from_iter([("POWERTOOLS_SERVICE_NAME", "greetings")]))
        .with_cold_start(ColdStart::unused());
    for path in ["/greeting", "/nowhere"] {
        let mut event: Value = serde_json::from_str(EVENT).unwrap();
        event["path"] = path.into();
        // The outermost layer decides what a cold start is.
        let logger = LoggerLayer::builder()
            .host(host.clone())
            .correlation_id(CorrelationIdPath::API_GATEWAY_REST)
            .build()
            .unwrap();
        let metrics = metrics().host(host.clone()).sink(captured.clone()).build();
        let idempotency = idempotency(InMemoryStore::new()).build().unwrap();
        let function = function(logger, metrics.unwrap(), idempotency);
        let context = testing::context("r-1");
        testing::invoke_with_context(function, &event, context)
            .await
            .unwrap();
    }
    let mut keys = BTreeSet::new();
    for name in captured.names() {
        for value in captured.metric(&name).iter() {
            assert_eq!(value.namespace(), NAMESPACE);
            for set in value.dimension_sets() {
                let names = set.iter().map(|(name, _)| name.clone()).collect();
                keys.insert((name.clone(), names));
            }
        }
    }
    keys
}

fn template() -> Yaml {
    serde_norway::from_str(TEMPLATE).unwrap()
}

/// Without the tag of a function of CloudFormation.
fn text(value: &Yaml) -> &str {
    match value {
        Yaml::Tagged(tagged) => tagged.value.as_str().unwrap(),
        value => value.as_str().unwrap(),
    }
}

fn resources(kind: &str) -> Vec<Yaml> {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap().values();
    let resources = resources.filter(|resource| resource["Type"] == kind);
    resources
        .map(|resource| resource["Properties"].clone())
        .collect()
}

#[tokio::test]
async fn every_alarm_watches_a_metric_that_is_written() {
    let written = written().await;
    let mut watched = 0;
    for alarm in resources("AWS::CloudWatch::Alarm") {
        if text(&alarm["Namespace"]) != NAMESPACE {
            continue;
        }
        let dimensions = alarm["Dimensions"].as_sequence().unwrap().iter();
        let names = dimensions.map(|dimension| text(&dimension["Name"]).to_owned());
        let key = (text(&alarm["MetricName"]).to_owned(), names.collect());
        assert!(written.contains(&key), "{key:?} is not in {written:?}");
        watched += 1;
    }
    assert_eq!(watched, 2);
}

#[tokio::test]
async fn every_widget_shows_metrics_that_are_written() {
    let written = written().await;
    let dashboards = resources("AWS::CloudWatch::Dashboard");
    let body: Value = serde_json::from_str(text(&dashboards[0]["DashboardBody"])).unwrap();
    let mut shown = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            let words: Vec<&str> = metric
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let [namespace, name, dimensions @ ..] = words.as_slice() else {
                panic!("no metric: {metric}");
            };
            assert_eq!(*namespace, NAMESPACE);
            let names = dimensions.chunks(2).map(|pair| pair[0].to_owned());
            let key = ((*name).to_owned(), names.collect());
            assert!(written.contains(&key), "{key:?} is not in {written:?}");
            shown.insert(key.0);
        }
    }
    let all = ["ColdStart", "Faults", "Greetings", "Latency", "Requests"];
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn the_function_gets_the_service_that_the_alarms_ask_for() {
    let functions = resources("AWS::Serverless::Function");
    let variables = &functions[0]["Environment"]["Variables"];
    assert_eq!(text(&variables["POWERTOOLS_SERVICE_NAME"]), "ServiceName");
}

#[test]
fn the_table_has_the_key_and_the_time_to_live_of_the_store() {
    let [table] = resources("AWS::DynamoDB::Table").try_into().unwrap();
    let key = table["KeySchema"].as_sequence().unwrap();
    assert_eq!(key.len(), 1);
    assert_eq!(text(&key[0]["AttributeName"]), "id");
    assert_eq!(text(&key[0]["KeyType"]), "HASH");
    let attributes = table["AttributeDefinitions"].as_sequence().unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(text(&attributes[0]["AttributeName"]), "id");
    assert_eq!(text(&attributes[0]["AttributeType"]), "S");
    let time_to_live = &table["TimeToLiveSpecification"];
    assert_eq!(text(&time_to_live["AttributeName"]), "expiration");
    assert_eq!(time_to_live["Enabled"], Yaml::Bool(true));
}

#[test]
fn the_function_finds_its_table_and_may_do_what_the_store_does_with_it_and_no_more() {
    let functions = resources("AWS::Serverless::Function");
    let variables = &functions[0]["Environment"]["Variables"];
    assert_eq!(text(&variables[TABLE]), "IdempotencyTable");
    let policies = functions[0]["Policies"].as_sequence().unwrap();
    assert_eq!(policies.len(), 1);
    let statements = policies[0]["Statement"].as_sequence().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(text(&statements[0]["Effect"]), "Allow");
    assert_eq!(text(&statements[0]["Resource"]), "IdempotencyTable.Arn");
    let actions = statements[0]["Action"].as_sequence().unwrap().iter();
    let actions: BTreeSet<_> = actions.map(text).collect();
    let expected = ["DeleteItem", "GetItem", "PutItem", "UpdateItem"];
    let expected: BTreeSet<_> = expected.map(|name| format!("dynamodb:{name}")).into();
    assert!(actions.into_iter().eq(&expected), "{expected:?}");
    let resources = template()["Resources"].clone();
    assert_eq!(
        resources["IdempotencyTable"]["Type"],
        "AWS::DynamoDB::Table"
    );
}

#[test]
fn every_route_has_an_event() {
    let functions = resources("AWS::Serverless::Function");
    let events = functions[0]["Events"].as_mapping().unwrap().values();
    let events = events.map(|event| {
        let properties = &event["Properties"];
        (
            text(&properties["Method"]).to_owned(),
            text(&properties["Path"]).to_owned(),
        )
    });
    let expected = ["GET", "POST"].map(|method| (method.to_owned(), "/greeting".to_owned()));
    assert_eq!(events.collect::<BTreeSet<_>>(), expected.into());
}
