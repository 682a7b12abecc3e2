use crate::{Invocation, Outcome, Record};

#[cfg(feature = "lambda")]
use lambda_runtime::{Context, LambdaEvent, LambdaInvocation};

/// A request of which a layer can tell the invocation it belongs to.
///
/// Every method has a default, so a request that knows nothing of Lambda needs
/// two empty lines:
///
/// ```
/// use powertools_core::{InvocationRequest, Observe, Outcome};
///
/// struct Job;
///
/// impl InvocationRequest for Job {}
///
/// impl<Res, Err> Observe<Res, Err> for Job {
///     fn outcome(result: &Result<Res, Err>) -> Outcome {
///         if result.is_ok() { Outcome::Ok } else { Outcome::Fault }
///     }
/// }
/// ```
pub trait InvocationRequest {
    /// Lambda's context, if there is one.
    #[cfg(feature = "lambda")]
    #[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
    fn lambda_context(&self) -> Option<&Context> {
        None
    }

    /// The invocation that an outer layer has put on the request.
    fn invocation(&self) -> Option<&Invocation> {
        None
    }

    /// Puts the invocation on the request, if it has a place for it.
    fn set_invocation(&mut self, invocation: &Invocation) {
        let _ = invocation;
    }
}

/// A request of which a layer can tell how its call ended.
pub trait Observe<Res, Err>: InvocationRequest {
    /// The outcome of a call that returned.
    fn outcome(result: &Result<Res, Err>) -> Outcome;

    /// The http status of the answer, if it has one.
    fn status_code(result: &Result<Res, Err>) -> Option<http::StatusCode> {
        let _ = result;
        None
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl InvocationRequest for LambdaInvocation {
    fn lambda_context(&self) -> Option<&Context> {
        Some(&self.context)
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<Err> Observe<(), Err> for LambdaInvocation {
    /// Unknown: errors and panics have been posted and arrive as `Ok(())`.
    fn outcome(_result: &Result<(), Err>) -> Outcome {
        Outcome::Unknown
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<T> InvocationRequest for LambdaEvent<T> {
    fn lambda_context(&self) -> Option<&Context> {
        Some(&self.context)
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<T, Res, Err> Observe<Res, Err> for LambdaEvent<T> {
    fn outcome(result: &Result<Res, Err>) -> Outcome {
        ok_or_fault(result.is_ok())
    }
}

impl<B> InvocationRequest for http::Request<B> {
    #[cfg(feature = "lambda")]
    fn lambda_context(&self) -> Option<&Context> {
        // Where `lambda_http` puts it.
        self.extensions().get()
    }

    fn invocation(&self) -> Option<&Invocation> {
        self.extensions().get()
    }

    fn set_invocation(&mut self, invocation: &Invocation) {
        self.extensions_mut().insert(invocation.clone());
    }
}

impl<B, RB, Err> Observe<http::Response<RB>, Err> for http::Request<B> {
    /// A 5xx response is a fault.
    fn outcome(result: &Result<http::Response<RB>, Err>) -> Outcome {
        ok_or_fault(matches!(result, Ok(response) if !response.status().is_server_error()))
    }

    fn status_code(result: &Result<http::Response<RB>, Err>) -> Option<http::StatusCode> {
        Some(result.as_ref().ok()?.status())
    }
}

impl<T> InvocationRequest for Record<T> {}

impl<T, Res, Err> Observe<Res, Err> for Record<T> {
    fn outcome(result: &Result<Res, Err>) -> Outcome {
        ok_or_fault(result.is_ok())
    }
}

fn ok_or_fault(ok: bool) -> Outcome {
    if ok { Outcome::Ok } else { Outcome::Fault }
}

/// Lambda's request id of a request.
pub(crate) fn request_id<R: InvocationRequest>(request: &R) -> Option<&str> {
    #[cfg(feature = "lambda")]
    if let Some(context) = request.lambda_context() {
        return Some(context.request_id.as_str()).filter(|id| !id.is_empty());
    }
    let _ = request;
    None
}
