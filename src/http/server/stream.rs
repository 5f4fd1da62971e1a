//! A connection's socket, which notes what the client sends and takes, and the bodies of requests and responses, which note their ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::{Connection, Phase};

/// Bytes that are discarded of a body that nobody wants.
const DISCARDED_BYTES_MAX: usize = 8 << 20;
/// Bytes that are discarded at once.
const DISCARDED_AT_ONCE_BYTES: usize = 8 << 10;

/// The socket.
pub(super) struct Stream {
    tcp: TcpStream,
    connection: Arc<Connection>,
    /// Set once all is written and the client was told.
    is_shut: bool,
    discarded_bytes: usize,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, connection: Arc<Connection>) -> Self {
        Self { tcp, connection, is_shut: false, discarded_bytes: 0 }
    }

    /// Reads what the client still sends of a body that was refused. Closing before that would reset the connection, and the client
    /// would lose the response.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; DISCARDED_AT_ONCE_BYTES];
        while self.discarded_bytes < DISCARDED_BYTES_MAX {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.tcp).poll_read(context, &mut buffer) {
                // Nothing has come, or the client has read the response and closed.
                Poll::Pending if self.discarded_bytes == 0 => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.discarded_bytes += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Without the bytes that the client does not take, which the system would keep for minutes.
impl Drop for Stream {
    fn drop(&mut self) {
        if self.connection.is_stalled() {
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.connection.note_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.connection.note_write(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, pieces);
        self.connection.note_write(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.tcp).poll_shutdown(context))?;
            self.is_shut = true;
            self.connection.enter(Phase::Closing);
        }
        self.poll_discard(context)
    }
}

/// The body of a request. Where it is dropped before its end, the connection cannot be used again.
pub(super) struct RequestBody {
    body: Incoming,
    connection: Arc<Connection>,
    is_read: bool,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, connection: Arc<Connection>) -> Self {
        Self { body, connection, is_read: false }
    }
}

impl hyper::body::Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_read |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.is_read && !hyper::body::Body::is_end_stream(&self.body) {
            self.connection.note_body_unread();
        }
    }
}

/// The body of a response. When it is dropped, the connection waits for the next request.
pub(super) struct ResponseBody {
    pub(super) body: Body,
    pub(super) connection: Arc<Connection>,
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.connection.enter(Phase::Idle);
    }
}
