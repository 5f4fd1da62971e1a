//! Posts an event to a webhook, signed: the way of deliveries and of tests alike.

use anyhow::Context as _;
use bytes::Bytes;

use crate::core::Core;
use crate::domain::event::PhoneStyle;
use crate::domain::time::Timestamp;
use crate::net::client::TIMEOUT_DEFAULT;
use crate::outbound::{self, Attempt, Delivery};
use crate::store::webhooks::Webhook;

/// A webhook with its secrets open, for as many attempts as were claimed at once.
pub struct Endpoint {
    /// The webhook.
    pub webhook: Webhook,
    secret: String,
    previous_secret: Option<String>,
    headers: Vec<(String, String)>,
}

impl Endpoint {
    /// Opens the secrets. An error where the operator's key is not the one that they were sealed with.
    pub fn open(core: &Core, webhook: Webhook) -> anyhow::Result<Self> {
        let previous_secret =
            webhook.sealed_previous_secret.as_deref().map(|sealed| core.seal.open(webhook.secret_place(), sealed));
        let previous_secret = previous_secret.transpose()?;
        let headers = core.seal.open(webhook.headers_place(), &webhook.sealed_headers)?;
        Ok(Self {
            secret: core.seal.open(webhook.secret_place(), &webhook.sealed_secret)?,
            previous_secret,
            headers: serde_json::from_str(&headers).context("reading a webhook's headers")?,
            webhook,
        })
    }

    /// The body that this webhook gets, of the one with phone numbers in E.164 and the one without `+`, where that differs.
    pub fn body<'a>(&self, body: &'a str, body_external: Option<&'a str>) -> &'a str {
        match PhoneStyle::of_service(&self.webhook.service_name) {
            PhoneStyle::Bare => body_external.unwrap_or(body),
            PhoneStyle::E164 => body,
        }
    }

    /// One signed POST.
    pub async fn post(&self, core: &Core, event_id: &str, body: Bytes, now: Timestamp) -> Attempt {
        let overlaps = self.webhook.previous_secret_until.is_some_and(|until| now < until);
        let delivery = Delivery {
            project: self.webhook.project,
            url: &self.webhook.url,
            event_id,
            body,
            secret: &self.secret,
            previous_secret: self.previous_secret.as_deref().filter(|_| overlaps),
            headers: &self.headers,
            now,
            timeout: TIMEOUT_DEFAULT,
        };
        outbound::post(&core.webhook_client, &delivery).await
    }
}
