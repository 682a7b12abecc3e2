use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

/// Answers 404 with `{"statusCode":404,"message":"Not found"}`, for
/// [`Router::fallback`](axum::Router::fallback).
///
/// ```
/// use axum::Router;
/// use powertools_event_handler::not_found;
///
/// let router: Router = Router::new().fallback(not_found);
/// ```
pub async fn not_found() -> Response {
    json(
        StatusCode::NOT_FOUND,
        r#"{"statusCode":404,"message":"Not found"}"#,
    )
}

/// Answers 405 with `{"statusCode":405,"message":"Method not allowed"}`, for
/// [`Router::method_not_allowed_fallback`](axum::Router::method_not_allowed_fallback).
///
/// axum adds the header `Allow`. It gives the fall-back to the routes that are there
/// when it is set, so set it after them.
///
/// ```
/// use axum::{Router, routing::get};
/// use powertools_event_handler::method_not_allowed;
///
/// let router: Router = Router::new()
///     .route("/greeting", get(async || "hello"))
///     .method_not_allowed_fallback(method_not_allowed);
/// ```
pub async fn method_not_allowed() -> Response {
    json(
        StatusCode::METHOD_NOT_ALLOWED,
        r#"{"statusCode":405,"message":"Method not allowed"}"#,
    )
}

fn json(status: StatusCode, body: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
