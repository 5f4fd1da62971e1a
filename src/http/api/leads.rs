//! `/api/v1/projects/{project}/leads`: the people who wrote, and what the business knows and says of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Needs, People, Reply};
use super::errors::BodyErrors;
use super::query::{self, Cursor, Limit, Page, Params, word};
use super::words::present;
use crate::agent::Known;
use crate::conversations::edit_lead::{EditRefused, add_note, set_field};
use crate::conversations::rate_lead::rate_lead;
use crate::core::Core;
use crate::domain::ids::{LeadId, ProjectId};
use crate::domain::lead::{Amount, LeadStatus, Quality, Stage};
use crate::domain::lead_words::LeadQuery;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::store::lead_pages::{self, Filters, LeadPage, ListedLead, View, start};
use crate::store::lead_rating::Rating;
use crate::store::lead_view::{self, ViewedLead};

/// Characters that are looked for.
const SEARCH_CHARS_MAX: usize = 200;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(change_field))
        .routes(routes!(rate))
        .routes(routes!(note))
}

/// Which leads are listed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeadParams {
    /// With this status.
    #[param(schema_with = super::words::lead_status, required = false)]
    status: Option<String>,
    /// Whose conversation waits for a person, longest first; not together with `status` or `q`.
    #[param(value_type = Option<bool>)]
    waiting: Option<String>,
    /// At this stage.
    #[param(schema_with = super::words::open_or_stage, required = false)]
    stage: Option<String>,
    /// Of this quality.
    #[param(schema_with = super::words::quality, required = false)]
    quality: Option<String>,
    /// A name, an e-mail address, a number or a reference: all leads are looked through, whatever their status.
    #[param(max_length = 200)]
    q: Option<String>,
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before, with the other parameters unchanged.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// Which leads are exported.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// With this status.
    #[param(schema_with = super::words::lead_status, required = false)]
    status: Option<String>,
    /// At this stage.
    #[param(schema_with = super::words::open_or_stage, required = false)]
    stage: Option<String>,
    /// Of this quality.
    #[param(schema_with = super::words::quality, required = false)]
    quality: Option<String>,
    /// As in the list of leads.
    #[param(max_length = 200)]
    q: Option<String>,
}

impl ExportParams {
    /// The view and the filters.
    pub(super) fn view(&self, project: ProjectId) -> Result<(View, Filters)> {
        let status = word("status", self.status.as_deref(), LeadStatus::parse)?;
        let is_stage = |text: &str| (text == "open" || Stage::parse(text).is_some()).then(|| text.to_owned());
        let filters = Filters {
            stage: word("stage", self.stage.as_deref(), is_stage)?,
            quality: word("quality", self.quality.as_deref(), Quality::parse)?,
            ..Filters::default()
        };
        let search = query::search(self.q.clone(), SEARCH_CHARS_MAX)?;
        let view = match (search.and_then(|text| LeadQuery::parse(&text, project)), status) {
            (Some(query), _) => View::Found(query),
            (None, Some(status)) => View::Status(status),
            (None, None) => View::All,
        };
        Ok((view, filters))
    }
}

impl LeadParams {
    /// The view and the filters, and the part of the list.
    fn view(self, project: ProjectId) -> Result<(View, Filters, (Option<Cursor>, Limit))> {
        let Self { status, waiting, stage, quality, q, limit, cursor } = self;
        let waiting = word("waiting", waiting.as_deref(), |text| text.parse::<bool>().ok())?.unwrap_or(false);
        let (view, filters) = ExportParams { status, stage, quality, q }.view(project)?;
        let view = match (view, waiting) {
            (View::All, true) => View::Waiting,
            (_, true) => return Err(ApiError::field("waiting", "cannot be combined with status or q")),
            (view, false) => view,
        };
        Ok((view, filters, (cursor, limit.unwrap_or_default())))
    }
}

/// A person who wrote, and what is known of them.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Lead)]
pub(crate) struct LeadBody {
    #[schema(example = 470)]
    pub(crate) lead_id: i64,
    #[schema(example = 3293)]
    pub(crate) conversation_id: i64,
    #[schema(schema_with = super::words::lead_status)]
    pub(crate) lead_status: Cow<'static, str>,
    /// What is known, by the keys of the lead form.
    #[schema(example = json!({"name": "Mei Tan", "email": "mei@example.com"}))]
    pub(crate) fields: BTreeMap<String, String>,
    /// What the person came for, in their own words.
    #[schema(required)]
    pub(crate) intent: Option<String>,
    /// `null` while it is open.
    #[schema(schema_with = super::words::stage_or_null)]
    pub(crate) stage: Option<String>,
    /// What it is worth.
    #[schema(required, example = "1250.00")]
    pub(crate) value: Option<String>,
    #[schema(required, example = "SGD")]
    pub(crate) currency: Option<String>,
    #[schema(schema_with = super::words::quality)]
    pub(crate) quality: Cow<'static, str>,
    /// Who looks after the conversation.
    #[schema(schema_with = super::words::handling)]
    pub(crate) handling: Cow<'static, str>,
    #[schema(required, example = "O-4Kx9aQe")]
    pub(crate) correlation_id: Option<String>,
    /// `whatsapp`, `telegram` or `web`.
    #[schema(example = "whatsapp")]
    pub(crate) channel: String,
    /// The name that the person chose at the platform.
    #[schema(required)]
    pub(crate) profile_name: Option<String>,
    /// The number that the platform vouches for.
    #[schema(required)]
    pub(crate) phone: Option<String>,
    pub(crate) last_message_at: UtcMicroseconds,
    pub(crate) created_at: UtcMicroseconds,
    #[schema(required)]
    pub(crate) erased_at: Option<UtcMicroseconds>,
}

