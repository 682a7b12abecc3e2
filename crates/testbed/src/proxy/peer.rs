use std::{
    io::{self, Read as _},
    net::SocketAddr,
    pin::pin,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time,
};

/// How long a closed connection is read on, so that no unread byte turns its end (FIN) into
/// a break (RST).
const DRAIN: Duration = Duration::from_secs(5);

/// How much is asked for in one read: more than a TLS record holds.
const READ: usize = 32 * 1024;

/// One side of a connection: the client's or the server's.
#[derive(Debug)]
pub(super) struct Peer {
    stream: TcpStream,
    /// Read and not yet used.
    pub(super) buffer: BytesMut,
    /// It will send nothing more.
    pub(super) ended: bool,
    /// We have told it that we will send nothing more.
    told: bool,
}

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Without it, small pieces would wait for one another. It fails only on a socket
        // that is already gone, which the next read says.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            buffer: BytesMut::new(),
            ended: false,
            told: false,
        }
    }

    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::new(TcpStream::connect(address).await?))
    }

    /// Reads what there is, or notes the end. May be dropped at any time.
    pub(super) async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(READ);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            self.ended = true;
        }
        Ok(())
    }

    /// Reads what the socket has at this moment, or notes the end, without waiting. What the
    /// runtime knows of the socket may be older.
    pub(super) fn fill_now(&mut self) -> io::Result<()> {
        let socket = SockRef::from(&self.stream);
        let mut piece = [0; 4096];
        while !self.ended {
            match (&*socket).read(&mut piece) {
                Ok(0) => self.ended = true,
                Ok(read) => self.buffer.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes the first `len` bytes out of what was read.
    pub(super) fn take(&mut self, len: usize) -> Bytes {
        self.buffer.split_to(len).freeze()
    }

    /// Takes all that was read.
    pub(super) fn take_all(&mut self) -> Bytes {
        self.take(self.buffer.len())
    }

    /// Writes, and reads meanwhile: two sides that only write would wait for each other.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut reader, mut writer) = self.stream.split();
        let mut write = pin!(writer.write_all(bytes));
        loop {
            self.buffer.reserve(READ);
            tokio::select! {
                biased;
                written = &mut write => return written,
                read = reader.read_buf(&mut self.buffer), if !self.ended => {
                    self.ended = read? == 0;
                }
            }
        }
    }

    /// Says that nothing more will be sent.
    pub(super) async fn end(&mut self) -> io::Result<()> {
        if !self.told {
            self.told = true;
            self.stream.shutdown().await?;
        }
        Ok(())
    }

    /// Ends the connection in order: FIN.
    pub(super) async fn close(&mut self) {
        let drained = async {
            self.end().await?;
            while !self.ended {
                self.buffer.clear();
                self.fill().await?;
            }
            io::Result::Ok(())
        };
        // Whether the other side was still there makes no difference.
        let _ = time::timeout(DRAIN, drained).await;
    }

    /// Makes the connection break when it is dropped: RST.
    pub(super) fn break_on_drop(&self) {
        // Fails only on a socket that is already gone.
        let _ = self.stream.set_zero_linger();
    }
}
