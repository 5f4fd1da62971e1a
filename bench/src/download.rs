//! A partner who reads lists of any length and keeps nothing of them.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Bytes of the end of a response that are retained: the cursor is there.
const TAIL_BYTES: usize = 256;

/// A connection with an API key.
pub struct Partner {
    sender: SendRequest<Empty<Bytes>>,
    authorization: String,
}

/// A response that was read to its end.
pub struct Downloaded {
    /// Bytes of its body.
    pub bytes: u64,
    /// JSON objects in it, counted by their braces: no text of the bench has any.
    pub objects: u64,
    tail: Vec<u8>,
}

impl Partner {
    /// Connects.
    pub async fn connect(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, authorization: format!("Bearer {key}") })
    }

    /// Reads a path to its end.
    pub async fn read(&mut self, path: &str) -> anyhow::Result<Downloaded> {
        self.read_reporting(path, |_| ()).await
    }

    /// [`Partner::read`] that reports how many more objects have come.
    pub async fn read_reporting(&mut self, path: &str, report: impl Fn(u64)) -> anyhow::Result<Downloaded> {
        let request = hyper::Request::get(path)
            .header(HOST, "localhost")
            .header(AUTHORIZATION, &self.authorization)
            .body(Empty::new())?;
        self.sender.ready().await?;
        let mut response = self.sender.send_request(request).await?;
        ensure!(response.status().is_success(), "{path} was answered with {}", response.status());
        let mut read = Downloaded { bytes: 0, objects: 0, tail: Vec::new() };
        while let Some(frame) = response.body_mut().frame().await {
            if let Ok(data) = frame.context("a response that broke off")?.into_data() {
                let before = read.objects;
                read.take(&data);
                report(read.objects - before);
            }
        }
        Ok(read)
    }
}

impl Downloaded {
    fn take(&mut self, data: &[u8]) {
        self.bytes += data.len() as u64;
        self.objects += data.iter().filter(|byte| **byte == b'{').count() as u64;
        self.tail.extend_from_slice(&data[data.len().saturating_sub(TAIL_BYTES)..]);
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    /// The cursor of the next page.
    pub fn next_cursor(&self) -> Option<&str> {
        let tail = std::str::from_utf8(&self.tail).ok()?;
        tail.rsplit_once("\"next_cursor\":\"")?.1.split('"').next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_found_across_pieces() {
        let mut read = Downloaded { bytes: 0, objects: 0, tail: Vec::new() };
        read.take(&[b'x'; 1000]);
        read.take(b"{\"a\":1}],\"next_cur");
        assert_eq!(read.next_cursor(), None);
        read.take(b"sor\":\"AbC_-9\"}");
        assert_eq!((read.next_cursor(), read.bytes, read.objects), (Some("AbC_-9"), 1032, 1));
    }
}
