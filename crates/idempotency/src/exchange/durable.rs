use std::future::Future;

use super::{Exchange, Kept};
use crate::{Durable, ExchangeSettings, IdempotencyError, Identity};

impl<R, Res, Err> Exchange<Res, Err> for Durable<R>
where
    R: Exchange<Res, Err>,
{
    type Error = R::Error;

    fn is_durable_replay(&self) -> bool {
        self.replays()
    }

    async fn identify(
        self,
        settings: &ExchangeSettings,
    ) -> Result<(Self, Identity), IdempotencyError> {
        let replays = self.replays();
        let (request, identity) = self.into_inner().identify(settings).await?;
        Ok((Self::new(request, replays), identity))
    }

    fn keep(
        response: Res,
        identity: &Identity,
        settings: &ExchangeSettings,
    ) -> impl Future<Output = Kept<Res>> + Send {
        R::keep(response, identity, settings)
    }

    fn replay(json: &str, identity: &Identity) -> Result<Res, IdempotencyError> {
        R::replay(json, identity)
    }

    fn reject(error: IdempotencyError, settings: &ExchangeSettings) -> Result<Res, Self::Error> {
        R::reject(error, settings)
    }

    fn fail(error: Err, unfinished: Option<IdempotencyError>) -> Self::Error {
        R::fail(error, unfinished)
    }
}
