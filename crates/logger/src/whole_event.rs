use powertools_core::{Extract, Record, http::request_head_view};
use serde::Serialize;

/// Shows the whole event, for [`LoggerBuilder::log_event`](crate::LoggerBuilder::log_event):
/// the payload, the record, or the [view](powertools_core::http::request_view) of an http
/// request without its body.
#[derive(Debug, Clone, Copy, Default)]
pub struct WholeEvent;

fn write(event: &(impl Serialize + ?Sized), json: &mut Vec<u8>) -> bool {
    let start = json.len();
    let written = serde_json::to_writer(&mut *json, event).is_ok();
    if !written {
        json.truncate(start);
    }
    written
}

fn text<R>(event: &impl Extract<R>, request: &R) -> Option<String> {
    let mut json = Vec::new();
    event
        .extract_json(request, &mut json)
        .then(|| String::from_utf8(json).ok())
        .flatten()
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<T: Serialize> Extract<lambda_runtime::LambdaEvent<T>> for WholeEvent {
    fn extract(&self, event: &lambda_runtime::LambdaEvent<T>) -> Option<String> {
        text(self, event)
    }

    fn extract_json(&self, event: &lambda_runtime::LambdaEvent<T>, json: &mut Vec<u8>) -> bool {
        write(&event.payload, json)
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl Extract<lambda_runtime::LambdaInvocation> for WholeEvent {
    fn extract(&self, invocation: &lambda_runtime::LambdaInvocation) -> Option<String> {
        text(self, invocation)
    }

    fn extract_json(
        &self,
        invocation: &lambda_runtime::LambdaInvocation,
        json: &mut Vec<u8>,
    ) -> bool {
        json.extend_from_slice(&invocation.body);
        true
    }
}

impl<B> Extract<http::Request<B>> for WholeEvent {
    fn extract(&self, request: &http::Request<B>) -> Option<String> {
        text(self, request)
    }

    fn extract_json(&self, request: &http::Request<B>, json: &mut Vec<u8>) -> bool {
        write(&request_head_view(request), json)
    }
}

impl<T: Serialize> Extract<Record<T>> for WholeEvent {
    fn extract(&self, record: &Record<T>) -> Option<String> {
        text(self, record)
    }

    fn extract_json(&self, record: &Record<T>, json: &mut Vec<u8>) -> bool {
        write(&**record, json)
    }
}
