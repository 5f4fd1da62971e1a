//! `/api/v1/projects/{project}/webhooks/{webhook}/template`: what makes the body of a webhook's requests.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Write};
use super::errors::{BodyErrors, Changed};
use super::etag::{IfMatch, Tagged};
use super::webhooks::{get, no_webhook};
use crate::core::Core;
use crate::deliveries::samples::EventChoice;
use crate::domain::event::EventType;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::projects::preview_template::preview_template;
use crate::projects::set_template::{TemplateRefused, remove_template, set_template};
use crate::store::webhooks::Webhook;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(show, put, remove)).routes(routes!(preview))
}

type ById = Path<(String, String)>;

/// The payload template of a webhook.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Template)]
pub(crate) struct TemplateBody {
    /// Counted up with each change; `null` where events go as they are.
    #[schema(required)]
    pub(crate) version: Option<u32>,
    #[schema(required, example = "{\"text\": \"New lead: {{ lead.name }}\"}")]
    pub(crate) template: Option<String>,
}

fn shown(webhook: Webhook) -> TemplateBody {
    let (version, template) = webhook.template.map(|template| (template.version, template.text)).unzip();
    TemplateBody { version, template }
}

/// Show the payload template of a webhook
#[utoipa::path(get, path = "/webhooks/{webhook}/template", operation_id = "get_template", tag = "Webhooks",
    responses((status = 200, description = "The template.", body = TemplateBody)))]
async fn show(State(core): State<Core>, caller: Caller, Path((_, id)): ById) -> Result<Tagged<TemplateBody>> {
    Ok(Tagged(shown(get(&core, &caller, id).await?)))
}

/// A payload template.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutTemplate {
    /// At most 16 KiB. What it makes of samples has to be JSON.
    #[schema(example = "{\"text\": \"New lead: {{ lead.name }}\"}")]
    pub(crate) template: String,
}

/// Set the payload template of a webhook
///
/// It is checked with samples of the events that the webhook receives, and used from the next attempt on.
#[utoipa::path(put, path = "/webhooks/{webhook}/template", operation_id = "put_template", tag = "Webhooks", request_body = PutTemplate,
    responses((status = 200, description = "The template as it is then.", body = TemplateBody), Changed, BodyErrors))]
async fn put(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    if_match: IfMatch,
    body: Result<Json<PutTemplate>>,
) -> Result<Tagged<TemplateBody>> {
    let Json(PutTemplate { template }) = body?;
    let webhook = get(&core, &caller, id.clone()).await?;
    if_match.check(&shown(webhook.clone()))?;
    let set = set_template(&core, &caller.actor(), &webhook, &template).await;
    set.map_err(refused)?.ok_or_else(no_webhook)?;
    Ok(Tagged(shown(get(&core, &caller, id).await?)))
}

/// Remove the payload template of a webhook
///
/// Events go as they are, from the next attempt on.
#[utoipa::path(delete, path = "/webhooks/{webhook}/template", operation_id = "delete_template", tag = "Webhooks",
    responses((status = 204, description = "The template was removed.")))]
async fn remove(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Result<StatusCode> {
    let webhook = get(&core, &caller, id).await?;
    match remove_template(&core, &caller.actor(), caller.id(), webhook.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound("The webhook has no template.".to_owned())),
    }
}

/// What is to be tried.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewTemplate {
    /// A template that is not set yet; that of the webhook where there is none.
    pub(crate) template: Option<String>,
    /// `sample:EVENT`, or `newest:EVENT` for the newest real one; a sample of the webhook's first event where there is none.
    #[schema(example = "newest:lead.created")]
    pub(crate) event: Option<String>,
}

/// What a template makes of an event.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct PreviewBody {
    /// The event, as the webhook gets it without a template.
    #[schema(value_type = Object)]
    pub(crate) event: Box<RawValue>,
    /// What would be sent.
    #[schema(value_type = Object)]
    pub(crate) body: Box<RawValue>,
    /// Fields that the template names and that none of the webhook's events has.
    pub(crate) unknown: Vec<String>,
}

fn choice_of(webhook: &Webhook, event: Option<&str>) -> Result<EventChoice> {
    let chosen = match event {
        Some(event) => EventChoice::parse(event),
        None => webhook.events.first().and_then(|word| EventType::parse(word)).map(EventChoice::Sample),
    };
    chosen.ok_or_else(|| ApiError::field("event", "write sample:EVENT, or newest:EVENT for the newest real one"))
}

/// Try a payload template
///
/// Nothing is stored or sent.
#[utoipa::path(post, path = "/webhooks/{webhook}/template/preview", operation_id = "preview_template", tag = "Webhooks",
    request_body = PreviewTemplate,
    responses((status = 200, description = "What it makes.", body = PreviewBody), BodyErrors))]
async fn preview(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    body: Result<Json<PreviewTemplate>>,
) -> Result<axum::Json<PreviewBody>> {
    let Json(PreviewTemplate { template, event }) = body?;
    let webhook = get(&core, &caller, id).await?;
    let choice = choice_of(&webhook, event.as_deref())?;
    let text = template.or_else(|| webhook.template.as_ref().map(|template| template.text.clone()));
    let text = text.ok_or_else(|| ApiError::field("template", "the webhook has no template: give one"))?;
    let preview = preview_template(&core, &webhook, &text, choice).await?;
    let preview =
        preview.ok_or_else(|| ApiError::field("event", "there is no real event of this kind yet: choose a sample"))?;
    let failed =
        |error| ApiError::field("template", format!("the template makes no body of {}: {error}", choice.word()));
    Ok(axum::Json(PreviewBody {
        body: RawValue::from_string(preview.made.map_err(failed)?)?,
        event: RawValue::from_string(preview.event)?,
        unknown: preview.unknown,
    }))
}

fn refused(error: TemplateRefused) -> ApiError {
    match error {
        TemplateRefused::Failed(error) => error.into(),
        refused => ApiError::field("template", refused.to_string()),
    }
}
