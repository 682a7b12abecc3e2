//! A process that is killed while it writes: before the server hears of it, after the server
//! has acted, and anywhere. The test bed can show each, and what is left on the table.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/dynamodb.rs"]
mod dynamodb;

use std::{
    collections::BTreeSet, os::unix::process::ExitStatusExt, process::ExitCode, time::Duration,
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use powertools_core::SharedRandom;
use testbed::{
    process::{Child, Harness, Parent},
    proxy::{Fault, LostReply, Protocol, Proxy, Rule},
    servers::Aws,
};

const TABLE: &str = "crash";
const SIGKILL: Option<i32> = Some(9);

fn main() -> ExitCode {
    Harness::new()
        .scenario("write", write)
        .test(
            "a_write_of_a_process_killed_before_the_server_heard_is_not_there",
            before,
        )
        .test(
            "a_write_of_a_process_killed_before_its_reply_is_there",
            after,
        )
        .test(
            "what_a_process_killed_at_random_reported_is_there",
            at_random,
        )
        .main()
}

/// Writes item after item, and reports each that was written.
async fn write(parent: Parent) {
    let aws: Aws = parent.input();
    let client = Client::from_conf(dynamodb::config(&aws).build());
    for number in 0_u32.. {
        let id = AttributeValue::S(number.to_string());
        let put = client.put_item().table_name(TABLE).item("id", id);
        put.send().await.unwrap();
        parent.report(&number);
    }
}

async fn before() {
    let (aws, client) = table().await;
    let proxy = Proxy::in_front_of(aws.address(), Protocol::Http).await;
    proxy.add_rule(
        Rule::new("held", Fault::hang())
            .on_target("PutItem")
            .skip(2),
    );
    let child = Child::builder("write")
        .input(&aws.through(proxy.address()))
        .spawn();
    proxy.fired("held").await;

    assert_eq!(child.kill().signal(), SIGKILL);
    proxy.clear();

    assert_eq!(reported(&child).await, 2);
    assert_eq!(written(&client).await, BTreeSet::from([0, 1]));
}

async fn after() {
    let (aws, client) = table().await;
    let proxy = Proxy::in_front_of(aws.address(), Protocol::Http).await;
    let lost = Fault::drop_reply(LostReply::Silence);
    proxy.add_rule(Rule::new("unheard", lost).on_target("PutItem").skip(2));
    let child = Child::builder("write")
        .input(&aws.through(proxy.address()))
        .spawn();
    proxy.fired("unheard").await;

    assert_eq!(child.kill().signal(), SIGKILL);

    assert_eq!(reported(&child).await, 2);
    assert_eq!(written(&client).await, BTreeSet::from([0, 1, 2]));
}

async fn at_random() {
    for _ in 0..10 {
        let (aws, client) = table().await;
        let child = Child::builder("write").input(&aws).spawn();
        assert_eq!(child.report::<u32>().await, 0);

        let longest = Duration::from_millis(100);
        let status = child.kill_within(longest, &SharedRandom::default()).await;

        assert_eq!(status.signal(), SIGKILL);
        let reported = 1 + reported(&child).await;
        let written = written(&client).await;
        // The server may still be at the one that was under way.
        assert!(
            written == (0..reported).collect() || written == (0..=reported).collect(),
            "{reported} were reported, but these were written: {written:?}"
        );
    }
}

/// How many more items the child has reported.
async fn reported(child: &Child) -> u32 {
    let mut count = 0;
    while child.next_report::<u32>().await.is_some() {
        count += 1;
    }
    count
}

async fn table() -> (Aws, Client) {
    let aws = Aws::account();
    let client = Client::from_conf(dynamodb::config(&aws).build());
    dynamodb::create_table(&client, TABLE).await;
    (aws, client)
}

async fn written(client: &Client) -> BTreeSet<u32> {
    let scanned = client.scan().table_name(TABLE).consistent_read(true);
    let items = scanned.send().await.unwrap().items.unwrap();
    items
        .iter()
        .map(|item| item["id"].as_s().unwrap().parse().unwrap())
        .collect()
}