/// What is known, each without how it was said.
fn values_of(fields: &str) -> BTreeMap<String, String> {
    let known: BTreeMap<String, Known> = serde_json::from_str(fields).unwrap_or_default();
    known.into_iter().map(|(key, known)| (key, known.value)).collect()
}

fn amount(hundredths: Option<i64>, currency: Option<&str>) -> Option<Amount> {
    Some(Amount { hundredths: hundredths?, currency: currency?.to_owned() })
}

impl From<ListedLead> for LeadBody {
    fn from(lead: ListedLead) -> Self {
        Self {
            lead_id: lead.id.0,
            conversation_id: lead.conversation.0,
            lead_status: lead.status.as_str().into(),
            fields: values_of(&lead.fields),
            intent: lead.intent,
            stage: lead.stage,
            value: amount(lead.stage_value, lead.currency.as_deref()).map(|amount| amount.number()),
            currency: lead.currency,
            quality: lead.quality.as_str().into(),
            handling: lead.handling.as_str().into(),
            correlation_id: lead.correlation_id,
            channel: lead.channel,
            profile_name: lead.profile_name,
            phone: lead.phone,
            last_message_at: UtcMicroseconds(lead.last_message_at),
            created_at: UtcMicroseconds(lead.created_at),
            erased_at: lead.erased_at.map(UtcMicroseconds),
        }
    }
}

impl From<ViewedLead> for LeadBody {
    fn from(lead: ViewedLead) -> Self {
        Self {
            lead_id: lead.id.0,
            conversation_id: lead.conversation.0,
            lead_status: lead.status.as_str().into(),
            fields: values_of(&lead.fields),
            intent: lead.intent,
            stage: lead.stage,
            value: amount(lead.stage_value, lead.currency.as_deref()).map(|amount| amount.number()),
            currency: lead.currency,
            quality: lead.quality.as_str().into(),
            handling: lead.handling.as_str().into(),
            correlation_id: lead.correlation_id,
            channel: lead.channel,
            profile_name: lead.profile_name,
            phone: lead.phone,
            last_message_at: UtcMicroseconds(lead.last_message_at),
            created_at: UtcMicroseconds(lead.created_at),
            erased_at: lead.erased_at.map(UtcMicroseconds),
        }
    }
}

pub(super) fn no_lead() -> ApiError {
    ApiError::NotFound("The project has no such lead.".to_owned())
}

async fn get<N: Needs>(core: &Core, caller: &Caller<N>, id: &str) -> Result<ViewedLead> {
    let lead: LeadId = id.parse().map_err(|_| no_lead())?;
    let project = caller.id();
    let found = core.db.read(async move |conn| Ok(lead_view::find(conn, project, lead).await?)).await?;
    found.ok_or_else(no_lead)
}

/// List leads
///
/// The newest message first. A page may have fewer rows than `limit`, or none, and yet a `next_cursor`: the search went so far and goes
/// on there.
#[utoipa::path(get, path = "/leads", operation_id = "list_leads", tag = "Leads", params(LeadParams),
    responses((status = 200, description = "The leads that the filter matches.", body = Page<LeadBody>)))]
async fn list(
    State(core): State<Core>,
    caller: Caller<People>,
    Params(params): Params<LeadParams>,
) -> Result<axum::Json<Page<LeadBody>>> {
    let (view, filters, (cursor, limit)) = params.view(caller.id())?;
    let after = cursor.map_or_else(|| start(&view), |Cursor(at)| at);
    let (project, rows) = (caller.id(), limit.rows());
    let read =
        core.db.read(async move |conn| Ok(lead_pages::page(conn, project, (&view, &filters), after, rows).await?));
    let LeadPage { rows, next, .. } = read.await?;
    Ok(axum::Json(Page::new(rows.into_iter().map(LeadBody::from).collect(), next)))
}

/// Show a lead
#[utoipa::path(get, path = "/leads/{lead}", operation_id = "get_lead", tag = "Leads",
    responses((status = 200, description = "The lead.", body = LeadBody)))]
async fn show(
    State(core): State<Core>,
    caller: Caller<People>,
    Path((_, id)): Path<(String, String)>,
) -> Result<axum::Json<LeadBody>> {
    Ok(axum::Json(get(&core, &caller, &id).await?.into()))
}

