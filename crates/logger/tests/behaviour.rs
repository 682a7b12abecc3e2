//! One test for each sentence of the documentation.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    time::{Duration, SystemTime},
};

use http::{Request, Response};
use lambda_runtime::{LambdaEvent, LambdaInvocation, layers::TracingLayer};
use powertools_core::{
    ColdStart, Env, Host, Outcome, SharedWriter,
    test_util::{
        CapturedOutput, ManualClock, ProbeEvent, ProbeLayer, TestContext, http_request,
        lambda_event,
    },
};
use powertools_logger::{LoggerBuilder, LoggerLayer};
use serde_json::{Value, json};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tracing::{Instrument, Level, level_filters::LevelFilter};
use tracing_subscriber::{Registry, layer::SubscriberExt};

const NO_ENV: [(&str, &str); 0] = [];

/// 2023-11-14T22:13:20.500Z
fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)
}

fn host<const N: usize>(env: [(&str, &str); N]) -> Host {
    Host::default()
        .with_clock(ManualClock::at(moment()).shared())
        .with_cold_start(ColdStart::unused())
        .with_env(Env::from_iter(env))
}

/// What is logged while `run` runs under the logger, with the logger.
fn logged_by(builder: LoggerBuilder, run: impl FnOnce(&LoggerLayer)) -> CapturedOutput {
    let output = CapturedOutput::default();
    let logger = builder.output(output.writer()).build().unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, || run(&logger));
    output
}

/// The lines of a closure that logs outside any invocation.
fn lines(run: impl FnOnce()) -> Vec<Value> {
    logged_by(
        LoggerLayer::builder().host(host(NO_ENV)).service("pay"),
        |_| run(),
    )
    .json()
}

/// The lines of a handler that logs, called with this request.
fn lines_of<R, S>(request: R, service: impl FnOnce(&LoggerLayer) -> S) -> CapturedOutput
where
    S: Service<R>,
{
    logged_by(
        LoggerLayer::builder().host(host(NO_ENV)).service("pay"),
        |logger| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let called = runtime.block_on(service(logger).oneshot(request));
            assert!(called.is_ok());
        },
    )
}

async fn handler(_: LambdaEvent<()>) -> Result<(), Infallible> {
    tracing::info!(order = 42, "hello");
    Ok(())
}

fn keys(line: &str) -> Vec<String> {
    // Without an order of its own, the map would sort them.
    let keys = line
        .match_indices("\":")
        .filter_map(|(end, _)| line[..end].rsplit('"').next());
    keys.map(ToOwned::to_owned).collect()
}

// --- the line ---------------------------------------------------------------------

#[test]
fn a_line_is_flat_json_in_the_order_of_the_other_languages() {
    let context = TestContext::new("r-1")
        .tenant_id("blue")
        .xray_header("Root=1-2-3;Parent=4;Sampled=1");
    let output = lines_of(context.event(()), |logger| {
        logger.layer(service_fn(handler))
    });
    let text = output.text();
    assert!(text.ends_with("}\n"), "{text}");
    assert_eq!(
        keys(&text),
        [
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "cold_start",
            "function_name",
            "function_memory_size",
            "function_arn",
            "function_request_id",
            "tenant_id",
            "order",
            "xray_trace_id",
        ]
    );
    let [line] = output.json().try_into().unwrap();
    let location = line["location"].as_str().unwrap();
    let (module, number) = location.rsplit_once(':').unwrap();
    assert_eq!(module, "behaviour");
    assert!(number.parse::<u32>().is_ok(), "{location}");
    assert_eq!(
        line,
        json!({
            "level": "INFO",
            "location": location,
            "message": "hello",
            "timestamp": "2023-11-14T22:13:20.500Z",
            "service": "pay",
            "cold_start": true,
            "function_name": "test",
            "function_memory_size": 128,
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:test",
            "function_request_id": "r-1",
            "tenant_id": "blue",
            "order": 42,
            "xray_trace_id": "1-2-3",
        })
    );
}

#[test]
fn keys_that_the_invocation_does_not_have_are_absent() {
    let output = lines_of(http_request("/", ()), |logger| {
        logger.layer(service_fn(async |_: Request<()>| {
            tracing::info!("hello");
            Ok::<_, Infallible>(Response::new(()))
        }))
    });
    assert_eq!(
        keys(&output.text()),
        ["level", "location", "message", "timestamp", "service"]
    );
}

#[test]
fn outside_an_invocation_a_line_has_no_keys_of_one() {
    let [line] = lines(|| tracing::info!("init")).try_into().unwrap();
    assert_eq!(line["message"], "init");
    assert_eq!(line.get("function_request_id"), None);
    assert_eq!(line.get("cold_start"), None);
}

