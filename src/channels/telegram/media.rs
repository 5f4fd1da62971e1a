//! Fetches a file: first its path, then its bytes.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::api::{self, Api, CallError};
use crate::channels::json::{integer, text};
use crate::channels::medium::{of_response, too_large};
use crate::channels::{FetchOutcome, Wanted};
use crate::net::{self, Method, Request};

/// For all bytes of a file.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Fetches a file. Telegram gives bots those of up to 20 MB.
pub async fn fetch(client: &net::Client, api: Api<'_>, wanted: Wanted<'_>) -> FetchOutcome {
    let known = match api::call(client, api, "getFile", &json!({"file_id": wanted.external_id})).await {
        Ok(known) => known,
        Err(CallError::Refused(refusal)) if refusal.code == 400 => {
            return FetchOutcome::GiveUp(CallError::Refused(refusal).words());
        }
        Err(error) => return FetchOutcome::Retry(error.words()),
    };
    let is_large = integer(&known, &["file_size"])
        .is_some_and(|bytes| usize::try_from(bytes).is_ok_and(|bytes| bytes > wanted.bytes_max));
    if is_large {
        return too_large(wanted);
    }
    let Some(path) = text(&known, &["file_path"]) else {
        return FetchOutcome::GiveUp("Telegram gave no path of the file.".to_owned());
    };
    let request = Request {
        method: Method::GET,
        url: format!("{}/file/bot{}/{path}", api.base.trim_end_matches('/'), api.token),
        headers: Vec::new(),
        body: Bytes::new(),
        timeout: TIMEOUT,
        response_bytes_max: wanted.bytes_max,
    };
    of_response(client.send(request).await, "Telegram", wanted)
}
