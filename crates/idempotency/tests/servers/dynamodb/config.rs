use aws_sdk_dynamodb::types::ScalarAttributeType;
use powertools_core::{Env, Host};
use powertools_idempotency::{
    DynamoDbStore,
    store::{Claimed, IdempotencyStore, dynamodb::DynamoDbStoreBuilder},
};
use testbed::process::Test;

use super::bed::{Bed, KEY, ME, NOW, TABLE, body, create_table};

pub(crate) fn tests() -> [Test; 2] {
    [
        Test::new("names_that_cannot_be_are_refused", refused),
        Test::new(
            "static_partition_key_names_the_function_of_the_build",
            static_pk,
        ),
    ]
}

async fn refused() {
    let bed = Bed::without_table().await;
    let builder = || DynamoDbStore::builder(bed.client(), TABLE);
    let text = |builder: DynamoDbStoreBuilder| builder.build().unwrap_err().to_string();
    assert!(text(builder().sort_key_attr("id")).contains("the name `id`"));
    assert!(text(builder().data_attr("status")).contains("the name `status`"));
    assert!(text(builder().data_attr("powertools_owner")).contains("`powertools_owner`"));
    assert!(text(builder().status_attr("")).contains("empty name"));
    let sorted = || builder().sort_key_attr("sk");
    assert!(text(sorted().static_pk_value("")).contains("static_pk_value"));
    assert!(text(sorted().static_pk_value("x".repeat(2049))).contains("static_pk_value"));
    assert!(sorted().static_pk_value("x".repeat(2048)).build().is_ok());
    // Without a sort key it means nothing.
    assert!(builder().static_pk_value("").build().is_ok());
}

async fn static_pk() {
    for (env, expected) in [
        (
            Env::from_iter([("AWS_LAMBDA_FUNCTION_NAME", "my-fn")]),
            "idempotency#my-fn",
        ),
        (Env::from_iter([("OTHER", "")]), "idempotency#"),
    ] {
        let bed = Bed::without_table().await;
        create_table(&bed.direct, TABLE, &["pk", "sk"], ScalarAttributeType::S).await;
        let builder = DynamoDbStore::builder(bed.client(), TABLE).key_attr("pk");
        let host = Host::default().with_env(env);
        let store = builder.sort_key_attr("sk").host(host).build().unwrap();
        let shown = format!("{store:?}");
        assert!(
            shown.contains(TABLE) && !shown.contains(bed.aws.secret_key()),
            "{shown}"
        );
        let claimed = store.claim(&ME.claim(NOW)).await.unwrap();
        assert_eq!(claimed, Claimed::Written);
        assert!(store.get(KEY).await.unwrap().is_some());
        let item = &body(&bed.proxy.requests()[0])["Item"];
        assert_eq!(
            (&item["pk"]["S"], &item["sk"]["S"]),
            (&expected.into(), &KEY.into())
        );
    }
}
