//! `/api/v1/projects/{project}/webhooks`: where events are delivered to.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Needs, Write};
use super::errors::{BodyErrors, Changed};
use super::etag::{IfMatch, Tagged};
use super::query::Page;
use super::words::present;
use crate::core::Core;
use crate::domain::delivery::Policy;
use crate::domain::rate_limit::Limits;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::add_webhook::{NewWebhook, WebhookRefused, add_webhook};
use crate::projects::remove_webhook::remove_webhook;
use crate::projects::update_webhook::{WebhookSettings, update_webhook};
use crate::store::webhooks::{self, Webhook};

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show, change, remove))
}

/// An endpoint that events are delivered to.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookBody {
    #[schema(example = "dc2321f2-6a75-4d50-8861-3ea24ca29a84")]
    pub(crate) id: String,
    /// As its owner calls it; empty where they did not say.
    pub(crate) name: String,
    #[schema(example = "https://crm.example/hooks/aurix")]
    pub(crate) url: String,
    /// The types of events that are delivered.
    #[schema(example = json!(["lead.created"]))]
    pub(crate) events: Vec<String>,
    /// Names of the custom headers. Their values are not shown.
    pub(crate) headers: Vec<String>,
    /// `retry`, or `none` for one attempt alone.
    #[schema(schema_with = super::words::policy)]
    pub(crate) policy: Cow<'static, str>,
    /// Deliveries that may begin in a second; `null` for any number.
    #[schema(required)]
    pub(crate) rate_per_second: Option<u32>,
    /// Deliveries that may be in flight at once; `null` for as many as it responds well to.
    #[schema(required)]
    pub(crate) concurrency: Option<u32>,
    pub(crate) is_active: bool,
    /// Why it was turned off.
    #[schema(required)]
    pub(crate) off_reason: Option<String>,
    /// Since when its deliveries wait; `null` where it is not paused.
    #[schema(required)]
    pub(crate) paused_at: Option<UtcMicroseconds>,
    /// Since when every attempt has failed.
    #[schema(required)]
    pub(crate) failing_since: Option<UtcMicroseconds>,
    pub(crate) created_at: UtcMicroseconds,
    /// As whose it is sent: `external`, or the partner's name.
    #[schema(example = "external")]
    pub(crate) service_name: String,
    /// The version of its payload template.
    #[schema(required)]
    pub(crate) template_version: Option<u32>,
}

impl WebhookBody {
    pub(super) fn new(core: &Core, webhook: Webhook) -> Result<Self> {
        let headers = core.seal.open(webhook.headers_place(), &webhook.sealed_headers)?;
        let headers: Vec<(String, String)> = serde_json::from_str(&headers)?;
        Ok(Self {
            id: webhook.public_id,
            name: webhook.name,
            url: webhook.url,
            events: webhook.events,
            headers: headers.into_iter().map(|(name, _)| name).collect(),
            policy: webhook.policy.as_str().into(),
            rate_per_second: webhook.limits.rate_per_second,
            concurrency: webhook.limits.concurrency,
            is_active: webhook.is_active,
            off_reason: webhook.off_reason,
            paused_at: webhook.paused_at.map(UtcMicroseconds),
            failing_since: webhook.failing_since.map(UtcMicroseconds),
            created_at: UtcMicroseconds(webhook.created_at),
            service_name: webhook.service_name,
            template_version: webhook.template.map(|template| template.version),
        })
    }
}

/// A webhook with what its deliveries are signed with.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct WebhookSecret {
    #[schema(example = "dc2321f2-6a75-4d50-8861-3ea24ca29a84")]
    pub(crate) id: String,
    /// It is shown only here.
    #[schema(example = "aurix_pzgwhW5XsAq2LtY8uB1nJ4cE7kR0mVfD")]
    pub(crate) secret: String,
}

/// A custom header.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderBody {
    #[schema(example = "Authorization", max_length = 200)]
    pub(crate) name: String,
    /// Of a change: without a value, the one that is stored stays.
    #[schema(example = "Bearer abc", max_length = 4000)]
    pub(crate) value: Option<String>,
}

/// A webhook to be added.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhook {
    #[schema(format = "uri", example = "https://crm.example/hooks/aurix")]
    pub(crate) url: String,
    #[schema(max_length = 100)]
    pub(crate) name: Option<String>,
    /// All that are not chosen separately where there is none.
    pub(crate) events: Option<Vec<String>>,
    pub(crate) headers: Option<Vec<HeaderBody>>,
    #[schema(schema_with = super::words::policy_or_null, required = false)]
    pub(crate) policy: Option<String>,
    #[schema(minimum = 1, maximum = 10000)]
    pub(crate) rate_per_second: Option<u32>,
    #[schema(minimum = 1, maximum = 1000)]
    pub(crate) concurrency: Option<u32>,
}

/// What is to be different; what is absent stays.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhook {
    #[schema(format = "uri", example = "https://crm.example/hooks/aurix")]
    pub(crate) url: Option<String>,
    #[schema(max_length = 100)]
    pub(crate) name: Option<String>,
    pub(crate) events: Option<Vec<String>>,
    /// All of them.
    pub(crate) headers: Option<Vec<HeaderBody>>,
    #[schema(schema_with = super::words::policy_or_null, required = false)]
    pub(crate) policy: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1, maximum = 10000)]
    pub(crate) rate_per_second: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1, maximum = 1000)]
    pub(crate) concurrency: Option<Option<u32>>,
}

fn policy_of(word: Option<&str>) -> Result<Option<Policy>> {
    super::query::word("policy", word, Policy::parse)
}

