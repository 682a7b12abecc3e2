use crate::{Random, SharedRandom};

#[cfg(feature = "lambda")]
use {
    bytes::Bytes,
    lambda_runtime::{Context, LambdaEvent, LambdaInvocation},
    std::{
        sync::Arc,
        time::{Duration, SystemTime},
    },
};

/// An http request without a Lambda context.
///
/// # Panics
///
/// The path is not a valid URI.
#[must_use]
pub fn http_request<B>(path: &str, body: B) -> http::Request<B> {
    http::Request::builder()
        .uri(path)
        .body(body)
        .expect("a valid path")
}

/// A source of randomness that always gives the same byte.
#[derive(Debug, Clone, Copy)]
pub struct FixedRandom(u8);

impl FixedRandom {
    /// Gives this byte.
    #[must_use]
    pub fn shared(byte: u8) -> SharedRandom {
        SharedRandom::new(Self(byte))
    }
}

impl Random for FixedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// Maker of Lambda contexts: function `test`, 128 MB, an ARN, and no deadline unless
/// one is set.
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
#[derive(Debug, Clone)]
#[must_use = "a maker makes nothing until `build`"]
pub struct TestContext(Context);

#[cfg(feature = "lambda")]
impl TestContext {
    /// A context with this request id.
    pub fn new(request_id: &str) -> Self {
        let mut config = lambda_runtime::Config::default();
        "test".clone_into(&mut config.function_name);
        "$LATEST".clone_into(&mut config.version);
        config.memory = 128;
        let mut context = Context::default();
        context.request_id = request_id.to_owned();
        context.invoked_function_arn =
            "arn:aws:lambda:eu-west-1:123456789012:function:test".to_owned();
        context.env_config = Arc::new(config);
        Self(context)
    }

    /// Sets the deadline.
    pub fn deadline(mut self, at: SystemTime) -> Self {
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        self.0.deadline = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Sets the tenant.
    pub fn tenant_id(mut self, tenant: &str) -> Self {
        self.0.tenant_id = Some(tenant.to_owned());
        self
    }

    /// Sets the X-Ray header.
    pub fn xray_header(mut self, header: &str) -> Self {
        self.0.xray_trace_id = Some(header.to_owned());
        self
    }

    /// The context.
    #[must_use]
    pub fn build(self) -> Context {
        self.0
    }

    /// An event with this context.
    #[must_use]
    pub fn event<T>(self, payload: T) -> LambdaEvent<T> {
        LambdaEvent::new(payload, self.0)
    }

    /// A runtime invocation with this context.
    #[must_use]
    pub fn invocation(self, body: impl Into<Bytes>) -> LambdaInvocation {
        let (parts, ()) = http::Response::new(()).into_parts();
        LambdaInvocation {
            parts,
            body: body.into(),
            context: self.0,
        }
    }

    /// An http request with this context where `lambda_http` puts it.
    #[must_use]
    pub fn http<B>(self, path: &str, body: B) -> http::Request<B> {
        let mut request = http_request(path, body);
        request.extensions_mut().insert(self.0);
        request
    }
}

/// An event with this request id.
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
#[must_use]
pub fn lambda_event<T>(request_id: &str, payload: T) -> LambdaEvent<T> {
    TestContext::new(request_id).event(payload)
}

/// A runtime invocation with this request id.
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
#[must_use]
pub fn lambda_invocation(request_id: &str, body: impl Into<Bytes>) -> LambdaInvocation {
    TestContext::new(request_id).invocation(body)
}