#[test]
fn every_type_of_field_keeps_its_type() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by Debug")]
    struct Order {
        id: u8,
    }
    let big = i128::MAX;
    let [line] = lines(|| {
        tracing::info!(
            text = "a\"b\nc",
            signed = -1,
            unsigned = 1_u64,
            float = 1.5,
            nan = f64::NAN,
            flag = true,
            big,
            debug = ?Order { id: 7 },
            display = %"shown",
            http.status = 200,
            r#type = "order",
            "fields"
        );
    })
    .try_into()
    .unwrap();
    assert_eq!(line["text"], "a\"b\nc");
    assert_eq!(line["signed"], -1);
    assert_eq!(line["unsigned"], 1);
    assert_eq!(line["float"], 1.5);
    assert_eq!(line["nan"], Value::Null);
    assert_eq!(line["flag"], true);
    assert_eq!(line["debug"], "Order { id: 7 }");
    assert_eq!(line["display"], "shown");
    assert_eq!(line["http.status"], 200);
    assert_eq!(line["type"], "order");
}

#[test]
fn an_error_becomes_the_keys_of_an_exception() {
    #[derive(Debug)]
    struct Refused;
    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("refused")
        }
    }
    impl Error for Refused {}
    let [line] = lines(|| {
        let error: &dyn Error = &Refused;
        tracing::error!(error, "payment");
    })
    .try_into()
    .unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "payment");
    assert_eq!(line["exception"], "Refused: refused");
    assert_eq!(line["exception_name"], "Refused");
    assert_eq!(line["stack_trace"]["value"], "refused");
    assert_eq!(line.get("error"), None);
}

#[test]
fn a_line_without_a_message_has_no_such_key() {
    let [line] = lines(|| tracing::info!(order = 1)).try_into().unwrap();
    assert_eq!(line.get("message"), None);
    assert_eq!(line["order"], 1);
}

#[test]
fn a_message_is_text_even_if_it_looks_like_json() {
    let [line] = lines(|| tracing::info!("{}", r#"{"a":1}"#))
        .try_into()
        .unwrap();
    assert_eq!(line["message"], r#"{"a":1}"#);
}

#[test]
fn a_field_replaces_the_key_of_its_name_and_no_key_is_there_twice() {
    let output = lines_of(lambda_event("r-1", ()), |logger| {
        logger.layer(service_fn(async |_: LambdaEvent<()>| {
            tracing::info!(service = "other", function_request_id = "mine", "hello");
            Ok::<_, Infallible>(())
        }))
    });
    let text = output.text();
    assert_eq!(text.matches("\"service\"").count(), 1);
    assert_eq!(text.matches("\"function_request_id\"").count(), 1);
    let [line] = output.json().try_into().unwrap();
    assert_eq!(line["service"], "other");
    assert_eq!(line["function_request_id"], "mine");
    assert_eq!(line["function_name"], "test");
}

#[test]
fn of_fields_with_one_name_the_last_counts() {
    let output = logged_by(LoggerLayer::builder().host(host(NO_ENV)), |_| {
        tracing::info!(a = 1, a = 2, r#type = "raw", type = "plain", message = "field", "text");
    });
    let text = output.text();
    for key in ["\"a\":", "\"type\":", "\"message\":"] {
        assert_eq!(text.matches(key).count(), 1, "{text}");
    }
    let [line] = output.json().try_into().unwrap();
    assert_eq!(line["a"], 2);
    assert_eq!(line["type"], "plain");
    assert_eq!(line["message"], "field");
}

#[test]
fn the_keys_are_found_behind_a_span_below_the_level() {
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .host(host(NO_ENV))
        .output(output.writer())
        .build()
        .unwrap();
    // Another layer wants the span, so it is there, and hidden from ours.
    let subscriber = Registry::default()
        .with(logger.subscriber_layer())
        .with(tracing_subscriber::layer::Identity::new());
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let service = logger.layer(service_fn(async |_: LambdaEvent<()>| {
            let hidden = tracing::debug_span!("work");
            assert!(!hidden.is_disabled());
            let task = async { tracing::info!("in a bare task") }.instrument(hidden.clone());
            tokio::spawn(task).await.unwrap();
            Ok::<_, Infallible>(())
        }));
        runtime
            .block_on(service.oneshot(lambda_event("r-1", ())))
            .unwrap();
    });
    assert_eq!(output.json()[0]["function_request_id"], "r-1");
}

#[test]
fn fields_named_level_location_or_timestamp_are_dropped() {
    let [line] = lines(|| {
        tracing::info!(
            level = "loud",
            location = "nowhere",
            timestamp = 0,
            kept = 1,
            "hello"
        );
    })
    .try_into()
    .unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["timestamp"], "2023-11-14T22:13:20.500Z");
    assert_eq!(line["kept"], 1);
}

#[test]
fn a_clock_before_1970_is_no_obstacle() {
    let host = Host::default()
        .with_clock(ManualClock::at(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).shared());
    let output = logged_by(LoggerLayer::builder().host(host), |_| {
        tracing::info!("hello");
    });
    assert_eq!(output.json()[0]["timestamp"], "1969-12-31T23:59:59.000Z");
}

// --- levels -----------------------------------------------------------------------

fn levels_written(builder: LoggerBuilder) -> Vec<Value> {
    let output = logged_by(builder, |_| {
        tracing::trace!("t");
        tracing::debug!("d");
        tracing::info!("i");
        tracing::warn!("w");
        tracing::error!("e");
    });
    output
        .json()
        .into_iter()
        .map(|line| line["level"].clone())
        .collect()
}

#[test]
fn levels_are_spelled_as_lambda_reads_them() {
    let all = levels_written(
        LoggerLayer::builder()
            .host(host(NO_ENV))
            .level(Level::TRACE),
    );
    assert_eq!(all, ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]);
}

