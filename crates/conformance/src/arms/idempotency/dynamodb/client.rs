use std::fmt;

use aws_sdk_dynamodb::{
    Client, Config,
    config::{
        BehaviorVersion, Credentials, IdentityCache, Region, StalledStreamProtectionConfig,
        http::{HttpRequest, HttpResponse},
        retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        result::ConnectorError,
    },
    http::StatusCode,
};
use serde_json::Value;

use super::service::Service;

/// A client of the SDK that speaks to this service. One call is one request.
pub(in crate::arms::idempotency) fn client(service: &Service) -> Client {
    let connector = SharedHttpConnector::new(Connector(service.clone()));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("id", "secret", None, None, "conformance"))
        .endpoint_url("http://dynamodb.invalid")
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .identity_cache(IdentityCache::no_cache())
        .region(Region::from_static("eu-west-1"))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(TimeoutConfig::disabled());
    Client::from_conf(config.build())
}

struct Connector(Service);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl Connector {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let broken = |what: &str| ConnectorError::other(what.to_owned().into(), None);
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.strip_prefix("DynamoDB_20120810.");
        let operation = operation.ok_or_else(|| broken("a request to another service"))?;
        let body = request.body().bytes().unwrap_or_default();
        let body: Value = serde_json::from_slice(body).map_err(|_| broken("no JSON"))?;
        let (status, body) = match self.0.answer(operation, &body) {
            Ok(body) => (200, body),
            Err(fault) => (fault.status(), fault.body()),
        };
        let status = StatusCode::try_from(status).map_err(|_| broken("no status"))?;
        let mut response = HttpResponse::new(status, body.to_string().into());
        let headers = response.headers_mut();
        headers.insert("content-type", "application/x-amz-json-1.0");
        Ok(response)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}
