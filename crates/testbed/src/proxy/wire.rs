use std::{io, net::SocketAddr};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    frame::{ReplyFrame, RequestFrame},
    peer::Peer,
    protocol::Protocol,
    request::{Content, Request},
};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A client's connection and the server's that belongs to it, cut into messages.
#[derive(Debug)]
pub(super) struct Wire {
    protocol: Protocol,
    number: usize,
    upstream: SocketAddr,
    pub(super) client: Peer,
    /// Connected when there is something to forward.
    server: Option<Peer>,
    /// The client has got its `100 Continue` from the proxy.
    continued: bool,
}

/// How a connection ends.
#[derive(Debug)]
pub(super) enum Stop {
    /// In order: FIN.
    Close,
    /// RST.
    Reset,
}

impl From<io::Error> for Stop {
    /// Where one side breaks, the other one sees it break.
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}

/// A reply that was read in full.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) bytes: Bytes,
    /// So many bytes are not the body.
    pub(super) head: usize,
    pub(super) ends_connection: bool,
}

impl Wire {
    pub(super) fn new(
        number: usize,
        client: Peer,
        upstream: SocketAddr,
        protocol: Protocol,
    ) -> Self {
        Self {
            protocol,
            number,
            upstream,
            client,
            server: None,
            continued: false,
        }
    }

    /// The connection itself, for the rules that act before any byte.
    pub(super) fn as_request(&self) -> Request {
        self.request(Bytes::new(), Content::Connection)
    }

    /// Lets a server speak whose protocol is not known: it may be the one that begins.
    pub(super) async fn begin(&mut self) -> Result<(), Stop> {
        if !self.protocol.pairs_replies() {
            self.server().await?;
        }
        Ok(())
    }

    /// Reads the next request in full. What the server says meanwhile is passed on.
    pub(super) async fn next_request(&mut self) -> Result<Request, Stop> {
        self.continued = false;
        loop {
            match self.protocol.request(&self.client.buffer)? {
                RequestFrame::Whole { len, content } if content.gets_no_reply() => {
                    let bytes = self.client.take(len);
                    self.server().await?.send(&bytes).await?;
                    continue;
                }
                RequestFrame::Whole { len, content } => {
                    // A copy: the log must not keep the buffer that other requests came in.
                    let bytes = Bytes::copy_from_slice(&self.client.take(len));
                    return Ok(self.request(bytes, content));
                }
                RequestFrame::AwaitsContinue if !self.continued => {
                    self.continued = true;
                    self.client.send(CONTINUE).await?;
                }
                RequestFrame::AwaitsContinue | RequestFrame::Partial => {}
            }
            let Some(server) = &mut self.server else {
                if self.client.ended {
                    return Err(Stop::Close);
                }
                self.client.fill().await?;
                continue;
            };
            let unasked = self.protocol.unasked(&server.buffer, server.ended)?;
            if unasked > 0 {
                let bytes = server.take(unasked);
                self.client.send(&bytes).await?;
            } else if server.ended {
                return Err(Stop::Close);
            } else {
                if self.client.ended {
                    // What is left of the client's bytes will never be a request.
                    server.end().await?;
                }
                fill_either(&mut self.client, server).await?;
            }
        }
    }

    /// Forwards a request and passes its reply on as it comes.
    pub(super) async fn pass(&mut self, request: &Request) -> Result<(), Stop> {
        self.server().await?.send(request.bytes()).await?;
        if !self.protocol.pairs_replies() {
            return Ok(());
        }
        let mut sent = 0;
        loop {
            let (frame, server) = self.frame(request).await?;
            let (ready, end) = match frame {
                ReplyFrame::Interim { len, is_continue } => {
                    let interim = server.take(len);
                    self.pass_interim(&interim, is_continue).await?;
                    continue;
                }
                ReplyFrame::Unknown if !server.ended => (0, None),
                ReplyFrame::Unknown | ReplyFrame::Partial => (server.buffer.len(), None),
                ReplyFrame::Whole {
                    len,
                    ends_connection,
                    ..
                } => (len, Some(ends_connection)),
            };
            let fresh = Bytes::copy_from_slice(&server.buffer[sent..ready]);
            sent = ready;
            let server_ended = server.ended;
            self.client.send(&fresh).await?;
            let (client, server) = (&mut self.client, self.server.as_mut());
            match (end, server) {
                (Some(false), Some(server)) => {
                    server.take(sent);
                    return Ok(());
                }
                (None, Some(server)) if !server_ended => fill_either(client, server).await?,
                _ => return Err(Stop::Close),
            }
        }
    }