pub(super) async fn get<N: Needs>(core: &Core, caller: &Caller<N>, public_id: String) -> Result<Webhook> {
    let project = caller.id();
    let found = core.db.read(async move |conn| Ok(webhooks::find_public(conn, project, &public_id).await?)).await?;
    found.ok_or_else(no_webhook)
}

pub(super) fn no_webhook() -> ApiError {
    ApiError::NotFound("The project has no such webhook.".to_owned())
}

/// List webhooks
#[utoipa::path(get, path = "/webhooks", operation_id = "list_webhooks", tag = "Webhooks",
    responses((status = 200, description = "All webhooks, oldest first.", body = Page<WebhookBody>)))]
async fn list(State(core): State<Core>, caller: Caller) -> Result<axum::Json<Page<WebhookBody>>> {
    let project = caller.id();
    let webhooks = core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await?;
    let rows = webhooks.into_iter().map(|webhook| WebhookBody::new(&core, webhook));
    Ok(axum::Json(Page::whole(rows.collect::<Result<_>>()?)))
}

/// Show a webhook
#[utoipa::path(get, path = "/webhooks/{webhook}", operation_id = "get_webhook", tag = "Webhooks",
    responses((status = 200, description = "The webhook.", body = WebhookBody)))]
async fn show(
    State(core): State<Core>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Tagged<WebhookBody>> {
    let webhook = get(&core, &caller, id).await?;
    Ok(Tagged(WebhookBody::new(&core, webhook)?))
}

/// Add a webhook
///
/// The secret is shown only here, and when it is rotated.
#[utoipa::path(post, path = "/webhooks", operation_id = "create_webhook", tag = "Webhooks", request_body = CreateWebhook,
    responses((status = 201, description = "The webhook was added.", body = WebhookSecret), BodyErrors))]
async fn create(
    State(core): State<Core>,
    caller: Caller<Write>,
    body: Result<Json<CreateWebhook>>,
) -> Result<(StatusCode, axum::Json<WebhookSecret>)> {
    let Json(body) = body?;
    let new = NewWebhook {
        url: body.url,
        events: body.events.unwrap_or_default(),
        headers: body
            .headers
            .into_iter()
            .flatten()
            .map(|header| (header.name, header.value.unwrap_or_default()))
            .collect(),
        policy: policy_of(body.policy.as_deref())?.unwrap_or_default(),
        limits: Limits { rate_per_second: body.rate_per_second, concurrency: body.concurrency },
        name: body.name.unwrap_or_default(),
    };
    let added = add_webhook(&core, &caller.actor(), caller.id(), new).await.map_err(refused)?;
    Ok((StatusCode::CREATED, axum::Json(WebhookSecret { id: added.public_id, secret: added.secret })))
}

/// Change a webhook
///
/// Its id and its secret stay.
#[utoipa::path(patch, path = "/webhooks/{webhook}", operation_id = "change_webhook", tag = "Webhooks", request_body = ChangeWebhook,
    responses((status = 200, description = "The webhook as it is then.", body = WebhookBody), Changed, BodyErrors))]
async fn change(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): Path<(String, String)>,
    if_match: IfMatch,
    body: Result<Json<ChangeWebhook>>,
) -> Result<Tagged<WebhookBody>> {
    let Json(body) = body?;
    let before = get(&core, &caller, id.clone()).await?;
    let shown = WebhookBody::new(&core, before.clone())?;
    if_match.check(&shown)?;
    let (headers, kept_headers) = match body.headers {
        None => (Vec::new(), shown.headers),
        Some(headers) => {
            let (given, kept): (Vec<_>, Vec<_>) = headers.into_iter().partition(|header| header.value.is_some());
            let given = given.into_iter().map(|header| (header.name, header.value.unwrap_or_default())).collect();
            (given, kept.into_iter().map(|header| header.name).collect())
        }
    };
    let new = NewWebhook {
        url: body.url.unwrap_or(before.url),
        events: body.events.filter(|events| !events.is_empty()).unwrap_or(before.events),
        headers,
        policy: policy_of(body.policy.as_deref())?.unwrap_or(before.policy),
        limits: Limits {
            rate_per_second: body.rate_per_second.unwrap_or(before.limits.rate_per_second),
            concurrency: body.concurrency.unwrap_or(before.limits.concurrency),
        },
        name: body.name.unwrap_or(before.name),
    };
    let settings = WebhookSettings { new, kept_headers };
    if !update_webhook(&core, &caller.actor(), caller.id(), before.id, settings).await.map_err(refused)? {
        return Err(no_webhook());
    }
    let webhook = get(&core, &caller, id).await?;
    Ok(Tagged(WebhookBody::new(&core, webhook)?))
}

/// Remove a webhook
///
/// Deliveries that wait are cancelled; the log of past ones stays.
#[utoipa::path(delete, path = "/webhooks/{webhook}", operation_id = "delete_webhook", tag = "Webhooks",
    responses((status = 204, description = "The webhook was removed.")))]
async fn remove(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    let webhook = get(&core, &caller, id).await?;
    match remove_webhook(&core, &caller.actor(), caller.id(), webhook.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_webhook()),
    }
}

fn refused(error: WebhookRefused) -> ApiError {
    let field = match &error {
        WebhookRefused::Url(_) => "url",
        WebhookRefused::Header(_) | WebhookRefused::HeaderOfOtherHost(_) => "headers",
        WebhookRefused::Event(_) | WebhookRefused::MixedEvents => "events",
        WebhookRefused::Name => "name",
        WebhookRefused::Limits(_) => "rate_per_second",
        WebhookRefused::TooMany | WebhookRefused::KeyRevoked => return ApiError::Conflict(error.to_string()),
        WebhookRefused::Failed(_) => "body",
    };
    match error {
        WebhookRefused::Failed(error) => error.into(),
        refused => ApiError::field(field, refused.to_string()),
    }
}
