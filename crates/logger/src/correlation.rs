use std::{fmt, sync::LazyLock};

use powertools_core::{Extract, Record, http::request_head_view};
use powertools_jmespath::{Error, Expression};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    json::{self, Redaction, Rules},
    pick::pick,
};

/// Ids longer than this are cut.
const MAX_ID: usize = 1024;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(Redaction::default(), MAX_ID));

/// Where in an event the correlation id stands, for
/// [`LoggerBuilder::correlation_id`](crate::LoggerBuilder::correlation_id).
///
/// There is a path for each event source that sends an id, and
/// [`new`](Self::new) for your own:
///
/// ```
/// use powertools_logger::{CorrelationIdPath, LoggerLayer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let logger = LoggerLayer::builder()
///     .correlation_id(CorrelationIdPath::EVENT_BRIDGE)
///     .build()?;
/// let path = CorrelationIdPath::new("powertools_json(body).order.id")?;
/// let logger = LoggerLayer::builder().correlation_id(path).build()?;
/// # let _ = logger;
/// # Ok(())
/// # }
/// ```
///
/// At the event level the payload must be `Serialize`. A path of members alone is
/// followed without making a tree of the payload. At the http level the path is applied
/// to [the view of the request](powertools_core::http::request_view) without its body, at
/// the runtime level to the raw event.
///
/// The value is written as it was found, also a number or an object, up to 1 KiB. A request
/// that has none, or null, or on which the expression fails, has no correlation id.
#[derive(Clone)]
pub struct CorrelationIdPath(Path);

#[derive(Clone)]
enum Path {
    BuiltIn(&'static [&'static str]),
    Members(Vec<String>),
    Expression(Expression),
}

impl CorrelationIdPath {
    /// `requestContext.requestId`: REST APIs.
    pub const API_GATEWAY_REST: Self = Self(Path::BuiltIn(&["requestContext", "requestId"]));
    /// `requestContext.requestId`: HTTP APIs.
    pub const API_GATEWAY_HTTP: Self = Self::API_GATEWAY_REST;
    /// `requestContext.requestId`: authorizers of AppSync.
    pub const APPSYNC_AUTHORIZER: Self = Self::API_GATEWAY_REST;
    /// `requestContext.requestId`: function URLs.
    pub const LAMBDA_FUNCTION_URL: Self = Self::API_GATEWAY_REST;
    /// `request.headers."x-amzn-trace-id"`: resolvers of AppSync.
    pub const APPSYNC_RESOLVER: Self =
        Self(Path::BuiltIn(&["request", "headers", "x-amzn-trace-id"]));
    /// `headers."x-amzn-trace-id"`: load balancers.
    pub const APPLICATION_LOAD_BALANCER: Self =
        Self(Path::BuiltIn(&["headers", "x-amzn-trace-id"]));
    /// `headers."x-amzn-trace-id"`: VPC Lattice.
    pub const VPC_LATTICE: Self = Self::APPLICATION_LOAD_BALANCER;
    /// `id`: EventBridge.
    pub const EVENT_BRIDGE: Self = Self(Path::BuiltIn(&["id"]));
    /// `xAmzRequestId`: S3 Object Lambda.
    pub const S3_OBJECT_LAMBDA: Self = Self(Path::BuiltIn(&["xAmzRequestId"]));

    /// A path of your own: a [JMESPath expression](powertools_jmespath).
    ///
    /// # Errors
    ///
    /// The expression cannot be used.
    pub fn new(expression: &str) -> Result<Self, Error> {
        let expression = Expression::new(expression)?;
        let members = expression
            .as_fields()
            .map(|names| names.map(ToOwned::to_owned).collect());
        Ok(Self(match members {
            Some(members) => Path::Members(members),
            None => Path::Expression(expression),
        }))
    }

    /// The value in a `Serialize`.
    fn find(&self, event: &(impl Serialize + ?Sized), out: &mut Vec<u8>) -> bool {
        match &self.0 {
            Path::BuiltIn(names) => pick(event, names, out, &RULES),
            Path::Members(names) => pick(event, names, out, &RULES),
            Path::Expression(expression) => {
                serde_json::to_value(event).is_ok_and(|event| search(expression, &event, out))
            }
        }
    }

    /// The value in an http request.
    fn find_in_http<B>(&self, request: &http::Request<B>, out: &mut Vec<u8>) -> bool {
        let found = match &self.0 {
            Path::BuiltIn(names) => http_member(request, names),
            Path::Members(names) => http_member(request, names),
            Path::Expression(_) => None,
        };
        match found {
            Some(Member::Text(text)) => {
                json::text(out, text, MAX_ID);
                true
            }
            Some(Member::Absent) => false,
            None => self.find(&request_head_view(request), out),
        }
    }
}

fn search(expression: &Expression, event: &Value, out: &mut Vec<u8>) -> bool {
    let Ok(found) = expression.search(event) else {
        return false;
    };
    if found.is_null() {
        return false;
    }
    json::serialize(out, &*found, &RULES);
    true
}

