//! What the management API answers a command, within the process or over HTTP.

use bytes::Bytes;

/// Bytes of an answer.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;

/// An answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}