/// The value of a field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FieldValue {
    /// An empty one removes it.
    #[schema(max_length = 1000, example = "mei@example.com")]
    value: String,
}

/// Change a field of a lead
///
/// Checked as the type of the field in the lead form wants it. Where it was the last one that the form requires, the lead is complete.
#[utoipa::path(put, path = "/leads/{lead}/fields/{field}", operation_id = "change_lead_field", tag = "Leads", request_body = FieldValue,
    responses((status = 200, description = "The lead as it is then.", body = LeadBody), BodyErrors))]
async fn change_field(
    State(core): State<Core>,
    caller: Caller<Reply>,
    Path((_, id, field)): Path<(String, String, String)>,
    body: Result<Json<FieldValue>>,
) -> Result<axum::Json<LeadBody>> {
    let Json(FieldValue { value }) = body?;
    let lead = get(&core, &caller, &id).await?;
    let set = set_field(&core, &caller.actor(), (caller.id(), lead.id), &field, &value).await;
    set.map_err(|error| refused(error, "value"))?;
    Ok(axum::Json(get(&core, &caller, &id).await?.into()))
}

/// What people say of a lead; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateLead {
    /// `null` opens it again.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = super::words::stage_or_null, required = false)]
    stage: Option<Option<String>>,
    /// What it is worth, with `currency`; `null` for not said.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, pattern = "^[0-9]{1,9}(\\.[0-9]{1,2})?$", example = "1250.00")]
    value: Option<Option<String>>,
    #[schema(pattern = "^[A-Z]{3}$", example = "SGD")]
    currency: Option<String>,
    #[schema(schema_with = super::words::quality_or_null, required = false)]
    quality: Option<String>,
    /// Why the quality is as it is.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, max_length = 300)]
    quality_reason: Option<Option<String>>,
}

impl RateLead {
    fn rating(self, before: &ViewedLead) -> Result<Rating> {
        let stage = match self.stage {
            None => before.stage.as_deref().and_then(Stage::parse),
            Some(stage) => word("stage", stage.as_deref(), Stage::parse)?,
        };
        let amount = match (self.value, self.currency) {
            (None | Some(None), Some(_)) => return Err(ApiError::field("currency", "needs a value")),
            (None, None) => amount(before.stage_value, before.currency.as_deref()),
            (Some(None), None) => None,
            (Some(Some(value)), currency) => {
                let currency = currency.or_else(|| before.currency.clone()).unwrap_or_default();
                Some(Amount::parse(&value, &currency).map_err(|error| ApiError::field("value", error.to_string()))?)
            }
        };
        Ok(Rating {
            stage,
            amount,
            quality: word("quality", self.quality.as_deref(), Quality::parse)?.unwrap_or(before.quality),
            reason: self.quality_reason.unwrap_or_else(|| before.quality_reason.clone()),
        })
    }
}

/// Set the stage and the quality of a lead
///
/// Webhooks that choose `lead.stage_changed` are told of another stage.
#[utoipa::path(patch, path = "/leads/{lead}/rating", operation_id = "rate_lead", tag = "Leads", request_body = RateLead,
    responses((status = 200, description = "The lead as it is then.", body = LeadBody), BodyErrors))]
async fn rate(
    State(core): State<Core>,
    caller: Caller<Reply>,
    Path((_, id)): Path<(String, String)>,
    body: Result<Json<RateLead>>,
) -> Result<axum::Json<LeadBody>> {
    let Json(body) = body?;
    let before = get(&core, &caller, &id).await?;
    let rating = body.rating(&before)?;
    let rated = rate_lead(&core, &caller.actor(), (caller.id(), before.id), rating).await;
    rated.map_err(|error| refused(error, "quality_reason"))?;
    Ok(axum::Json(get(&core, &caller, &id).await?.into()))
}

/// A note on a lead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteLead {
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

/// Write a note on a lead
#[utoipa::path(post, path = "/leads/{lead}/notes", operation_id = "note_lead", tag = "Leads", request_body = NoteLead,
    responses((status = 204, description = "The note was written."), BodyErrors))]
async fn note(
    State(core): State<Core>,
    caller: Caller<Reply>,
    Path((_, id)): Path<(String, String)>,
    body: Result<Json<NoteLead>>,
) -> Result<StatusCode> {
    let Json(NoteLead { text }) = body?;
    let lead = get(&core, &caller, &id).await?;
    let noted = add_note(&core, &caller.actor(), (caller.id(), lead.id), &text).await;
    noted.map_err(|error| refused(error, "text"))?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: EditRefused, field: &str) -> ApiError {
    match error {
        EditRefused::Unknown => no_lead(),
        EditRefused::Erased => ApiError::Conflict(format!("{error}.")),
        EditRefused::Field => ApiError::NotFound(format!("{error}.")),
        EditRefused::Value(_) | EditRefused::Length(_) => ApiError::field(field, error.to_string()),
        EditRefused::Failed(error) => error.into(),
    }
}
