//! Names the utility in each request, without a change to the user's client.

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut,
    },
    error::BoxError,
};
use powertools_core::{Env, user_agent};

#[derive(Debug, Clone)]
pub(super) struct UserAgent(String);

impl UserAgent {
    pub(super) fn new(env: &Env) -> Self {
        Self(user_agent("idempotency", env))
    }
}

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "PowertoolsUserAgent"
    }

    // The header is no part of what is signed.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let whole = match headers.get("user-agent") {
            Some(agent) => format!("{agent} {}", self.0),
            None => self.0.clone(),
        };
        headers.try_insert("user-agent", whole)?;
        Ok(())
    }
}
