use std::{fmt, future::Future};

use tower_layer::Layer;
use tower_service::Service;

use super::StatefulInner;

/// Drives a layer around a [`StatefulInner`]: a readied service, the same one again,
/// a clone of a readied one, and that one itself.
///
/// # Panics
///
/// The layer calls an instance that it has not readied, or calls it too often.
pub async fn assert_drives_readied_instance<L, H, F, R, Res, Err>(
    layer: L,
    request: impl Fn() -> R,
    answer: H,
) where
    L: Layer<StatefulInner<H>>,
    L::Service: Service<R> + Clone,
    <L::Service as Service<R>>::Error: fmt::Debug,
    H: FnMut(R) -> F + Clone,
    F: Future<Output = Result<Res, Err>>,
{
    let inner = StatefulInner::new(answer);
    let mut service = layer.layer(inner.clone());
    for _ in 0..2 {
        call_ready(&mut service, request()).await;
    }
    let mut clone = service.clone();
    ready(&mut service).await;
    // Readied after its original was, and before that is called.
    let mut late = service.clone();
    call_ready(&mut clone, request()).await;
    call_ready(&mut late, request()).await;
    service
        .call(request())
        .await
        .map(drop)
        .expect("the handler answers");
    assert_eq!(inner.calls(), 5, "each call reaches the inner service once");
}

async fn call_ready<S: Service<R>, R>(service: &mut S, request: R)
where
    S::Error: fmt::Debug,
{
    ready(service).await;
    service
        .call(request)
        .await
        .map(drop)
        .expect("the handler answers");
}

async fn ready<S: Service<R>, R>(service: &mut S)
where
    S::Error: fmt::Debug,
{
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .expect("the service gets ready");
}
