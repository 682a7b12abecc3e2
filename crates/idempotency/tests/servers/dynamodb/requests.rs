//! What goes over the wire.

use powertools_core::{Env, Host};
use powertools_idempotency::{
    Answer, DynamoDbStore,
    store::{IdempotencyStore, StoreErrorKind},
    test_util::Caller,
};
use serde_json::{Value, json};
use testbed::{process::Test, proxy::Rule};

use super::{
    bed::{Bed, KEY, ME, MINE, NOW, TABLE, YOU, body, error},
    faults,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("claim_is_the_request_of_the_other_languages", claim),
        Test::new("completion_is_conditional_on_the_mark", complete),
        Test::new("release_is_conditional_on_the_mark", release),
        Test::new("read_is_consistent", read),
        Test::new("new_key_costs_one_write_and_its_completion_another", cost),
        Test::new("key_that_is_too_long_is_not_sent", long_keys),
        Test::new("every_request_names_the_utility_once", user_agent),
    ]
}

fn sent(bed: &Bed) -> Value {
    body(bed.proxy.requests().last().unwrap())
}

/// Vectors idem-02 and idem-03, and the mark.
async fn claim() {
    let bed = Bed::new().await;
    let store = bed.store();
    store.claim(&ME.claim(NOW)).await.unwrap();
    let mut expected = json!({
        "TableName": TABLE,
        "Item": {
            "id": {"S": KEY},
            "expiration": {"N": "4000003600"},
            "status": {"S": "INPROGRESS"},
            "in_progress_expiration": {"N": "4000000030123"},
            "powertools_owner": {"S": MINE},
        },
        "ConditionExpression": "attribute_not_exists(#id) OR #expiry < :now OR (#status = \
            :inprogress AND attribute_exists(#in_progress_expiry) AND #in_progress_expiry < \
            :now_in_millis)",
        "ExpressionAttributeNames": {
            "#id": "id",
            "#expiry": "expiration",
            "#in_progress_expiry": "in_progress_expiration",
            "#status": "status",
        },
        "ExpressionAttributeValues": {
            ":now": {"N": "4000000000"},
            ":now_in_millis": {"N": "4000000000123"},
            ":inprogress": {"S": "INPROGRESS"},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(sent(&bed), expected);

    store
        .claim(&YOU.with_payload_hash("h4sh").claim(NOW))
        .await
        .unwrap();
    expected["Item"]["powertools_owner"] = json!({"S": "ffeeddccbbaa99887766554433221100"});
    expected["Item"]["validation"] = json!({"S": "h4sh"});
    assert_eq!(sent(&bed), expected);
}

async fn complete() {
    let bed = Bed::new().await;
    let store = bed.store();
    let answer = Answer::Response("{\"a\": 1}".into());
    store.complete(&ME.complete(&answer, NOW)).await.unwrap();
    let request = sent(&bed);
    assert_eq!(request["Key"], json!({"id": {"S": KEY}}));
    assert_eq!(
        request["ConditionExpression"],
        "attribute_not_exists(#id) OR (#owner = :mine AND (#status = :inprogress OR \
         #response_data = :response_data))"
    );
    assert_eq!(
        request["UpdateExpression"],
        "SET #response_data = :response_data, #expiry = :expiry, #status = :status, #owner = \
         :mine REMOVE #error, #no_response, #overflow"
    );

    let unmarked = Caller::unmarked("other", Some(7)).with_payload_hash("h4sh");
    store
        .complete(&unmarked.complete(&Answer::Omitted, NOW))
        .await
        .unwrap();
    let request = sent(&bed);
    assert_eq!(
        request["ConditionExpression"],
        "attribute_not_exists(#id) OR (attribute_not_exists(#owner) AND #in_progress_expiry = \
         :lease AND (#status = :inprogress OR #no_response = :no_response))"
    );
    assert_eq!(
        request["UpdateExpression"],
        "SET #no_response = :no_response, #expiry = :expiry, #status = :status, #validation_key \
         = :validation_key REMOVE #response_data, #error, #overflow"
    );
    let row = bed.row("other").await.unwrap();
    assert!(row["powertools_no_response"].as_bool().unwrap());
    assert!(
        !row.contains_key("data") && !row.contains_key("powertools_owner"),
        "{row:?}"
    );
}

async fn release() {
    let bed = Bed::new().await;
    let store = bed.store();
    store.release(&ME.release()).await.unwrap();
    let expected = json!({
        "TableName": TABLE,
        "Key": {"id": {"S": KEY}},
        "ConditionExpression":
            "attribute_not_exists(#id) OR (#owner = :mine AND #status = :inprogress)",
        "ExpressionAttributeNames":
            {"#id": "id", "#owner": "powertools_owner", "#status": "status"},
        "ExpressionAttributeValues": {":inprogress": {"S": "INPROGRESS"}, ":mine": {"S": MINE}},
    });
    assert_eq!(sent(&bed), expected);
}

async fn read() {
    let bed = Bed::new().await;
    assert_eq!(bed.store().get(KEY).await.unwrap(), None);
    let expected = json!({
        "TableName": TABLE,
        "Key": {"id": {"S": KEY}},
        "ConsistentRead": true,
    });
    assert_eq!(sent(&bed), expected);
}

async fn cost() {
    let bed = Bed::new().await;
    let config = faults::config(bed.store());
    faults::run(&config).await.unwrap();
    assert_eq!(bed.calls(), ["PutItem", "UpdateItem"]);
    faults::run(&config).await.unwrap();
    assert_eq!(bed.calls(), ["PutItem", "UpdateItem", "PutItem"], "no read");
}

async fn long_keys() {
    let bed = Bed::new().await;
    let sorted = DynamoDbStore::builder(bed.client(), TABLE)
        .sort_key_attr("sk")
        .build();
    for (store, longest) in [(bed.store(), 2048), (sorted.unwrap(), 1024)] {
        let key = "\u{e9}".repeat(longest / 2) + "k";
        let caller = Caller::new(&key, MINE);
        let answer = Answer::Omitted;
        let errors = [
            store.claim(&caller.claim(NOW)).await.unwrap_err(),
            store.get(&key).await.unwrap_err(),
            store
                .complete(&caller.complete(&answer, NOW))
                .await
                .unwrap_err(),
            store.release(&caller.release()).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), StoreErrorKind::KeyTooLong);
        }
    }
    assert_eq!(bed.proxy.requests().len(), 0);
    let key = "k".repeat(2048);
    let claim = Caller::new(&key, MINE).claim(NOW);
    bed.store().claim(&claim).await.unwrap();
}

async fn user_agent() {
    let bed = Bed::new().await;
    let builder = DynamoDbStore::builder(bed.client(), TABLE);
    let env = Env::from_iter([("AWS_EXECUTION_ENV", "AWS_Lambda_Image")]);
    let store = builder.host(Host::default().with_env(env)).build().unwrap();
    // The second attempts of the SDK and of ours as well.
    bed.proxy
        .add_rule(Rule::new("away", error(500, "InternalServerError")).times(1));
    bed.proxy
        .add_rule(Rule::new("conflict", error(400, "TransactionConflictException")).times(1));
    store.claim(&ME.claim(NOW)).await.unwrap();
    store.get(KEY).await.unwrap();
    let answer = Answer::Omitted;
    store.complete(&ME.complete(&answer, NOW)).await.unwrap();
    store.release(&ME.release()).await.unwrap();
    let requests = bed.proxy.requests();
    assert_eq!(requests.len(), 6);
    let ours = format!(
        " PT/idempotency/{} PTEnv/AWS_Lambda_Image",
        env!("CARGO_PKG_VERSION")
    );
    for request in &requests {
        let agent = request.header("user-agent").unwrap();
        assert!(
            agent.starts_with("aws-sdk-rust/") && agent.contains(&ours),
            "{agent}"
        );
        assert_eq!(agent.matches("PT/idempotency").count(), 1, "{agent}");
    }
}