/// A member of a request that is found without its view.
enum Member<'a> {
    Text(&'a str),
    Absent,
}

fn http_member<'a, B>(
    request: &'a http::Request<B>,
    path: &[impl AsRef<str>],
) -> Option<Member<'a>> {
    let text = match path {
        [headers, name] if headers.as_ref() == "headers" => {
            let name = name.as_ref();
            // The view has names in lower case.
            if RULES.hides(name) {
                // The way through the view hides it.
                return None;
            }
            let is_shown = !name.bytes().any(|byte| byte.is_ascii_uppercase());
            let mut values = request.headers().get_all(name).iter();
            let last = values.next_back().filter(|_| is_shown);
            last.map(|value| value.to_str())
        }
        #[cfg(feature = "lambda-http")]
        [context, id] if context.as_ref() == "requestContext" && id.as_ref() == "requestId" => {
            request_id(request).map(Ok)
        }
        _ => return None,
    };
    match text {
        Some(Ok(text)) => Some(Member::Text(text)),
        // Not ASCII: the view knows how to show it.
        Some(Err(_)) => None,
        None => Some(Member::Absent),
    }
}

#[cfg(feature = "lambda-http")]
fn request_id<B>(request: &http::Request<B>) -> Option<&str> {
    use lambda_http::request::RequestContext;

    match request.extensions().get()? {
        RequestContext::ApiGatewayV1(context) => context.request_id.as_deref(),
        RequestContext::ApiGatewayV2(context) => context.request_id.as_deref(),
        RequestContext::WebSocket(context) => context.request_id.as_deref(),
        _ => None,
    }
}

/// Whether an extractor, which may be anybody's, has written a value of JSON. It becomes
/// one line, bounded, and without what the rules hide.
pub(crate) fn check(id: &mut Vec<u8>, rules: &Rules) -> bool {
    // A path's own mark may stand behind the most that it writes.
    const MOST: usize = MAX_ID + 32;
    // Nearly always: a short string in which nothing is escaped.
    if let [b'"', inner @ .., b'"'] = id.as_slice()
        && inner.len() <= MOST
        && inner.is_ascii()
        && json::is_all_clean(inner)
    {
        return true;
    }
    let Ok(found) = serde_json::from_slice::<&RawValue>(id) else {
        return false;
    };
    let mut checked = Vec::new();
    json::serialize(
        &mut checked,
        found,
        &rules.clone().with_max_field_bytes(MOST),
    );
    *id = checked;
    true
}

/// Text as it is, everything else as JSON.
fn as_text(json: &[u8]) -> Option<String> {
    let text = serde_json::from_slice(json).ok();
    text.or_else(|| String::from_utf8(json.to_vec()).ok())
}

fn extract<R>(path: &impl Extract<R>, request: &R) -> Option<String> {
    let mut json = Vec::new();
    path.extract_json(request, &mut json)
        .then(|| as_text(&json))
        .flatten()
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<T: Serialize> Extract<lambda_runtime::LambdaEvent<T>> for CorrelationIdPath {
    fn extract(&self, event: &lambda_runtime::LambdaEvent<T>) -> Option<String> {
        extract(self, event)
    }

    fn extract_json(&self, event: &lambda_runtime::LambdaEvent<T>, json: &mut Vec<u8>) -> bool {
        self.find(&event.payload, json)
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl Extract<lambda_runtime::LambdaInvocation> for CorrelationIdPath {
    fn extract(&self, invocation: &lambda_runtime::LambdaInvocation) -> Option<String> {
        extract(self, invocation)
    }

    fn extract_json(
        &self,
        invocation: &lambda_runtime::LambdaInvocation,
        json: &mut Vec<u8>,
    ) -> bool {
        let event = serde_json::from_slice::<Value>(&invocation.body);
        event.is_ok_and(|event| self.find(&event, json))
    }
}

impl<B> Extract<http::Request<B>> for CorrelationIdPath {
    fn extract(&self, request: &http::Request<B>) -> Option<String> {
        extract(self, request)
    }

    fn extract_json(&self, request: &http::Request<B>, json: &mut Vec<u8>) -> bool {
        self.find_in_http(request, json)
    }
}

impl<T: Serialize> Extract<Record<T>> for CorrelationIdPath {
    fn extract(&self, record: &Record<T>) -> Option<String> {
        extract(self, record)
    }

    fn extract_json(&self, record: &Record<T>, json: &mut Vec<u8>) -> bool {
        self.find(&**record, json)
    }
}

impl fmt::Debug for CorrelationIdPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("CorrelationIdPath");
        match &self.0 {
            Path::BuiltIn(names) => debug.field(names),
            Path::Members(names) => debug.field(names),
            Path::Expression(expression) => debug.field(expression),
        };
        debug.finish()
    }
}
