//! Parses a platform's call slice by slice. Actors: the request, which stores a slice before it asks for the next one, and for a
//! large call a thread beside the asynchronous ones, which parses.
//!
//! Large calls take turns: on a node one thread parses at a time, a slice of each call after the other, so that they leave the other
//! processors to everybody else.

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::error::{ApiError, Result};
use crate::channels::whatsapp::parse::{parse, parse_slices};
use crate::channels::{Inbound, Malformed};

/// Bytes of a call that is parsed where the request runs.
const SMALL_BYTES_MAX: usize = 64 * 1024;

/// Large calls that are parsed at the same time.
static PARSERS: Semaphore = Semaphore::const_new(1);

/// The items of a call.
pub(super) enum Slices {
    /// All at once.
    Small(Option<Bytes>),
    /// One slice waits while the one before is stored.
    Large { slices: mpsc::Receiver<Vec<Inbound>>, parsing: Option<JoinHandle<std::result::Result<(), Malformed>>> },
}

impl Slices {
    /// Of a body whose signature is verified.
    pub(super) fn of(body: Bytes) -> Self {
        if body.len() <= SMALL_BYTES_MAX {
            return Self::Small(Some(body));
        }
        let (sender, slices) = mpsc::channel(1);
        Self::Large { slices, parsing: Some(spawn_blocking(move || parse_in_turns(&body, &sender))) }
    }

    /// The next slice; `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Inbound>>> {
        let malformed = |error: Malformed| ApiError::Malformed(error.to_string());
        match self {
            Self::Small(body) => body.take().map(|body| parse(&body)).transpose().map_err(malformed),
            Self::Large { slices, parsing } => {
                if let Some(slice) = slices.recv().await {
                    return Ok(Some(slice));
                }
                if let Some(parsing) = parsing.take() {
                    parsing.await.map_err(anyhow::Error::from)?.map_err(malformed)?;
                }
                Ok(None)
            }
        }
    }
}

fn parse_in_turns(body: &[u8], slices: &mpsc::Sender<Vec<Inbound>>) -> std::result::Result<(), Malformed> {
    let runtime = Handle::current();
    // It is never closed.
    let mut turn = runtime.block_on(PARSERS.acquire()).ok();
    parse_slices(body, &mut |slice| {
        turn = None;
        let is_wanted = slices.blocking_send(slice).is_ok();
        turn = runtime.block_on(PARSERS.acquire()).ok();
        is_wanted && turn.is_some()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A call with more slices than wait to be stored.
    fn large() -> Bytes {
        let message =
            |nth| format!(r#"{{"from":"6587654321","id":"wamid.{nth}","type":"text","text":{{"body":"hi"}}}}"#);
        let messages = (0..5_000).map(message).collect::<Vec<_>>().join(",");
        let value = format!(r#"{{"metadata":{{"phone_number_id":"1"}},"messages":[{messages}]}}"#);
        format!(r#"{{"entry":[{{"changes":[{{"field":"messages","value":{value}}}]}}]}}"#).into()
    }

    #[tokio::test]
    async fn a_large_call_that_is_stored_slowly_keeps_no_other_from_being_parsed() {
        let (mut slow, mut other) = (Slices::of(large()), Slices::of(large()));
        assert!(slow.next().await.expect("it is JSON").is_some());
        // The next slice of the slow one waits meanwhile.
        let all = async {
            let mut items = 0;
            while let Some(slice) = other.next().await.expect("it is JSON") {
                items += slice.len();
            }
            items
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(60), all).await, Ok(5_000));
    }
}