#[test]
fn info_is_the_default_level_and_the_environment_can_set_another() {
    let default = levels_written(LoggerLayer::builder().host(host(NO_ENV)));
    assert_eq!(default, ["INFO", "WARN", "ERROR"]);
    let env = host([("POWERTOOLS_LOG_LEVEL", "warn")]);
    assert_eq!(
        levels_written(LoggerLayer::builder().host(env)),
        ["WARN", "ERROR"]
    );
}

#[test]
fn a_level_that_does_not_exist_is_an_error_when_built() {
    let error = LoggerLayer::builder()
        .host(host([("POWERTOOLS_LOG_LEVEL", "s3cret")]))
        .build()
        .unwrap_err();
    assert!(error.is_env());
    let source = error.source().unwrap().to_string();
    assert!(source.contains("POWERTOOLS_LOG_LEVEL"), "{source}");
    assert!(!source.contains("s3cret"), "{source}");
}

#[test]
fn the_keys_are_there_whatever_the_level() {
    let output = logged_by(
        LoggerLayer::builder()
            .host(host(NO_ENV))
            .level(Level::ERROR),
        |logger| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let service = logger.layer(service_fn(async |_: LambdaEvent<()>| {
                // Only its span tells whose it is.
                let task = async { tracing::error!("lost?") };
                tokio::spawn(task.in_current_span()).await.unwrap();
                Ok::<_, Infallible>(())
            }));
            runtime
                .block_on(service.oneshot(lambda_event("r-1", ())))
                .unwrap();
        },
    );
    assert_eq!(output.json()[0]["function_request_id"], "r-1");
}

#[test]
fn the_level_concerns_our_lines_only() {
    #[derive(Clone, Default)]
    struct Count(std::sync::Arc<std::sync::atomic::AtomicUsize>);
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Count {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let other = Count::default();
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .host(host(NO_ENV))
        .level(LevelFilter::ERROR)
        .output(output.writer());
    let subscriber = Registry::default()
        .with(logger.build().unwrap().subscriber_layer())
        .with(other.clone());
    tracing::subscriber::with_default(subscriber, || {
        tracing::debug!("for the other");
        tracing::error!("for both");
    });
    assert_eq!(output.json().len(), 1);
    assert_eq!(other.0.load(std::sync::atomic::Ordering::Relaxed), 2);
}

// --- service, output, subscriber --------------------------------------------------

#[test]
fn the_service_is_the_given_one_then_the_environments_then_undefined() {
    let service = |builder: LoggerBuilder| {
        logged_by(builder, |_| tracing::info!("hello")).json()[0]["service"].clone()
    };
    let env = || host([("POWERTOOLS_SERVICE_NAME", "from env")]);
    assert_eq!(
        service(LoggerLayer::builder().host(env()).service("given")),
        "given"
    );
    assert_eq!(service(LoggerLayer::builder().host(env())), "from env");
    assert_eq!(
        service(LoggerLayer::builder().host(host(NO_ENV))),
        "service_undefined"
    );
}

#[test]
fn a_line_that_cannot_be_written_takes_nothing_with_it() {
    struct Broken;
    impl std::io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let logger = LoggerLayer::builder()
        .host(host(NO_ENV))
        .output(SharedWriter::new(Broken))
        .build()
        .unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let service = logger.layer(service_fn(async |event: LambdaEvent<&'static str>| {
            tracing::info!("lost");
            Ok::<_, Infallible>(event.payload)
        }));
        let answer = runtime.block_on(service.oneshot(lambda_event("r-1", "answer")));
        assert_eq!(answer, Ok("answer"));
    });
}

