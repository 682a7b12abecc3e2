use std::future::{Future, ready};

use powertools_core::{LayerError, Record};
use serde::{Serialize, de::DeserializeOwned};

use super::{Exchange, Kept, json};
use crate::{ExchangeSettings, IdempotencyError, Identity};

/// The payload is the record, the answer what the handler returns.
impl<T, Res, Err> Exchange<Res, Err> for Record<T>
where
    T: Serialize + Send + Sync + 'static,
    Res: Serialize + DeserializeOwned + Send,
{
    type Error = LayerError<Err, IdempotencyError>;

    fn identify(
        self,
        settings: &ExchangeSettings,
    ) -> impl Future<Output = Result<(Self, Identity), IdempotencyError>> + Send {
        let identity = settings.keys().of_static(&*self);
        ready(identity.map(|identity| (self, identity)))
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