    /// Forwards a request and reads its reply in full, whether the client still waits or not.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<Reply, Stop> {
        let raw = !self.protocol.pairs_replies();
        let server = self.server().await?;
        // Without a protocol, what was there before is no reply to what comes now.
        let before = if raw { server.take_all() } else { Bytes::new() };
        server.send(request.bytes()).await?;
        self.client.send(&before).await?;
        loop {
            let (frame, server) = self.frame(request).await?;
            match frame {
                ReplyFrame::Whole {
                    len,
                    head,
                    ends_connection,
                } => {
                    let bytes = server.take(len);
                    if ends_connection {
                        self.server = None;
                    }
                    return Ok(Reply {
                        bytes,
                        head,
                        ends_connection,
                    });
                }
                ReplyFrame::Interim { len, is_continue } => {
                    let interim = server.take(len);
                    // The exchange goes on without the client.
                    let _ = self.pass_interim(&interim, is_continue).await;
                }
                _ if server.ended => return Err(Stop::Close),
                ReplyFrame::Unknown | ReplyFrame::Partial if raw => self.fill_raw().await?,
                ReplyFrame::Unknown | ReplyFrame::Partial => server.fill().await?,
            }
        }
    }

    /// Waits for the server; the rest of what it has to reply to may still be on its way.
    async fn fill_raw(&mut self) -> Result<(), Stop> {
        let rest = self.client.take_all();
        self.server().await?.send(&rest).await?;
        let Some(server) = &mut self.server else {
            return Err(Stop::Close);
        };
        Ok(fill_either(&mut self.client, server).await?)
    }

    /// Waits for the release and says whether the client still waits as well.
    pub(super) async fn hold(&mut self, mut released: watch::Receiver<()>) -> Result<bool, Stop> {
        loop {
            if self.client.ended {
                return Ok(false);
            }
            tokio::select! {
                // The rule is released, or is no more. The runtime may not have heard yet that
                // the client has left, but the socket knows.
                _ = released.changed() => {
                    self.client.fill_now()?;
                    return Ok(!self.client.ended);
                }
                read = self.client.fill() => read?,
            }
        }
    }

    /// Ends both connections in order.
    pub(super) async fn close(&mut self) {
        self.server = None;
        self.client.close().await;
    }

    /// Makes both connections break when they are dropped.
    pub(super) fn break_on_drop(&self) {
        self.client.break_on_drop();
        if let Some(server) = &self.server {
            server.break_on_drop();
        }
    }

    async fn server(&mut self) -> io::Result<&mut Peer> {
        let server = match self.server.take() {
            Some(server) => server,
            None => Peer::connect(self.upstream).await?,
        };
        Ok(self.server.insert(server))
    }

    /// What the bytes of the server are so far.
    async fn frame(&mut self, request: &Request) -> io::Result<(ReplyFrame, &mut Peer)> {
        let protocol = self.protocol;
        let server = self.server().await?;
        let frame = protocol.reply(&server.buffer, request, server.ended)?;
        Ok((frame, server))
    }

    async fn pass_interim(&mut self, bytes: &[u8], is_continue: bool) -> io::Result<()> {
        if is_continue && self.continued {
            return Ok(());
        }
        self.client.send(bytes).await
    }

    fn request(&self, bytes: Bytes, content: Content) -> Request {
        Request {
            connection: self.number,
            bytes,
            content,
        }
    }
}

/// Waits until one side has said something; tells the server when the client has ended and
/// nothing of it is left to forward.
async fn fill_either(client: &mut Peer, server: &mut Peer) -> io::Result<()> {
    if client.ended {
        if client.buffer.is_empty() {
            server.end().await?;
        }
        return server.fill().await;
    }
    tokio::select! {
        read = client.fill() => read,
        read = server.fill(), if !server.ended => read,
    }
}
