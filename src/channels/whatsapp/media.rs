//! Fetches a medium: first its address, which lives for five minutes, then its bytes, with the token.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::api::{Api, call, encoded};
use crate::channels::json::{integer, text};
use crate::channels::medium::{of_response, too_large};
use crate::channels::{FetchOutcome, Wanted};
use crate::domain::channel::WhatsAppCredentials;
use crate::net::{self, Method, Request};

/// For all bytes of a medium.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Fetches a medium, and checks it against the platform's hash.
pub async fn fetch(
    client: &net::Client,
    api: &Api<'_>,
    credentials: &WhatsAppCredentials,
    wanted: Wanted<'_>,
) -> FetchOutcome {
    let path = format!("{}?phone_number_id={}", encoded(wanted.external_id), encoded(api.phone_number_id));
    let known = match call(client, api, credentials, &path, None).await {
        Ok(known) => known,
        Err(why) => return FetchOutcome::Retry(why),
    };
    let is_large = integer(&known, &["file_size"])
        .is_some_and(|bytes| usize::try_from(bytes).is_ok_and(|bytes| bytes > wanted.bytes_max));
    if is_large {
        return too_large(wanted);
    }
    let Some(url) = address(&known, api) else {
        return FetchOutcome::GiveUp("WhatsApp gave no address of the file.".to_owned());
    };
    let request = Request {
        method: Method::GET,
        url,
        headers: vec![("authorization".to_owned(), format!("Bearer {}", credentials.access_token))],
        body: bytes::Bytes::new(),
        timeout: TIMEOUT,
        response_bytes_max: wanted.bytes_max,
    };
    let sha256 = text(&known, &["sha256"]);
    match of_response(client.send(request).await, "WhatsApp", wanted) {
        FetchOutcome::Fetched(bytes) if !is_hash_of(sha256.as_deref().or(wanted.sha256), &bytes) => {
            FetchOutcome::Retry("What came is not the file that WhatsApp announced.".to_owned())
        }
        outcome => outcome,
    }
}

/// The address of the bytes. The token goes there: over TLS, unless the API itself is without it.
fn address(known: &Value, api: &Api<'_>) -> Option<String> {
    text(known, &["url"]).filter(|url| url.starts_with("https://") || api.base.starts_with("http://"))
}

/// Whether bytes have a hash; any have none.
fn is_hash_of(sha256: Option<&str>, bytes: &[u8]) -> bool {
    let Some(expected) = sha256 else { return true };
    let digest = Sha256::digest(bytes);
    expected.eq_ignore_ascii_case(&hex::encode(digest)) || expected == STANDARD.encode(digest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_hexadecimal_or_base64() {
        let hex = "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824";
        assert!(is_hash_of(Some(hex), b"hello") && is_hash_of(None, b"hello"));
        assert!(is_hash_of(Some("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="), b"hello"));
        assert!(!is_hash_of(Some(hex), b"hullo"));
    }

    #[test]
    fn the_token_is_not_sent_in_the_clear() {
        let api = |base| Api { base, version: "v26.0", phone_number_id: "1" };
        let known = json!({"url": "http://files.example/1"});
        assert_eq!(address(&known, &api("https://graph.facebook.com")), None);
        assert!(address(&known, &api("http://127.0.0.1:1")).is_some());
    }
}
