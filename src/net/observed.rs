//! What the bytes of a connection tell and HTTP's parser does not: whether a response has begun, and whether its head was regular.
//! The connection's task notes it as it reads; who waits for the response asks for it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Header lines of a regular head at most.
const LINES_MAX: usize = 100;

/// The response that is expected on a connection. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct ResponseHead(Arc<Mutex<Scan>>);

impl ResponseHead {
    /// Forgets the response before: a request is about to be sent.
    pub(super) fn expect(&self) {
        *self.scan() = Scan::default();
    }

    /// Whether a byte of the response has come.
    pub(super) fn has_begun(&self) -> bool {
        self.scan().has_begun
    }

    /// Whether the head was as HTTP wants it. One with folded or stray lines, or very many, is read as well as it can be, and
    /// where it ended is not certain: its connection must not be used again.
    pub(super) fn is_regular(&self) -> bool {
        !self.scan().is_irregular
    }

    /// Nothing panics while it is held; a poisoned lock would still guard a usable state.
    fn scan(&self) -> MutexGuard<'_, Scan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream whose reads are noted.
pub(super) struct Observed<S> {
    stream: S,
    head: ResponseHead,
}

impl<S> Observed<S> {
    pub(super) fn new(stream: S, head: ResponseHead) -> Self {
        Self { stream, head }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            this.head.scan().read(read);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// How far the head of a response has been read.
#[derive(Default)]
struct Scan {
    has_begun: bool,
    has_ended: bool,
    is_irregular: bool,
    /// Of a `1xx`, which another head follows.
    is_informational: bool,
    lines: usize,
    /// Bytes of the line so far.
    column: usize,
    has_colon: bool,
    /// The byte before was a CR.
    after_cr: bool,
}

impl Scan {
    fn read(&mut self, bytes: &[u8]) {
        self.has_begun = true;
        for &byte in bytes {
            if self.has_ended {
                return;
            }
            match byte {
                b'\n' => self.end_line(),
                b'\r' if !self.after_cr => self.after_cr = true,
                _ => self.read_byte(byte),
            }
        }
    }

    fn read_byte(&mut self, byte: u8) {
        // A CR that ends no line.
        let is_regular = !self.after_cr
            && match (self.lines, self.has_colon) {
                (0, _) => true,
                (_, true) => byte == b'\t' || !byte.is_ascii_control(),
                (_, false) => byte.is_ascii_graphic() && (byte != b':' || self.column > 0),
            };
        self.is_irregular |= !is_regular;
        self.after_cr = false;
        self.has_colon |= byte == b':';
        // `HTTP/1.1 1`
        if self.lines == 0 && self.column == 9 {
            self.is_informational = byte == b'1';
        }
        self.column += 1;
    }

    fn end_line(&mut self) {
        if self.column == 0 {
            self.has_ended = self.lines > 0 && !self.is_informational;
            self.lines = 0;
        } else {
            self.is_irregular |= self.lines > 0 && !self.has_colon;
            self.lines += 1;
            self.is_irregular |= self.lines > LINES_MAX + 1;
        }
        (self.column, self.has_colon, self.after_cr) = (0, false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a head is regular, read at once and byte by byte.
    fn is_regular(response: &str) -> bool {
        let (mut at_once, mut by_bytes) = (Scan::default(), Scan::default());
        at_once.read(response.as_bytes());
        response.as_bytes().chunks(1).for_each(|byte| by_bytes.read(byte));
        assert_eq!(at_once.is_irregular, by_bytes.is_irregular, "{response:?}");
        assert!(at_once.has_ended && by_bytes.has_ended, "{response:?}");
        !at_once.is_irregular
    }

    #[test]
    fn a_head_as_http_wants_it_is_regular_whatever_its_body_has() {
        for head in ["", "a: b\r\n", "a:\r\nx-b:\tc: \u{e9}\r\n", "a: b\n"] {
            assert!(is_regular(&format!("HTTP/1.1 200 OK\r\n{head}\r\nno header\r\n folded\0")), "{head:?}");
        }
        assert!(is_regular("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\na: b\r\n\r\n"));
        assert!(is_regular(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(LINES_MAX))));
    }

    #[test]
    fn folded_stray_and_very_many_lines_are_not() {
        for head in [
            "a: b\r\n c\r\n",
            "a: b\r\n\tc: d\r\n",
            "stray\r\n",
            "a stray: line\r\n",
            ": b\r\n",
            "a: b\0\r\n",
            "a : b\r\n",
        ] {
            assert!(!is_regular(&format!("HTTP/1.1 200 OK\r\n{head}\r\n")), "{head:?}");
        }
        assert!(!is_regular("HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n"));
        assert!(!is_regular("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nstray\r\n\r\n"));
        assert!(!is_regular(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(LINES_MAX + 1))));
    }

    #[test]
    fn the_next_request_expects_a_response_of_its_own() {
        let head = ResponseHead::default();
        head.scan().read(b"HTTP/1.1 200 OK\r\nstray\r\n\r\n");
        assert!(head.has_begun() && !head.is_regular());
        head.expect();
        assert!(!head.has_begun() && head.is_regular());
    }
}
