//! What was sent besides words, as it is fetched from any platform.

use bytes::Bytes;

use crate::net;

/// What is fetched.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The platform's id of it.
    pub external_id: &'a str,
    /// The SHA-256 of its bytes, hexadecimal or Base64, where the platform gave one.
    pub sha256: Option<&'a str>,
    /// More bytes are not fetched.
    pub bytes_max: usize,
}

/// What became of an attempt to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchOutcome {
    /// All of it.
    Fetched(Bytes),
    /// It may work later; why it did not, in an operator's words.
    Retry(String),
    /// It never will, in an operator's words.
    GiveUp(String),
}

/// What is said of a medium with more bytes than are fetched.
pub(super) fn too_large(wanted: Wanted<'_>) -> FetchOutcome {
    FetchOutcome::GiveUp(format!("It has more than {} MB and was not fetched.", wanted.bytes_max / (1024 * 1024)))
}

/// What the answer to a request for the bytes means.
pub(super) fn of_response(
    answer: Result<net::Response, net::SendError>,
    platform: &str,
    wanted: Wanted<'_>,
) -> FetchOutcome {
    match answer {
        Ok(response) if response.truncated => too_large(wanted),
        Ok(response) if response.status == 200 => FetchOutcome::Fetched(response.body),
        // A link that has ended: the next attempt gets a new one.
        Ok(response) => FetchOutcome::Retry(format!("{platform} answered {} instead of the file.", response.status)),
        Err(_) => FetchOutcome::Retry(format!("{platform} could not be reached.")),
    }
}
