//! Adds a webhook of the project's own, beside those that partners register with their keys.

use crate::core::Core;
use crate::domain::delivery::Policy;
use crate::domain::event::EventType;
use crate::domain::ids::ProjectId;
use crate::domain::rate_limit::Limits;
use crate::net::{InvalidTarget, Target};
use crate::outbound::headers::{self, InvalidHeader};
use crate::projects::limit_webhook::{InvalidLimits, check};
use crate::store::webhooks;

/// The service of webhooks that have no key: phone numbers are E.164.
const SERVICE_NAME: &str = "console";
/// Characters of a secret behind `aurix_`: about 238 bits.
const SECRET_CHARS: usize = 40;

/// What the owner says about a webhook.
#[derive(Clone, Debug, Default)]
pub struct NewWebhook {
    /// Where events go.
    pub url: String,
    /// The names of the events that it wants; all where there are none.
    pub events: Vec<String>,
    /// Custom headers.
    pub headers: Vec<(String, String)>,
    /// `retry` or `none`.
    pub policy: Policy,
    /// How fast it may be called.
    pub limits: Limits,
}

/// What the owner gets to know.
#[derive(Clone, Debug)]
pub struct AddedWebhook {
    /// What it is called from now on: a UUID.
    pub public_id: String,
    /// What its deliveries are signed with.
    pub secret: String,
}

/// Why a webhook is not taken, in words for its owner.
#[derive(Debug, thiserror::Error)]
pub enum WebhookRefused {
    /// The address cannot be delivered to.
    #[error(transparent)]
    Url(#[from] InvalidTarget),
    /// A header that may not be set, or cannot be sent.
    #[error(transparent)]
    Header(#[from] InvalidHeader),
    /// No such event.
    #[error("`{0}` is no event; there are widget.click, lead.correlated, lead.created and lead.complete")]
    Event(String),
    /// A limit out of range.
    #[error(transparent)]
    Limits(#[from] InvalidLimits),
    /// The project has as many as it may have.
    #[error("this project has {} webhooks, the most it may have; remove one first", webhooks::PER_PROJECT_MAX)]
    TooMany,
    /// It could not be stored.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Checks and stores a webhook.
pub async fn add_webhook(core: &Core, project: ProjectId, new: NewWebhook) -> Result<AddedWebhook, WebhookRefused> {
    Target::parse(&new.url, core.webhook_client.policy())?;
    headers::check_all(&new.headers)?;
    check(new.limits)?;
    let events = events_of(&new.events)?;
    let secret = new_secret(core);
    let row = webhooks::NewWebhook {
        public_id: core.random.uuid().to_string(),
        key_id: None,
        service_name: SERVICE_NAME.to_owned(),
        url: new.url,
        sealed_secret: core.seal.seal(&secret),
        sealed_headers: sealed_headers(core, &new.headers),
        events,
        policy: new.policy,
        limits: new.limits,
    };
    let public_id = row.public_id.clone();
    store(core, project, row).await?;
    Ok(AddedWebhook { public_id, secret })
}

async fn store(core: &Core, project: ProjectId, row: webhooks::NewWebhook) -> Result<(), WebhookRefused> {
    let now = core.clock.now();
    let is_stored = core.db.write(async move |tx| {
        if webhooks::count(tx, project).await? >= webhooks::PER_PROJECT_MAX {
            return Ok(false);
        }
        webhooks::insert(tx, project, &row, now).await?;
        Ok(true)
    });
    if is_stored.await? { Ok(()) } else { Err(WebhookRefused::TooMany) }
}

fn events_of(names: &[String]) -> Result<Vec<String>, WebhookRefused> {
    for name in names {
        EventType::parse(name).ok_or_else(|| WebhookRefused::Event(name.clone()))?;
    }
    let wanted = |event: &EventType| names.is_empty() || names.iter().any(|name| name == event.as_str());
    Ok(EventType::ALL.iter().filter(|event| wanted(event)).map(|event| event.as_str().to_owned()).collect())
}

/// A new secret for signing.
pub(super) fn new_secret(core: &Core) -> String {
    core.random.token("aurix_", SECRET_CHARS)
}

/// Headers as they are stored: a JSON list of pairs, sealed.
pub(super) fn sealed_headers(core: &Core, headers: &[(String, String)]) -> String {
    core.seal.seal(&serde_json::to_string(headers).expect("pairs of texts serialise"))
}
