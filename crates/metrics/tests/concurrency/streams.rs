//! Bodies that are streamed between others.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body::{Body, Frame};
use powertools_core::{StreamScopeLayer, test_util::TestContext};
use powertools_metrics::{Metrics, Unit};
use tokio::task::yield_now;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::{
    ALL, check, expected, layer, record,
    support::{Output, host},
};

/// A body that records in each of its frames, between others.
struct Frames {
    number: usize,
    left: usize,
    fails: bool,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if self.left == 0 {
            return Poll::Ready(self.fails.then_some(Err("no luck")));
        }
        self.left -= 1;
        Metrics::current().add("m", Unit::Count, self.number);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"frame")))))
    }
}

async fn next_frame<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

#[tokio::test]
async fn streamed_bodies_keep_apart_and_write_when_they_end_fail_or_are_dropped() {
    let output = Output::default();
    let layers = ServiceBuilder::new()
        .layer(layer(&output))
        .layer(StreamScopeLayer::new(host([])));
    let calls = (0..ALL).map(|number| {
        let handler = service_fn(move |_: Request<()>| async move {
            record(number);
            yield_now().await;
            Ok::<_, Infallible>(Response::new(Frames {
                number,
                left: 2,
                fails: number % 3 == 1,
            }))
        });
        let request = TestContext::new(&format!("r-{number}")).http("/", ());
        layers.service(handler).oneshot(request)
    });
    let answers = join_all(calls).await;
    let mut bodies: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap().into_body())
        .collect();
    for _ in 0..2 {
        for body in &mut bodies {
            assert!(next_frame(body).await.unwrap().is_ok());
        }
    }
    assert_eq!(output.text(), "");
    for (number, mut body) in bodies.into_iter().enumerate() {
        match number % 3 {
            0 => assert!(next_frame(&mut body).await.is_none()),
            1 => assert!(next_frame(&mut body).await.unwrap().is_err()),
            _ => drop(body),
        }
        assert_eq!(output.json().len(), number + 1);
    }
    check(&output).assert_same_as(&expected(3));
}
