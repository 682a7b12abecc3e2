use std::ops::{Deref, DerefMut};

use powertools_core::{Invocation, InvocationRequest, Observe, Outcome};

/// A request of a durable function, and whether this run replays what it has done before.
///
/// In a replay a call that stands as running is not refused: it is the same call, which goes on.
/// A completed one is replayed as ever.
///
/// ```
/// use lambda_runtime::LambdaEvent;
/// use powertools_idempotency::Durable;
/// use serde_json::Value;
///
/// fn durable(event: LambdaEvent<Value>) -> Durable<LambdaEvent<Value>> {
///     let operations = event.payload["InitialExecutionState"]["Operations"].as_array();
///     let replays = operations.is_some_and(|operations| operations.len() > 1);
///     Durable::new(event, replays)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Durable<R> {
    request: R,
    replays: bool,
}

impl<R> Durable<R> {
    /// A request, and whether it replays.
    #[must_use]
    pub fn new(request: R, replays: bool) -> Self {
        Self { request, replays }
    }

    /// Whether this run replays what was done before.
    #[must_use]
    pub fn replays(&self) -> bool {
        self.replays
    }

    /// The request itself.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.request
    }
}

impl<R> Deref for Durable<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.request
    }
}

impl<R> DerefMut for Durable<R> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.request
    }
}

impl<R: InvocationRequest> InvocationRequest for Durable<R> {
    #[cfg(feature = "lambda")]
    fn lambda_context(&self) -> Option<&lambda_runtime::Context> {
        self.request.lambda_context()
    }

    fn invocation(&self) -> Option<&Invocation> {
        self.request.invocation()
    }

    fn set_invocation(&mut self, invocation: &Invocation) {
        self.request.set_invocation(invocation);
    }
}

impl<R: Observe<Res, Err>, Res, Err> Observe<Res, Err> for Durable<R> {
    fn outcome(result: &Result<Res, Err>) -> Outcome {
        R::outcome(result)
    }

    fn status_code(result: &Result<Res, Err>) -> Option<http::StatusCode> {
        R::status_code(result)
    }
}
