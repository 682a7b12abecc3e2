//! Rate, errors and duration at the http level.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    routing::{any, get, post},
};
use http::{Method, Request, Response, StatusCode};
use powertools_core::test_util::{TestContext, http_request};
use powertools_metrics::{Metrics, MetricsBuilder, RouteLayer, Unit};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Bed, bed, builder, caught, sets};

fn requests() -> MetricsBuilder {
    builder().capture_request_metrics(true)
}

fn router() -> Router {
    Router::new()
        .route(
            "/orders/{id}",
            get(async || "an order").post(async || StatusCode::CREATED),
        )
        .route("/teapot", post(async || StatusCode::IM_A_TEAPOT))
        .route("/broken", get(async || StatusCode::BAD_GATEWAY))
        .route("/moved", get(async || StatusCode::SEE_OTHER))
        .route("/any", any(async || ()))
        .route("/panics", get(async || -> () { panic!("on purpose") }))
        .route_layer(RouteLayer::new())
}

async fn call(bed: &Bed, router: &Router, method: &str, path: &str) -> Value {
    let mut request = TestContext::new("r-1").http(path, Body::empty());
    *request.method_mut() = method.parse().unwrap();
    let call = bed.layer.layer(router.clone()).oneshot(request);
    if let Ok(answer) = caught(call).await {
        answer.unwrap();
    }
    bed.lines().pop().unwrap()
}

#[tokio::test]
async fn there_are_sets_with_the_matched_route_and_the_class_of_the_status() {
    let bed = bed(requests().service("pay").default_dimension("env", "p"));
    let router = router();
    let line = call(&bed, &router, "GET", "/orders/7").await;
    let expected = json!([
        ["env", "function_name", "service"],
        ["env", "function_name", "service", "route"],
        ["env", "function_name", "service", "route", "status"],
    ]);
    assert_eq!(sets(&line), &expected);
    assert_eq!(
        (&line["route"], &line["status"]),
        (&json!("GET /orders/{id}"), &json!("2xx"))
    );
    assert_eq!(
        (&line["service"], &line["function_name"]),
        (&json!("pay"), &json!("test"))
    );
    // Each value once in each set.
    assert_eq!(bed.output.samples().len(), 9);
}

#[tokio::test]
async fn routes_methods_classes_and_faults() {
    let bed = bed(requests());
    let router = router();
    for (method, path, route, status, fault) in [
        ("POST", "/orders/1", "POST /orders/{id}", "2xx", 0),
        ("POST", "/teapot", "POST /teapot", "4xx", 0),
        ("GET", "/broken", "GET /broken", "5xx", 1),
        ("GET", "/moved", "GET /moved", "3xx", 0),
        ("HEAD", "/orders/1", "HEAD /orders/{id}", "2xx", 0),
        ("BREW", "/any", "OTHER /any", "2xx", 0),
        ("DELETE", "/teapot", "DELETE /teapot", "4xx", 0),
    ] {
        let line = call(&bed, &router, method, path).await;
        assert_eq!(
            (&line["route"], &line["status"]),
            (&json!(route), &json!(status))
        );
        assert_eq!(
            (&line["Requests"], &line["Faults"]),
            (&json!(1), &json!(fault)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_path_that_matches_no_route_has_a_status_alone() {
    let bed = bed(requests());
    let line = call(&bed, &router(), "GET", "/wp-admin.php").await;
    assert_eq!(
        sets(&line),
        &json!([["function_name"], ["function_name", "status"]])
    );
    assert_eq!(line["status"], "4xx");
}

#[tokio::test]
async fn without_the_recorder_there_are_the_sets_without_route() {
    let bed = bed(requests().service("pay"));
    let router = Router::new().route("/orders/{id}", get(async || "an order"));
    let line = call(&bed, &router, "GET", "/orders/7").await;
    let expected = json!([
        ["function_name", "service"],
        ["function_name", "service", "status"]
    ]);
    assert_eq!(sets(&line), &expected);
}

#[tokio::test]
async fn a_panic_is_a_fault_of_its_route_without_status() {
    let bed = bed(requests());
    let line = call(&bed, &router(), "GET", "/panics").await;
    assert_eq!(
        (&line["Faults"], &line["route"]),
        (&json!(1), &json!("GET /panics"))
    );
    assert_eq!(
        sets(&line),
        &json!([["function_name"], ["function_name", "route"]])
    );
}

#[tokio::test]
async fn an_error_is_a_fault_too() {
    let bed = bed(requests());
    let handler = service_fn(async |_: Request<()>| Err::<Response<()>, _>("no luck"));
    let answer = bed
        .layer
        .layer(handler)
        .oneshot(http_request("/", ()))
        .await;
    assert_eq!(answer.unwrap_err(), "no luck");
    assert_eq!(
        (&bed.only()["Faults"], sets(&bed.only())),
        (&json!(1), &json!([[]]))
    );
}

#[tokio::test]
async fn a_hundred_routes_are_told_apart_and_further_ones_are_other() {
    let bed = bed(requests());
    let routes = (0..102).fold(Router::new(), |router, number| {
        router.route(&format!("/r{number}"), get(async || ()))
    });
    let router = routes.route_layer(RouteLayer::new());
    for number in 0..102 {
        let line = call(&bed, &router, "GET", &format!("/r{number}")).await;
        let route = match number {
            ..100 => format!("GET /r{number}"),
            _ => "other".to_owned(),
        };
        assert_eq!(line["route"], route);
    }
    assert_eq!(call(&bed, &router, "GET", "/r0").await["route"], "GET /r0");
    assert_eq!(call(&bed, &router, "POST", "/r0").await["route"], "other");
}

#[tokio::test]
async fn the_invocations_own_metrics_do_not_have_these_dimensions() {
    let bed = bed(requests());
    let record = async || Metrics::current().add("m", Unit::Count, 1);
    let router = Router::new()
        .route("/orders/{id}", get(record))
        .route_layer(RouteLayer::new());
    let line = call(&bed, &router, "GET", "/orders/7").await;
    assert_eq!((sets(&line), &line["m"]), (&json!([[]]), &json!(1)));
    assert_eq!(bed.lines().len(), 2);
}

#[tokio::test]
async fn a_recorder_outside_of_any_invocation_changes_nothing() {
    let request = Request::builder().method(Method::GET).uri("/orders/7");
    let answer = router().oneshot(request.body(Body::empty()).unwrap());
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_default_dimension_of_the_same_name_counts_and_takes_no_metric_away() {
    let all = r#"["route","function_name"],["route","function_name","status"]"#;
    for (name, expected) in [
        ("route", format!("[{all}]")),
        (
            "status",
            r#"[["status","function_name"],["status","function_name","route"]]"#.into(),
        ),
        (
            "function_name",
            r#"[["function_name"],["function_name","route"],["function_name","route","status"]]"#
                .into(),
        ),
    ] {
        let bed = bed(requests().default_dimension(name, "own"));
        let line = call(&bed, &router(), "GET", "/orders/7").await;
        assert_eq!(
            (&line["Requests"], sets(&line).to_string()),
            (&json!(1), expected)
        );
        let value = if name == "function_name" {
            "test"
        } else {
            "own"
        };
        assert_eq!(line[name], value);
        assert!(bed.warnings.codes().iter().all(|code| code != "collision"));
    }
}

#[tokio::test]
async fn plain_http_without_lambda_has_no_function_name() {
    let bed = bed(requests());
    let handler = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    bed.layer
        .layer(handler)
        .oneshot(http_request("/", ()))
        .await
        .unwrap();
    assert_eq!(sets(&bed.only()), &json!([[], ["status"]]));
}
