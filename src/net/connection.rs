//! An open connection: sends one request at a time, and knows how the response to it began.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::net::error::Cause;
use crate::net::observed::{Observed, ResponseHead};

/// The buffer of a connection, in bytes. A response's head that does not fit is an error; one that arrives whole with
/// the read that fills the buffer still passes.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Headers of a response at most.
const HEADERS_MAX: usize = 512;

/// The request as HTTP's layer takes it.
pub(super) type Message = hyper::Request<Full<Bytes>>;

/// One end of a connection; the other end is driven by a task that ends with it.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    head: ResponseHead,
    /// The other side asked for a client certificate, which was not sent.
    wants_certificate: bool,
}

/// A request that got no response.
pub(super) struct Unanswered {
    pub(super) cause: Cause,
    /// The request, where surely nothing of it was sent.
    pub(super) unsent: Option<Message>,
    /// Whether a byte of the response had come.
    pub(super) has_begun: bool,
}

impl Connection {
    /// Speaks HTTP/1.1 on a fresh stream. Its task ends when the connection does or when this end is dropped.
    pub(super) async fn start<S>(stream: S, wants_certificate: bool) -> Result<Self, Cause>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let head = ResponseHead::default();
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER_BYTES_MAX).max_headers(HEADERS_MAX);
        // What a receiver's proxies make of its headers does not undo its status.
        builder.allow_obsolete_multiline_headers_in_responses(true);
        builder.allow_spaces_after_header_name_in_responses(true).ignore_invalid_headers_in_responses(true);
        let stream = TokioIo::new(Observed::new(stream, head.clone()));
        let (sender, connection) = builder.handshake(stream).await.map_err(|error| Cause::of_http(&error))?;
        // An error of the connection reaches whoever waits for its response; of an idle one it means nothing.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self { sender, head, wants_certificate })
    }

    /// Sends a request and reads the head of its response.
    pub(super) async fn send(&mut self, message: Message) -> Result<hyper::Response<Incoming>, Unanswered> {
        self.head.expect();
        self.sender.try_send_request(message).await.map_err(|mut failed| {
            let has_begun = self.head.has_begun();
            let cause = match Cause::of_http(failed.error()) {
                // With TLS 1.3 the other side refuses after the handshake, and its alert may be lost in a reset.
                Cause::Reset | Cause::Cut if self.wants_certificate && !has_begun => Cause::ClientCertificate,
                cause => cause,
            };
            Unanswered { cause, unsent: failed.take_message(), has_begun }
        })
    }

    /// Whether it is open and has nothing to do.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether the last response leaves it fit for another request. Waits until the response has ended.
    pub(super) async fn is_reusable(&mut self) -> bool {
        self.head.is_regular() && self.sender.ready().await.is_ok()
    }
}
