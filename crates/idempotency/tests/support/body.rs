//! A body that does what it is told.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};

/// What comes next.
#[derive(Clone)]
pub(crate) enum Part {
    Data(&'static [u8]),
    Fails(&'static str),
    Hangs,
    Panics,
}

#[derive(Default)]
pub(crate) struct Scripted {
    parts: VecDeque<Part>,
    /// What was put together again.
    whole: Option<Bytes>,
    polls: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            parts: parts.into_iter().collect(),
            ..Self::default()
        }
    }

    /// How often it was polled.
    pub(crate) fn polls(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.polls)
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        if let Some(whole) = self.whole.take() {
            return Poll::Ready(Some(Ok(Frame::data(whole))));
        }
        let data = match self.parts.pop_front() {
            None => return Poll::Ready(None),
            Some(Part::Data(data)) => data,
            Some(Part::Fails(text)) => return Poll::Ready(Some(Err(io::Error::other(text)))),
            Some(Part::Hangs) => return Poll::Pending,
            Some(Part::Panics) => panic!("on purpose"),
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(data)))))
    }
}

impl From<Vec<u8>> for Scripted {
    fn from(whole: Vec<u8>) -> Self {
        Self {
            whole: Some(whole.into()),
            ..Self::default()
        }
    }
}

impl From<String> for Scripted {
    fn from(whole: String) -> Self {
        whole.into_bytes().into()
    }
}
