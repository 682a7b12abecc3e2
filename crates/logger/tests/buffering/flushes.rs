//! What writes the held lines.

use std::{convert::Infallible, time::Duration};

use http::{Request, Response, StatusCode};
use powertools_core::test_util::{TestContext, http_request};
use powertools_logger::{LogBuffer, clear_buffer, flush_buffer};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{debug, error, info};

use crate::{
    holding,
    support::{NO_ENV, PausedClock, caught, host, install, moment},
};

#[tokio::test]
async fn a_line_at_error_writes_the_held_lines_first_and_in_their_order() {
    let bed = install(holding(LogBuffer::new()));
    bed.run("r-1", async || {
        debug!("first");
        info!("at once");
        debug!("second");
        assert_eq!(bed.messages(), ["at once"]);
        error!("failed");
        assert_eq!(bed.messages(), ["at once", "first", "second", "failed"]);
        error!("failed again");
    })
    .await;
    let written = ["at once", "first", "second", "failed", "failed again"];
    assert_eq!(bed.messages(), written);
}

#[tokio::test]
async fn a_line_at_error_writes_nothing_else_if_that_is_switched_off() {
    let bed = install(holding(LogBuffer::new().flush_on_error_log(false)));
    bed.run("r-1", async || {
        debug!("held");
        error!("failed");
        assert_eq!(bed.messages(), ["failed"]);
        flush_buffer();
    })
    .await;
    assert_eq!(bed.messages(), ["failed", "held"]);
}

#[tokio::test]
async fn an_uncaught_error_writes_the_held_lines_first() {
    let bed = install(holding(LogBuffer::new()));
    let failing = async || {
        debug!("held");
        Err::<(), _>("no luck")
    };
    assert_eq!(bed.invoke("r-1", failing).await, Err("no luck"));
    assert_eq!(bed.messages(), ["held", "uncaught error"]);
}

#[tokio::test]
async fn an_uncaught_error_writes_them_also_if_it_is_not_logged() {
    let bed = install(holding(LogBuffer::new()).log_uncaught_errors(false));
    let failing = async || {
        debug!("held");
        Err::<(), _>("no luck")
    };
    let _ = bed.invoke("r-1", failing).await;
    assert_eq!(bed.messages(), ["held"]);
}

#[tokio::test]
async fn no_failure_writes_them_if_that_is_switched_off() {
    let buffer = LogBuffer::new().flush_on_uncaught_error(false);
    let bed = install(holding(buffer).canonical_line(true));
    let failing = async || {
        debug!("held");
        Err::<(), _>("no luck")
    };
    let _ = bed.invoke("r-1", failing).await;
    assert_eq!(bed.messages(), ["uncaught error", "invocation"]);
    let panicking = async || -> Result<(), Infallible> {
        debug!("held");
        panic!("on purpose")
    };
    assert!(caught(bed.invoke("r-2", panicking)).await.is_err());
    assert_eq!(bed.messages()[2..], ["invocation"]);
}

#[tokio::test]
async fn a_response_of_5xx_writes_them_and_another_does_not() {
    let bed = install(holding(LogBuffer::new()));
    for status in [StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR] {
        let service = bed.logger.layer(service_fn(async |request: Request<u16>| {
            debug!("held for {}", request.body());
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::from_u16(*request.body()).unwrap();
            Ok::<_, Infallible>(response)
        }));
        let response = service.oneshot(http_request("/", status.as_u16())).await;
        assert_eq!(response.unwrap().status(), status);
    }
    assert_eq!(bed.messages(), ["held for 500"]);
}

#[tokio::test]
async fn a_panic_writes_them() {
    let bed = install(holding(LogBuffer::new()));
    let panicking = async || -> Result<(), Infallible> {
        debug!("held");
        panic!("on purpose")
    };
    assert!(caught(bed.invoke("r-1", panicking)).await.is_err());
    assert_eq!(bed.messages(), ["held"]);
}

#[tokio::test(start_paused = true)]
async fn they_are_written_200_milliseconds_before_the_time_out() {
    let clock = PausedClock::shared();
    let bed = install(holding(LogBuffer::new()).host(host(NO_ENV).with_clock(clock)));
    let context = TestContext::new("r-1").deadline(moment() + Duration::from_secs(10));
    let slow = async || {
        debug!("held");
        tokio::time::sleep(Duration::from_millis(9_790)).await;
        assert!(bed.messages().is_empty());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(bed.messages(), ["held"]);
        // Held again: the flush was not the end.
        debug!("later");
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(context, slow).await.unwrap();
    assert_eq!(bed.messages(), ["held"]);
}

#[tokio::test]
async fn what_is_left_at_the_end_is_thrown_away() {
    let bed = install(holding(LogBuffer::new()));
    bed.run("r-1", async || debug!("held")).await;
    bed.run("r-2", async || error!("of another invocation"))
        .await;
    assert_eq!(bed.messages(), ["of another invocation"]);
}

#[tokio::test]
async fn the_code_can_write_them_or_throw_them_away() {
    let bed = install(holding(LogBuffer::new()));
    bed.run("r-1", async || {
        debug!("first");
        flush_buffer();
        flush_buffer();
        assert_eq!(bed.messages(), ["first"]);
        debug!("second");
        clear_buffer();
        error!("failed");
    })
    .await;
    assert_eq!(bed.messages(), ["first", "failed"]);
}
