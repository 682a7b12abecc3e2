use std::{
    future::{Future, ready},
    marker::PhantomData,
};

use powertools_core::{InvocationRequest, LayerError};
use serde::{Serialize, de::DeserializeOwned};

use super::{Exchange, Kept, json};
use crate::{ExchangeSettings, IdempotencyError, Identity};

/// One call of a function, which has been identified by its payload.
#[derive(Debug)]
pub(crate) struct Function<Res>(PhantomData<fn(Res)>);

impl<Res> InvocationRequest for Function<Res> {}

impl<Res, Err> Exchange<Res, Err> for Function<Res>
where
    Res: Serialize + DeserializeOwned + Send,
{
    type Error = LayerError<Err, IdempotencyError>;

    fn identify(
        self,
        _settings: &ExchangeSettings,
    ) -> impl Future<Output = Result<(Self, Identity), IdempotencyError>> + Send {
        ready(Ok((self, Identity::default())))
    }

    fn keep(
        response: Res,
        _identity: &Identity,
        _settings: &ExchangeSettings,
    ) -> impl Future<Output = Kept<Res>> + Send {
        ready(json::keep(response))
    }

    fn replay(json: &str, _identity: &Identity) -> Result<Res, IdempotencyError> {
        json::replay(json)
    }

    fn reject(error: IdempotencyError, _settings: &ExchangeSettings) -> Result<Res, Self::Error> {
        Err(LayerError::Layer(error))
    }

    fn fail(error: Err, unfinished: Option<IdempotencyError>) -> Self::Error {
        json::fail(error, unfinished)
    }
}
