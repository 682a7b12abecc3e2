use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Bytes, extract::Request, http::StatusCode, response::Response};
use http_body_util::BodyExt as _;
use testbed::proxy::{Protocol, Proxy};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    time,
};

/// A test that has not ended after this time never will.
pub(crate) async fn within<T>(test: impl Future<Output = T>) -> T {
    time::timeout(Duration::from_secs(30), test)
        .await
        .expect("the test ends in time")
}

/// An HTTP server that notes what it has done and answers `<how many>:<body>`.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    acts: Arc<watch::Sender<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            acts: Arc::default(),
        };
        let acting = server.clone();
        let app = Router::new().fallback(move |request| acting.clone().act(request));
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub(crate) async fn behind_a_proxy() -> (Self, Proxy) {
        let server = Self::start().await;
        let proxy = Proxy::in_front_of(server.address, Protocol::Http).await;
        (server, proxy)
    }

    /// `METHOD /path body` of every request, in order.
    pub(crate) fn acts(&self) -> Vec<String> {
        self.acts.borrow().clone()
    }

    /// Waits until the server has done this much.
    pub(crate) async fn has_acted(&self, times: usize) {
        let mut acts = self.acts.subscribe();
        acts.wait_for(|acts| acts.len() >= times).await.unwrap();
    }

    async fn act(self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body
            .trailers()
            .map(|t| format!(" {t:?}"))
            .unwrap_or_default();
        let body = String::from_utf8(body.to_bytes().to_vec()).unwrap();
        let act = format!("{} {} {body}{trailers}", parts.method, parts.uri);
        self.acts.send_modify(|acts| acts.push(act));
        let count = self.acts().len();
        let mut response = Response::new(Bytes::from(format!("{count}:{body}")).into());
        if parts.uri.path() == "/empty" {
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.body_mut() = axum::body::Body::empty();
        }
        response
    }
}

/// A connection to a proxy that shows the bytes as they are.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) async fn connect(proxy: &Proxy) -> Self {
        Self(TcpStream::connect(proxy.address()).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) {
        self.send(post(path, body)).await;
    }

    /// Posts and gives the body of the reply.
    pub(crate) async fn asks(&mut self, path: &str, body: &str) -> io::Result<String> {
        self.0.write_all(post(path, body).as_bytes()).await?;
        Ok(self.reply().await?.1)
    }

    /// The head and the body of a reply that has a `content-length`.
    pub(crate) async fn reply(&mut self) -> io::Result<(String, String)> {
        let head = self.until("\r\n\r\n").await?;
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok((head, String::from_utf8(body).unwrap()))
    }

    /// Reads up to and with this text.
    pub(crate) async fn until(&mut self, end: &str) -> io::Result<String> {
        let mut read = String::new();
        while !read.ends_with(end) {
            read.push(char::from(self.0.read_u8().await?));
        }
        Ok(read)
    }

    /// Reads up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> io::Result<String> {
        let mut read = Vec::new();
        self.0.read_to_end(&mut read).await?;
        Ok(String::from_utf8(read).unwrap())
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn hears_nothing(&mut self) -> bool {
        let read = self.0.read_u8();
        time::timeout(Duration::from_millis(100), read)
            .await
            .is_err()
    }

    pub(crate) fn into_inner(self) -> TcpStream {
        self.0
    }
}

pub(crate) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Waits for the first connection to a server that the test writes itself.
pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) fn is_reset<T: std::fmt::Debug>(result: io::Result<T>) {
    let error = result.expect_err("the connection is reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}
