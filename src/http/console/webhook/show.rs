//! `…/webhook/{webhook}`: one webhook, with its health, its secret, and what can be done to it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::event_names::list_of;
use super::super::exchange::short_url;
use super::super::frame::Frame;
use super::super::view::page;
use super::super::who::{Configure, Member, Needs};
use super::health::{self, Health};
use super::{find, header_names};
use crate::core::Core;
use crate::domain::account::Permission;
use crate::domain::counts::quarter_of;
use crate::domain::delivery::Policy;
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;
use crate::outbound::receivers::{Guide, Receiver};
use crate::projects::rotate_secret::rotate_secret;
use crate::store::delivery_counts::{self, COUNTED_MAX};
use crate::store::webhooks::Webhook;

#[derive(Template)]
#[template(path = "webhook/webhook.html")]
struct WebhookPage {
    frame: Frame,
    webhook: Webhook,
    title: String,
    url: String,
    events: String,
    headers: Vec<String>,
    health: Health,
    /// The secret, where it was just made.
    secret: Option<String>,
    /// Until when the secret before signs too.
    both_sign_until: Option<Timestamp>,
    is_count_cut: bool,
    /// The receiver that wants a template, where the webhook has none.
    starter: Option<(Receiver, Guide)>,
    /// The headers that its receiver wants and that it does not have.
    missing_headers: Vec<(&'static str, &'static str)>,
}

/// A receiver that wants a body of its own.
fn with_template(receiver: Receiver) -> Option<(Receiver, Guide)> {
    Some((receiver, receiver.guide())).filter(|(_, guide)| guide.template.is_some())
}

pub async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    page(&webhook_page(&engines, &member, webhook).await?)
}

/// The page of a webhook with its new secret, which is shown once, and the way to the template of what receives it.
pub async fn page_with_secret(
    engines: &Engines,
    member: &Member<Configure>,
    id: &str,
    (secret, receiver): (String, Option<Receiver>),
) -> Result<Response> {
    let webhook = find(engines, member, id).await?;
    let shown = webhook_page(engines, member, webhook).await?;
    let starter = receiver.filter(|_| shown.webhook.template.is_none()).and_then(with_template).or(shown.starter);
    page(&WebhookPage { secret: Some(secret), starter, ..shown })
}

pub async fn rotate(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let webhook = find(&engines, &member, &id).await?;
    let rotated = rotate_secret(&engines.core, &member.actor(), member.project.id, webhook.id).await?;
    let Some(rotated) = rotated else { return Err(no_such_path().await) };
    let secret = engines.core.seal.open(rotated.secret_place(), &rotated.sealed_secret).map_err(anyhow::Error::from)?;
    page_with_secret(&engines, &member, &id, (secret, None)).await
}

async fn webhook_page<N: Needs>(engines: &Engines, member: &Member<N>, webhook: Webhook) -> Result<WebhookPage> {
    let core = &engines.core;
    let frame = Frame::of_member(core, member, "webhook").await?;
    let may_configure = frame.may(Permission::Configure);
    let now = core.clock.now();
    let health = health_of(core, member.project.id, &webhook).await?;
    let headers = header_names(engines, &webhook)?;
    let receiver = Receiver::of_url(&webhook.url);
    let names: Vec<&str> = headers.iter().map(String::as_str).collect();
    Ok(WebhookPage {
        frame,
        title: webhook.title(),
        // Whoever has the whole address of some receivers can write to them.
        url: if may_configure { webhook.url.clone() } else { short_url(&webhook.url) },
        events: list_of(&webhook.events),
        starter: receiver.filter(|_| webhook.template.is_none()).and_then(with_template),
        missing_headers: receiver.map(|receiver| receiver.missing_headers(&names)).unwrap_or_default(),
        headers,
        is_count_cut: health.waiting.deliveries > COUNTED_MAX,
        health,
        secret: None,
        both_sign_until: webhook.previous_secret_until.filter(|until| now < *until),
        webhook,
    })
}

async fn health_of(core: &Core, project: ProjectId, webhook: &Webhook) -> Result<Health> {
    let (id, now) = (webhook.id, core.clock.now());
    let health = core.db.read(async move |conn| {
        let first = quarter_of(now) - health::QUARTERS + 1;
        let counts = delivery_counts::since(conn, project, first).await?;
        let waiting = delivery_counts::waiting(conn, project, &[id]).await?;
        let quarters = counts.get(&id).map_or(&[][..], Vec::as_slice);
        Ok(Health::new(quarters, waiting.get(&id).copied().unwrap_or_default(), now))
    });
    Ok(health.await?)
}
