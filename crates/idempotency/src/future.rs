use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use powertools_core::{Invocation, Observe, Observed};
use tower_service::Service;

use crate::{
    Exchange, IdempotencyConfig, IdempotencyStore, KeepErrors, ReplayHook,
    engine::{Failure, execute},
};

pin_project! {
    /// Future of [`Idempotency`](crate::Idempotency).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, R, Res, Err>
    where
        R: Exchange<Res, Err>,
    {
        #[pin]
        inner: Observed<Either<F, R, Res, Err>, R, ()>,
    }
}

impl<F, R, Res, Err> ResponseFuture<F, R, Res, Err>
where
    R: Exchange<Res, Err>,
{
    pub(crate) fn new(inner: Observed<Either<F, R, Res, Err>, R, ()>) -> Self {
        Self { inner }
    }
}

impl<F, R, Res, Err> Future for ResponseFuture<F, R, Res, Err>
where
    F: Future<Output = Result<Res, Err>>,
    R: Exchange<Res, Err> + Observe<Res, R::Error>,
{
    type Output = Result<Res, R::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl<F, R, Res, Err> fmt::Debug for ResponseFuture<F, R, Res, Err>
where
    R: Exchange<Res, Err>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pin_project! {
    /// The handler's future itself where idempotency is disabled; else all that is done around
    /// it, in one box.
    #[project = EitherProjection]
    pub(crate) enum Either<F, R, Res, Err>
    where
        R: Exchange<Res, Err>,
    {
        Direct { #[pin] future: F },
        Store { future: Boxed<Result<Res, R::Error>>, _request: PhantomData<fn(R)> },
    }
}

impl<F, R, Res, Err> Future for Either<F, R, Res, Err>
where
    F: Future<Output = Result<Res, Err>>,
    R: Exchange<Res, Err>,
{
    type Output = Result<Res, R::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            EitherProjection::Direct { future } => {
                let result = ready!(future.poll(cx));
                Poll::Ready(result.map_err(|error| R::fail(error, None)))
            }
            EitherProjection::Store { future, .. } => future.as_mut().poll(cx),
        }
    }
}

/// One call, as a service of the invocation that it belongs to.
pub(crate) struct Call<'a, S, St, H, F> {
    inner: Option<S>,
    config: &'a IdempotencyConfig<St, H, F>,
    invocation: Invocation,
}

impl<'a, S, St, H, F> Call<'a, S, St, H, F> {
    pub(crate) fn new(
        inner: S,
        config: &'a IdempotencyConfig<St, H, F>,
        invocation: Invocation,
    ) -> Self {
        Self {
            inner: Some(inner),
            config,
            invocation,
        }
    }
}

impl<S, R, St, H, F> Service<R> for Call<'_, S, St, H, F>
where
    S: Service<R> + Send + 'static,
    S::Future: Send,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    R: Exchange<S::Response, S::Error> + 'static,
    St: IdempotencyStore,
    H: ReplayHook<S::Response>,
    F: KeepErrors<S::Error>,
{
    type Response = S::Response;
    type Error = R::Error;
    type Future = Either<S::Future, R, S::Response, S::Error>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), R::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut inner = self.inner.take().expect("it is called once");
        if self.config.shared.settings.disabled {
            return Either::Direct {
                future: inner.call(request),
            };
        }
        let future = idempotent_call(self.config.clone(), self.invocation.clone(), inner, request);
        Either::Store {
            future: Box::pin(future),
            _request: PhantomData,
        }
    }
}

async fn idempotent_call<S, R, St, H, F>(
    config: IdempotencyConfig<St, H, F>,
    invocation: Invocation,
    mut inner: S,
    request: R,
) -> Result<S::Response, R::Error>
where
    S: Service<R>,
    R: Exchange<S::Response, S::Error>,
    St: IdempotencyStore,
    H: ReplayHook<S::Response>,
    F: KeepErrors<S::Error>,
{
    let IdempotencyConfig { shared, replays } = config;
    let exchange = &shared.settings.exchange;
    let replays = replays || request.is_durable_replay();
    let (request, identity) = match request.identify(exchange).await {
        Ok(identified) => identified,
        Err(error) => return R::reject(error, exchange),
    };
    let run = move || inner.call(request);
    execute::<R, _, _, _, _, _, _>(&shared, &invocation, identity, replays, run)
        .await
        .or_else(|failure: Failure<S::Error>| failure.into_result::<R, _>(exchange))
}
