//! Calls to the Graph API.

use bytes::Bytes;
use serde_json::Value;

use super::errors;
use crate::channels::Account;
use crate::domain::channel::WhatsAppCredentials;
use crate::net::{self, Method, Request};

/// Bytes of the platform's response that are read.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// Where a channel's messages are sent.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// Where the API is, as [`super::API_BASE`].
    pub base: &'a str,
    /// Its version, as [`super::API_VERSION`].
    pub version: &'a str,
    /// The channel's id at the platform.
    pub phone_number_id: &'a str,
}

impl<'a> Api<'a> {
    /// Of an account, in the version that is spoken.
    pub fn of(account: Account<'a>) -> Self {
        Self { base: account.api_base, version: super::API_VERSION, phone_number_id: account.external_id }
    }

    /// A request to a path behind the version; with a body it is a POST.
    pub(super) fn request(&self, credentials: &WhatsAppCredentials, path: &str, body: Option<&Value>) -> Request {
        let mut headers = vec![("authorization".to_owned(), format!("Bearer {}", credentials.access_token))];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Request {
            method: if body.is_some() { Method::POST } else { Method::GET },
            url: format!("{}/{}/{path}", self.base.trim_end_matches('/'), self.version),
            headers,
            body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
            timeout: net::client::TIMEOUT_DEFAULT,
            response_bytes_max: RESPONSE_BYTES_MAX,
        }
    }
}

/// Calls and gives the answer; else why there is none, in an operator's words.
pub(super) async fn call(
    client: &net::Client,
    api: &Api<'_>,
    credentials: &WhatsAppCredentials,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, String> {
    let request = api.request(credentials, path, body);
    let response = client.send(request).await.map_err(|error| format!("WhatsApp could not be reached: {error}."))?;
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match answer.get("error").filter(|error| error.is_object()) {
        Some(error) => Err(errors::read_one(error).explanation()),
        None if (200..300).contains(&response.status) => Ok(answer),
        None => Err(format!("WhatsApp answered {}. Check the phone number id.", response.status)),
    }
}

/// A part of a path or a query.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
