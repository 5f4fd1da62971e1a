//! Adds a webhook of the project itself. Partners register theirs with their keys: [`crate::projects::configure_webhook`].

use serde_json::{Value, json};

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::delivery::Policy;
use crate::domain::event::EventType;
use crate::domain::ids::ProjectId;
use crate::domain::rate_limit::Limits;
use crate::domain::seal::Place;
use crate::net::{InvalidTarget, Target};
use crate::outbound::headers::{self, InvalidHeader};
use crate::projects::limit_webhook::{InvalidLimits, check};
use crate::store::{audit, webhooks};

/// The service of webhooks that have no key: phone numbers are E.164.
const SERVICE_NAME: &str = "console";
/// Characters of a name.
const NAME_CHARS_MAX: usize = 100;
/// Characters of a secret behind `aurix_`: about 238 bits.
const SECRET_CHARS: usize = 40;

/// What the owner chooses for a webhook.
#[derive(Clone, Debug, Default)]
pub struct NewWebhook {
    /// Where events are delivered to.
    pub url: String,
    /// The types of events to deliver; all where it is empty.
    pub events: Vec<String>,
    /// Custom headers.
    pub headers: Vec<(String, String)>,
    /// What happens when an attempt fails.
    pub policy: Policy,
    /// Rate limit and concurrency limit.
    pub limits: Limits,
    /// As its owner calls it; empty: the host of its URL.
    pub name: String,
}

/// The new webhook, with its secret.
#[derive(Clone, Debug)]
pub struct AddedWebhook {
    /// Its UUID.
    pub public_id: String,
    /// What its deliveries are signed with.
    pub secret: String,
}

/// Why a webhook is refused, in words for its owner.
#[derive(Debug, thiserror::Error)]
pub enum WebhookRefused {
    /// Nothing can be delivered to that URL.
    #[error(transparent)]
    Url(#[from] InvalidTarget),
    /// A header that may not be set, or cannot be sent.
    #[error(transparent)]
    Header(#[from] InvalidHeader),
    /// The value of a header would stay, and go to another host.
    #[error("type the value of `{0}` again: the URL leads to another host now, which must not get it unasked")]
    HeaderOfOtherHost(String),
    /// No such event.
    #[error("`{0}` is not an event: choose from {list}", list = EventType::ALL.map(EventType::as_str).join(", "))]
    Event(String),
    /// Events about visitors, and about the set-up.
    #[error(
        "`attention.opened` and `attention.closed` go to a webhook of their own: choose these two alone, or neither"
    )]
    MixedEvents,
    /// A name that is too long.
    #[error("the name is longer than {NAME_CHARS_MAX} characters")]
    Name,
    /// A limit out of range.
    #[error(transparent)]
    Limits(#[from] InvalidLimits),
    /// The project has as many as it may have.
    #[error("this project has {} webhooks, the maximum: remove one first", webhooks::PER_PROJECT_MAX)]
    TooMany,
    /// The key that it would belong to was revoked.
    #[error("the API key was revoked")]
    KeyRevoked,
    /// The webhook could not be stored.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Checks and stores a webhook.
pub async fn add_webhook(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: NewWebhook,
) -> Result<AddedWebhook, WebhookRefused> {
    Target::parse(&new.url, core.webhook_client.policy())?;
    headers::check_all(&new.headers)?;
    check(new.limits)?;
    check_name(&new.name)?;
    let events = events_of(&new.events)?;
    let secret = new_secret(core);
    let detail = json!({
        "origin": origin(&new.url),
        "events": &events,
        "headers": new.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "policy": new.policy.as_str(),
    });
    let public_id = core.random.uuid().to_string();
    let row = webhooks::NewWebhook {
        key_id: None,
        service_name: SERVICE_NAME.to_owned(),
        url: new.url,
        sealed_secret: core.seal.seal(Place::WebhookSecret(project, &public_id), &secret),
        sealed_headers: sealed_headers(core, project, &public_id, &new.headers),
        events,
        policy: new.policy,
        limits: new.limits,
        name: new.name,
        public_id: public_id.clone(),
    };
    store(core, actor, project, row, detail).await?;
    Ok(AddedWebhook { public_id, secret })
}

async fn store(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    row: webhooks::NewWebhook,
    detail: Value,
) -> Result<(), WebhookRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let is_stored = core.db.write(async move |tx| {
        if webhooks::count(tx, project).await? >= webhooks::PER_PROJECT_MAX {
            return Ok(false);
        }
        webhooks::insert(tx, project, &row, now).await?;
        let change = Change::new(Action::AddWebhook, Object::Webhook(row.public_id.clone())).with(detail);
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(true)
    });
    if is_stored.await? { Ok(()) } else { Err(WebhookRefused::TooMany) }
}

/// Checks what somebody calls a webhook.
pub(super) fn check_name(name: &str) -> Result<(), WebhookRefused> {
    if name.chars().count() <= NAME_CHARS_MAX { Ok(()) } else { Err(WebhookRefused::Name) }
}

/// The types of events of these names, in their order; the default ones where none is named.
pub(super) fn events_of(names: &[String]) -> Result<Vec<String>, WebhookRefused> {
    for name in names {
        EventType::parse(name).ok_or_else(|| WebhookRefused::Event(name.clone()))?;
    }
    let is_operational = |name: &String| EventType::parse(name).is_some_and(EventType::is_operational);
    if names.iter().any(is_operational) && !names.iter().all(is_operational) {
        return Err(WebhookRefused::MixedEvents);
    }
    let wanted = |event: &EventType| match names {
        [] => EventType::DEFAULT.contains(event),
        _ => names.iter().any(|name| name == event.as_str()),
    };
    Ok(EventType::ALL.iter().filter(|event| wanted(event)).map(|event| event.as_str().to_owned()).collect())
}

/// The origin of a webhook's URL, for the audit log: path and query may carry a secret of the receiver.
pub(super) fn origin(url: &str) -> Option<String> {
    Some(url::Url::parse(url).ok()?.origin().ascii_serialization())
}

/// A new secret for signing.
pub(super) fn new_secret(core: &Core) -> String {
    core.random.token("aurix_", SECRET_CHARS)
}

/// Headers as they are stored: a JSON list of pairs, sealed.
pub(super) fn sealed_headers(core: &Core, project: ProjectId, public_id: &str, headers: &[(String, String)]) -> String {
    let place = Place::WebhookHeaders(project, public_id);
    core.seal.seal(place, &serde_json::to_string(headers).expect("pairs of texts serialise"))
}
