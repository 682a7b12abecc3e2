//! A process that is told to end.

use std::{future, pin::pin};

use aws_sdk_cloudwatch::Client;
use powertools_metrics::{CloudWatchSink, Unit};
use testbed::{
    process::{Child, Parent},
    servers::Aws,
};

use crate::bed::{self, Bed, metrics};

/// Runs in the child: a server that stops when it is told to.
pub(crate) async fn serve(parent: Parent) {
    let aws: Aws = parent.input();
    let client = Client::from_conf(bed::config(&aws).build());
    let builder = CloudWatchSink::builder(client).flush_interval(bed::NEVER);
    let sink = builder.start().unwrap();
    let metrics = metrics(&sink);
    metrics.add("Orders", Unit::Count, 1);
    metrics.add("Orders", Unit::Count, 2);
    metrics.flush().unwrap();

    let mut stop = pin!(sink.flush_on_sigterm());
    tokio::select! {
        biased;
        _ = &mut stop => panic!("nobody has told it to stop"),
        // It listens from its first poll on.
        () = future::ready(()) => parent.report(&"listens"),
    }
    let flushed = stop.await.unwrap();
    parent.report(&(flushed.sent(), flushed.is_complete()));
    parent.point("flushed").await;

    // Of the requests that were still being answered.
    metrics.add("Orders", Unit::Count, 4);
    metrics.flush().unwrap();
    let last = sink.shutdown().await;
    parent.report(&(last.sent(), last.is_complete()));
}

pub(crate) async fn sigterm_flushes() {
    let bed = Bed::new().await;
    let child = Child::builder("serve")
        .input(&bed.aws)
        .hold_at("flushed")
        .spawn();
    assert_eq!(child.report::<String>().await, "listens");
    assert_eq!(bed.stored("Orders", &[]).await, (0.0, 0.0));

    child.terminate();
    assert_eq!(child.report::<(u64, bool)>().await, (2, true));
    child.reached("flushed").await;
    assert_eq!(bed.stored("Orders", &[]).await, (2.0, 3.0));

    child.go("flushed");
    assert_eq!(child.report::<(u64, bool)>().await, (1, true));
    assert!(child.wait().await.success());
    assert_eq!(bed.stored("Orders", &[]).await, (3.0, 7.0));
}
