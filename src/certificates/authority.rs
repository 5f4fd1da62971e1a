//! The authority's side of the wire: the tree's own HTTP client, as the library wants one, and the account.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use instant_acme::{
    Account, AccountBuilder, AccountCredentials, BodyWrapper, BytesResponse, Error, HttpClient, NewAccount,
};

use super::Shared;
use super::fault::Fault;
use crate::domain::seal::Place;
use crate::net;
use crate::store::certificates;

/// How long a call of the authority may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Statuses with which an authority says when to come back: too many requests, and unavailable.
const LATER: [u16; 2] = [429, 503];

/// One conversation with the authority.
#[derive(Clone)]
pub(super) struct Authority {
    client: net::Client,
    /// When to come back, as it said last.
    retry_after: Arc<Mutex<Option<Duration>>>,
}

impl Authority {
    pub(super) fn new(client: net::Client) -> Self {
        Self { client, retry_after: Arc::default() }
    }

    /// How long the authority wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        *self.retry_after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(self, request: http::Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await;
        let in_text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let request = net::Request {
            method: head.method,
            url: head.uri.to_string(),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), in_text(value))).collect(),
            body: body.to_bytes(),
            timeout: CALL_TIMEOUT,
            response_bytes_max: net::RESPONSE_BYTES_MAX,
        };
        let response = self.client.send(request).await.map_err(|error| Error::Other(Box::new(error)))?;
        if LATER.contains(&response.status) {
            let seconds = response.header("retry-after").and_then(|text| text.trim().parse().ok());
            *self.retry_after.lock().unwrap_or_else(PoisonError::into_inner) = seconds.map(Duration::from_secs);
        }
        let mut built = http::Response::builder().status(response.status);
        for (name, value) in &response.headers {
            built = built.header(name, value);
        }
        Ok(BytesResponse::from(built.body(Full::new(response.body))?))
    }
}

impl HttpClient for Authority {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().send(request))
    }
}

impl Shared {
    /// The account at the authority: the one in the database, or a new one.
    pub(super) async fn account(&self, authority: &Authority) -> Result<Account, Fault> {
        let builder = Account::builder_with_http(Box::new(authority.clone()));
        let directory = self.acme.directory.clone();
        let stored = self.core.db.read(async move |conn| Ok(certificates::account(conn, &directory).await?)).await?;
        match stored {
            Some(sealed) => {
                let text = self
                    .core
                    .seal
                    .open(Place::AcmeAccount(&self.acme.directory), &sealed)
                    .map_err(anyhow::Error::from)?;
                let credentials: AccountCredentials = serde_json::from_str(&text).map_err(anyhow::Error::from)?;
                Ok(builder.from_credentials(credentials).await?)
            }
            None => self.open_account(builder).await,
        }
    }

    /// Makes an account, and stores it before anything is ordered by it.
    async fn open_account(&self, builder: AccountBuilder) -> Result<Account, Fault> {
        let contact = self.acme.email.as_ref().map(|email| format!("mailto:{email}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let directory = self.acme.directory.clone();
        let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
        let text = serde_json::to_string(&credentials).map_err(anyhow::Error::from)?;
        let sealed = self.core.seal.seal(Place::AcmeAccount(&directory), &text);
        let now = self.core.clock.now();
        tracing::info!(directory, "account made at the certificate authority");
        self.core
            .db
            .write(async move |tx| Ok(certificates::insert_account(tx, &directory, &sealed, now).await?))
            .await?;
        Ok(account)
    }
}
