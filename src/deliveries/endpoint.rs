//! Posts an event to a webhook, as its template shapes it, signed: the way of deliveries and of tests alike.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;

use crate::core::Core;
use crate::domain::event::PhoneStyle;
use crate::domain::time::Timestamp;
use crate::net::client::TIMEOUT_DEFAULT;
use crate::outbound::template::{Template, TemplateError, Variables};
use crate::outbound::{self, Attempt, Delivery};
use crate::store::events::Content;
use crate::store::webhooks::Webhook;

/// A webhook with its secrets open, for as many attempts as were claimed at once.
pub struct Endpoint {
    /// The webhook.
    pub webhook: Webhook,
    secret: String,
    previous_secret: Option<String>,
    headers: Vec<(String, String)>,
    /// Its template, read; `None` where events go as they are.
    template: Option<Result<Arc<Template>, TemplateError>>,
}

/// An attempt, and what it sent.
pub struct SentEvent {
    /// The request and its response.
    pub attempt: Attempt,
    /// The body; `None` where the template made none, and nothing was sent.
    pub body: Option<Bytes>,
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
            template: webhook.template.as_ref().map(|template| core.templates.read(&template.text)),
            webhook,
        })
    }

    /// One signed POST of an event. Where the template makes no body of it, nothing is sent, and the attempt has failed.
    pub async fn send(&self, core: &Core, event: &Content, now: Timestamp) -> SentEvent {
        let version = self.webhook.template.as_ref().map(|template| template.version);
        match self.body(event) {
            Ok(body) => {
                let mut attempt = self.post(core, &event.event_id, body.clone(), now).await;
                attempt.sent.template = version;
                SentEvent { attempt, body: Some(body) }
            }
            Err(error) => SentEvent { attempt: Attempt::not_rendered(version, &error), body: None },
        }
    }

    /// The body that this webhook gets.
    fn body(&self, event: &Content) -> Result<Bytes, TemplateError> {
        let body = event_body(&self.webhook, event);
        match &self.template {
            None => Ok(Bytes::copy_from_slice(body.as_bytes())),
            Some(template) => {
                let template = template.as_ref().map_err(Clone::clone)?;
                template.render(&Variables::of(&event.event_id, body)?).map(Bytes::from)
            }
        }
    }

    async fn post(&self, core: &Core, event_id: &str, body: Bytes, now: Timestamp) -> Attempt {
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

/// The body of an event as a webhook wants it, before its template: with phone numbers in E.164, or without `+`.
pub fn event_body<'a>(webhook: &Webhook, event: &'a Content) -> &'a str {
    match PhoneStyle::of_service(&webhook.service_name) {
        PhoneStyle::Bare => event.body_external.as_deref().unwrap_or(&event.body),
        PhoneStyle::E164 => &event.body,
    }
}
