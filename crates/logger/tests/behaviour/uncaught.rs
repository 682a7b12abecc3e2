//! Errors that the handler returns.

use std::{error::Error, fmt};

use lambda_runtime::{Diagnostic, LambdaEvent};
use powertools_core::{LayerError, test_util::CapturedOutput};
use powertools_logger::{LoggerBuilder, append_key};
use serde_json::{Value, json};
use tower::{BoxError, Layer, ServiceExt, service_fn};
use tracing::level_filters::LevelFilter;

use crate::support::{block_on, builder, event, keys_of, logged, only};

#[derive(Debug, Clone, Copy, PartialEq)]
enum OrderError {
    OutOfStock { left: u8 },
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of stock")
    }
}

impl Error for OrderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&fmt::Error)
    }
}

const ERROR: OrderError = OrderError::OutOfStock { left: 3 };

/// What is logged when the handler returns this error, which arrives as it was.
fn failed<E>(builder: LoggerBuilder, error: impl FnOnce() -> E) -> CapturedOutput
where
    E: fmt::Debug + 'static,
{
    logged(builder, |logger| {
        let error = error();
        let shown = format!("{error:?}");
        let mut error = Some(error);
        let handler = logger.layer(service_fn(|_: LambdaEvent<()>| {
            append_key("order", &7);
            std::future::ready(Err::<(), _>(error.take().unwrap()))
        }));
        let returned = block_on(handler.oneshot(event(()))).unwrap_err();
        assert_eq!(format!("{returned:?}"), shown);
    })
}

fn boxed() -> BoxError {
    Box::new(ERROR)
}

fn exception(output: &CapturedOutput) -> [Value; 2] {
    let line = only(output);
    ["exception", "exception_name"].map(|key| line[key].clone())
}

#[test]
fn a_typed_error_is_told_by_the_name_of_its_type_and_its_debug() {
    let output = failed(builder(), || ERROR);
    let line = only(&output);
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "uncaught error");
    assert_eq!(line["location"], "powertools_logger");
    assert_eq!(line["function_request_id"], "r-1");
    assert_eq!(line["order"], 7);
    assert_eq!(
        exception(&output),
        ["OrderError: OutOfStock { left: 3 }", "OrderError"]
    );
    assert_eq!(line["stack_trace"]["type"], "OrderError");
    assert_eq!(line["stack_trace"].get("causes"), None);
    assert!(keys_of(&output.text()).ends_with(
        &["order", "exception", "exception_name", "stack_trace"].map(ToOwned::to_owned)
    ));
}

#[test]
fn a_boxed_error_is_told_with_its_sources() {
    let output = failed(builder(), boxed);
    let text = format!("OutOfStock: out of stock\ncaused by: Error: {}", fmt::Error);
    assert_eq!(exception(&output), [&text, "OutOfStock"]);
    assert_eq!(
        only(&output)["stack_trace"]["causes"],
        json!([{"type": "Error", "value": fmt::Error.to_string()}])
    );
    let local = failed(builder(), || Box::<dyn Error>::from("just text"));
    assert_eq!(exception(&local), ["Error: just text", "Error"]);
}

#[test]
fn a_known_error_is_told_by_its_display_with_its_sources() {
    let output = failed(builder().known_error::<OrderError>(), || ERROR);
    let text = format!("OutOfStock: out of stock\ncaused by: Error: {}", fmt::Error);
    assert_eq!(exception(&output)[0], text);
}

#[test]
fn a_diagnostic_is_told_by_its_own_words() {
    let output = failed(builder(), || Diagnostic {
        error_type: "Orders.OutOfStock".to_owned(),
        error_message: "three left".to_owned(),
    });
    assert_eq!(
        exception(&output),
        ["Orders.OutOfStock: three left", "Orders.OutOfStock"]
    );
}

#[test]
fn an_error_that_is_no_error_type_is_told_too() {
    assert_eq!(exception(&failed(builder(), || 7_u32)), ["u32: 7", "u32"]);
    let layered = || LayerError::<OrderError, String>::Inner(ERROR);
    assert_eq!(exception(&failed(builder(), layered))[1], "LayerError");
}

#[test]
fn it_can_be_switched_off() {
    let output = failed(builder().log_uncaught_errors(false), boxed);
    assert!(output.text().is_empty(), "{}", output.text());
}

#[test]
fn it_follows_the_level_and_the_switch_of_the_stack_trace() {
    let output = failed(builder().level(LevelFilter::OFF), boxed);
    assert!(output.text().is_empty());
    let output = failed(builder().stack_trace(false), boxed);
    assert_eq!(only(&output).get("stack_trace"), None);
}

#[test]
fn keys_that_were_appended_stay() {
    let output = logged(builder(), |logger| {
        let handler = logger.layer(service_fn(async |_: LambdaEvent<()>| {
            append_key("exception", "mine");
            append_key("a", &1);
            Err::<(), _>(ERROR)
        }));
        block_on(handler.oneshot(event(()))).unwrap_err();
    });
    let line = only(&output);
    assert_eq!(line["exception_name"], "OrderError");
    assert_eq!(line["exception"], "mine");
    assert_eq!(line["a"], 1);
}

#[test]
fn of_stacked_loggers_the_outermost_tells_it_once() {
    let inner = CapturedOutput::default();
    let inner_layer = builder()
        .service("inner")
        .output(inner.writer())
        .build()
        .unwrap();
    let output = logged(builder().service("outer"), |logger| {
        let handler = logger
            .layer(inner_layer.layer(service_fn(async |_: LambdaEvent<()>| Err::<(), _>(ERROR))));
        block_on(handler.oneshot(event(()))).unwrap_err();
    });
    assert_eq!(only(&output)["service"], "outer");
    assert!(inner.text().is_empty(), "{}", inner.text());
}

#[test]
fn an_error_of_a_layer_within_is_told_and_one_that_is_handled_within_is_not() {
    let output = logged(builder(), |logger| {
        let handled = service_fn(async |_: LambdaEvent<()>| Err::<(), _>(ERROR))
            .map_result(|_: Result<(), OrderError>| Ok::<_, BoxError>(()));
        block_on(logger.layer(handled).oneshot(event(()))).unwrap();
    });
    assert!(output.text().is_empty(), "{}", output.text());
}

#[test]
fn an_answer_of_5xx_is_no_error_to_tell() {
    let output = crate::support::called(
        builder(),
        http::Request::new(()),
        service_fn(async |_: http::Request<()>| {
            let mut answer = http::Response::new(());
            *answer.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            Ok::<_, std::convert::Infallible>(answer)
        }),
    );
    assert!(output.text().is_empty(), "{}", output.text());
}
