use http::Extensions;
use lambda_http::request::RequestContext;

/// The stage that API Gateway names in its event, which `lambda_http` puts in front
/// of the path. A load balancer has none.
#[must_use]
pub fn stage(extensions: &Extensions) -> Option<&str> {
    match extensions.get()? {
        RequestContext::ApiGatewayV1(context) => context.stage.as_deref(),
        RequestContext::ApiGatewayV2(context) => context.stage.as_deref(),
        RequestContext::WebSocket(context) => context.stage.as_deref(),
        _ => None,
    }
}