// --- beside other layers ----------------------------------------------------------

type Boxed = tower::util::BoxService<LambdaEvent<()>, (), Infallible>;

#[test]
fn stacked_layers_share_one_invocation_and_either_works_alone() {
    let shared = host(NO_ENV);
    let probe = ProbeLayer::new(shared.clone()).flush_near_deadline(Duration::from_millis(100));
    let event = || {
        TestContext::new("r-1")
            .deadline(moment() + Duration::from_secs(3))
            .event(())
    };
    let run = |stack: &dyn Fn(&LoggerLayer) -> Boxed| {
        logged_by(LoggerLayer::builder().host(shared.clone()), |logger| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(stack(logger).oneshot(event())).unwrap();
        })
        .json()
    };
    let slow = async |_: LambdaEvent<()>| {
        tracing::info!("before");
        tokio::time::sleep(Duration::from_secs(4)).await;
        tracing::info!("after");
        Ok::<_, Infallible>(())
    };
    let logger_outside = |logger: &LoggerLayer| {
        Boxed::new(
            ServiceBuilder::new()
                .layer(logger.clone())
                .layer(probe.clone())
                .service_fn(slow),
        )
    };
    let probe_outside = |logger: &LoggerLayer| {
        Boxed::new(
            ServiceBuilder::new()
                .layer(probe.clone())
                .layer(logger.clone())
                .service_fn(slow),
        )
    };
    let logger_alone = |logger: &LoggerLayer| Boxed::new(logger.layer(service_fn(slow)));
    let probe_alone = |_: &LoggerLayer| Boxed::new(probe.layer(service_fn(slow)));

    for stack in [
        &logger_outside as &dyn Fn(&LoggerLayer) -> Boxed,
        &probe_outside,
        &logger_alone,
        &probe_alone,
    ] {
        let lines = run(stack);
        assert_eq!(lines.len(), 2);
        assert!(
            lines
                .iter()
                .all(|line| line["function_request_id"] == "r-1"),
            "{lines:?}"
        );
    }

    // Three stacks with a probe: one start, one flush, one end each.
    let events = probe.events();
    let [a, b, c] = events.as_chunks::<3>().0 else {
        panic!("{events:?}")
    };
    for seen in [a, b, c] {
        let [
            ProbeEvent::Started(started),
            ProbeEvent::FlushedEarly(flushed, _),
            ProbeEvent::Finished(finished, Outcome::Ok),
        ] = seen
        else {
            panic!("{seen:?}");
        };
        assert!(started == flushed && started == finished);
    }
}

#[test]
fn a_plain_tower_service_is_welcome() {
    struct Job;
    impl powertools_core::InvocationRequest for Job {}
    impl<Res, Err> powertools_core::Observe<Res, Err> for Job {
        fn outcome(result: &Result<Res, Err>) -> Outcome {
            if result.is_ok() {
                Outcome::Ok
            } else {
                Outcome::Fault
            }
        }
    }
    let output = lines_of(Job, |logger| {
        logger.layer(service_fn(async |_: Job| {
            tracing::info!("working");
            Ok::<_, Infallible>(())
        }))
    });
    let [line] = output.json().try_into().unwrap();
    assert_eq!(line["message"], "working");
    assert_eq!(line.get("function_request_id"), None);
}

#[test]
fn the_runtimes_own_lines_carry_the_ids_of_its_span() {
    let context = TestContext::new("r-1")
        .tenant_id("blue")
        .xray_header("Root=1-2-3;Parent=4");
    let output = logged_by(
        LoggerLayer::builder()
            .host(host(NO_ENV))
            .level(Level::ERROR),
        |_| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            // What stands between the runtime's span and our layers.
            let service = TracingLayer::new().layer(service_fn(async |_: LambdaInvocation| {
                tracing::error!("user handler panicked");
                Ok::<_, BoxError>(())
            }));
            let worker = tracing::error_span!("worker");
            runtime
                .block_on(
                    service
                        .oneshot(context.invocation("{}"))
                        .instrument(worker.clone()),
                )
                .unwrap();
            worker.in_scope(|| tracing::error!("between invocations"));
        },
    );
    let [inside, between] = output.json().try_into().unwrap();
    assert_eq!(inside["function_request_id"], "r-1");
    assert_eq!(inside["tenant_id"], "blue");
    assert_eq!(inside["xray_trace_id"], "1-2-3");
    assert_eq!(between.get("function_request_id"), None);
}
