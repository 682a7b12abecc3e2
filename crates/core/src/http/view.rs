use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Extensions, HeaderMap, Method, Request, Uri, request::Parts};
use serde_json::{Map, Value, json};

/// What an http request shows to an expression, such as an idempotency key's.
///
/// The view is fixed, because stored keys depend on it, and has the names of API
/// Gateway's event: `httpMethod`, `path` (its stage stripped), `headers` (names in
/// lower case, the last value), `multiValueHeaders`, `queryStringParameters` (the last
/// value), `multiValueQueryStringParameters`, `body` (text, or base64 with
/// `isBase64Encoded`), and with the feature `lambda-http` the `requestContext`.
///
/// Pass no body for an expression that does not need it.
#[must_use]
pub fn request_view(parts: &Parts, body: Option<&[u8]>) -> Value {
    Head::of_parts(parts).view(body)
}

/// As [`request_view`], of a request whose body is left alone.
#[must_use]
pub fn request_head_view<B>(request: &Request<B>) -> Value {
    let head = Head {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        extensions: request.extensions(),
    };
    head.view(None)
}

/// What stands before the body.
struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> Head<'a> {
    fn of_parts(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }

    fn view(&self, body: Option<&[u8]>) -> Value {
        let (headers, multi_headers) = both_forms(header_pairs(self.headers));
        let query = self.uri.query().unwrap_or_default();
        let (query, multi_query) = both_forms(form_urlencoded::parse(query.as_bytes()));
        let (body, is_base64) = match body.map(|body| (body, std::str::from_utf8(body))) {
            None => (Value::Null, false),
            Some((_, Ok(text))) => (text.into(), false),
            Some((bytes, Err(_))) => (BASE64_STANDARD.encode(bytes).into(), true),
        };
        let mut view = json!({
            "httpMethod": self.method.as_str(),
            "path": self.path(),
            "headers": headers,
            "multiValueHeaders": multi_headers,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": multi_query,
            "body": body,
            "isBase64Encoded": is_base64,
        });
        if let Some(context) = self.request_context() {
            view["requestContext"] = context;
        }
        view
    }

    fn path(&self) -> &str {
        let path = self.uri.path();
        #[cfg(feature = "lambda-http")]
        if let Some(stage) = super::stage(self.extensions) {
            return super::strip_stage(path, stage);
        }
        path
    }

    fn request_context(&self) -> Option<Value> {
        #[cfg(feature = "lambda-http")]
        if let Some(context) = self
            .extensions
            .get::<lambda_http::request::RequestContext>()
        {
            return serde_json::to_value(context).ok();
        }
        // Without the feature nothing is known of it.
        let _ = self.extensions;
        None
    }
}

fn header_pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, String)> {
    headers.iter().map(|(name, value)| {
        (
            name.as_str(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    })
}

/// Each name with its last value, and each name with all of them.
fn both_forms<N, V>(pairs: impl Iterator<Item = (N, V)>) -> (Map<String, Value>, Map<String, Value>)
where
    N: Into<String>,
    V: Into<String>,
{
    let mut last = Map::new();
    let mut all = Map::new();
    for (name, value) in pairs {
        let (name, value) = (name.into(), Value::String(value.into()));
        last.insert(name.clone(), value.clone());
        let values = all.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value);
        }
    }
    (last, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(request: http::request::Builder, body: Option<&[u8]>) -> Value {
        request_view(&request.body(()).unwrap().into_parts().0, body)
    }

    #[test]
    fn names_are_those_of_the_proxy_event() {
        let request = Request::builder()
            .method("POST")
            .uri("/orders?a=1&a=2&b=x%20y")
            .header("X-Dup", "1")
            .header("X-Dup", "2");
        assert_eq!(
            view(request, Some(b"text")),
            json!({
                "httpMethod": "POST",
                "path": "/orders",
                "headers": {"x-dup": "2"},
                "multiValueHeaders": {"x-dup": ["1", "2"]},
                "queryStringParameters": {"a": "2", "b": "x y"},
                "multiValueQueryStringParameters": {"a": ["1", "2"], "b": ["x y"]},
                "body": "text",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn a_body_that_is_no_text_is_base64() {
        let view = view(Request::builder(), Some(b"\xff"));
        assert_eq!(view["body"], "/w==");
        assert_eq!(view["isBase64Encoded"], true);
    }

    #[test]
    fn a_body_that_was_not_read_is_null() {
        assert_eq!(view(Request::builder(), None)["body"], Value::Null);
    }

    #[test]
    fn the_head_of_a_request_shows_as_its_parts_do() {
        let request = Request::put("/a?b=c").header("d", "e").body("f").unwrap();
        let head = request_head_view(&request);
        assert_eq!(head, request_view(&request.into_parts().0, None));
        assert_eq!(head["headers"]["d"], "e");
    }

    #[cfg(feature = "lambda-http")]
    #[test]
    fn the_stage_is_stripped_and_the_request_context_shown() {
        use lambda_http::{
            aws_lambda_events::apigw::ApiGatewayProxyRequestContext, request::RequestContext,
        };

        let mut context = ApiGatewayProxyRequestContext::default();
        context.stage = Some("prod".to_owned());
        context.request_id = Some("r-1".to_owned());
        let request = Request::builder()
            .uri("/prod/orders")
            .extension(RequestContext::ApiGatewayV1(context));
        let view = view(request, None);
        assert_eq!(view["path"], "/orders");
        assert_eq!(view["requestContext"]["requestId"], "r-1");
    }
}
