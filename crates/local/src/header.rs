//! The headers of the Runtime API.

use http::HeaderName;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
pub(crate) const INVOCATION_ID: HeaderName =
    HeaderName::from_static("lambda-runtime-invocation-id");
pub(crate) const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
pub(crate) const FUNCTION_ARN: HeaderName =
    HeaderName::from_static("lambda-runtime-invoked-function-arn");
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
pub(crate) const TENANT_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-tenant-id");
pub(crate) const CLIENT_CONTEXT: HeaderName =
    HeaderName::from_static("lambda-runtime-client-context");
pub(crate) const COGNITO_IDENTITY: HeaderName =
    HeaderName::from_static("lambda-runtime-cognito-identity");
pub(crate) const RESPONSE_MODE: HeaderName =
    HeaderName::from_static("lambda-runtime-function-response-mode");
pub(crate) const ERROR_TYPE: HeaderName =
    HeaderName::from_static("lambda-runtime-function-error-type");
pub(crate) const EXTENSION_IDENTIFIER: HeaderName =
    HeaderName::from_static("lambda-extension-identifier");
pub(crate) const ERROR_BODY: HeaderName =
    HeaderName::from_static("lambda-runtime-function-error-body");
pub(crate) const EXTENSION_NAME: HeaderName = HeaderName::from_static("lambda-extension-name");
pub(crate) const EXTENSION_FEATURES: HeaderName =
    HeaderName::from_static("lambda-extension-accept-feature");
pub(crate) const EXTENSION_EVENT: HeaderName =
    HeaderName::from_static("lambda-extension-event-identifier");
pub(crate) const EXTENSION_ERROR_TYPE: HeaderName =
    HeaderName::from_static("lambda-extension-function-error-type");
