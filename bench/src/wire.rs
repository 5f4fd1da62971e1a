//! HTTP/1.1 by hand, for both ends of the load: as little work as possible, so that the load costs less than what it loads.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A free port of loopback.
pub const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Bytes of one message, head and body.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
const READ_BYTES: usize = 8 * 1024;

/// A connection that stays open.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the message ends that was received last.
    end: usize,
}

/// A request or a response.
pub struct Message<'a> {
    head: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Wire {
    /// Connects to a server.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self::new(TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?))
    }

    /// Talks over a connection that is there.
    pub fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: Vec::with_capacity(READ_BYTES), end: 0 }
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// The next message; `None` where the other side closed after the one before.
    pub async fn receive(&mut self) -> anyhow::Result<Option<Message<'_>>> {
        self.buffer.drain(..self.end);
        self.end = 0;
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read().await? {
                ensure!(self.buffer.is_empty(), "the other side closed in the middle of a message");
                return Ok(None);
            }
        };
        let head = std::str::from_utf8(&self.buffer[..head_end]).context("a head that is no UTF-8")?;
        let length = header(head, "content-length").unwrap_or("0").parse::<usize>().context("content-length")?;
        ensure!(header(head, "transfer-encoding").is_none(), "a body of unknown length: {head}");
        self.end = head_end + length;
        while self.buffer.len() < self.end {
            ensure!(self.read().await?, "the other side closed in the middle of a body");
        }
        let head = std::str::from_utf8(&self.buffer[..head_end]).context("a head that is no UTF-8")?;
        Ok(Some(Message { head, body: &self.buffer[head_end..self.end] }))
    }

    async fn read(&mut self) -> anyhow::Result<bool> {
        ensure!(self.buffer.len() < MESSAGE_BYTES_MAX, "a message of more than {MESSAGE_BYTES_MAX} bytes");
        self.buffer.reserve(READ_BYTES);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// Sends a request and fails unless it is answered with the status `expected`.
    pub async fn exchange(&mut self, request: &[u8], expected: u16) -> anyhow::Result<()> {
        self.send(request).await?;
        let Some(response) = self.receive().await? else { bail!("closed without a response") };
        let status = response.status()?;
        ensure!(
            status == expected,
            "answered {status} where {expected} was expected: {}",
            String::from_utf8_lossy(response.body)
        );
        Ok(())
    }
}

impl Message<'_> {
    /// A header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// The path of a request.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    fn status(&self) -> anyhow::Result<u16> {
        self.head.split(' ').nth(1).unwrap_or_default().parse().context("a response without a status")
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (given, value) = line.split_once(':')?;
        given.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
