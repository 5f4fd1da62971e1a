//! `/api/v1/projects`: tenants, and how long their data is kept.

use std::borrow::Cow;
use std::fmt::Display;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Admin, Authenticated, Caller, Operator};
use super::errors::{BodyErrors, Changed};
use super::etag::{IfMatch, Tagged};
use super::query::{Cursor, Limit, Page, Params, word};
use super::words::present;
use crate::core::Core;
use crate::db::Conn;
use crate::domain::ids::ProjectId;
use crate::domain::lead::CreatedWhen;
use crate::domain::links_domain::LinksDomain;
use crate::domain::phone::Region;
use crate::domain::retention::{Kind, Period};
use crate::domain::time::SignedDuration;
use crate::domain::token::TokenOwner;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Json;
use crate::projects::create_project::{NewProject, check_name, check_time_zone, create_project};
use crate::projects::set_retention::{retention_of, set_retention};
use crate::projects::update_project::{ABANDONED_AFTER, NUDGE_AFTER, ProjectChanges, UpdateRefused, update_project};
use crate::store::projects::{self, Project};
use crate::store::window::Position;
use crate::store::{members, users};

/// Projects of a person.
const PROJECTS_MAX: u32 = 10_000;

/// The routes without a project in their path.
pub fn list_routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show, change))
}

/// Those below one.
pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(show_retention, put_retention))
}

/// A tenant.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectBody {
    #[schema(example = "0f8fad5b-d9cb-469f-a165-70867728950e")]
    pub(crate) project_id: String,
    pub(crate) name: String,
    /// ISO 3166 alpha-2: how national phone numbers are read.
    #[schema(example = "SG")]
    pub(crate) region: String,
    /// IANA name: how dates are read.
    #[schema(example = "Asia/Singapore")]
    pub(crate) timezone: String,
    /// How much of a visitor's IP address is stored: `full`, `truncated` or `omitted`.
    #[schema(example = "full")]
    pub(crate) ip: String,
    /// When `lead.created` is emitted.
    #[schema(schema_with = super::words::created_when)]
    pub(crate) lead_created: Cow<'static, str>,
    /// Whether members may export leads and resend deliveries.
    pub(crate) members_may_export: bool,
    /// Whether viewers see phone numbers and e-mail addresses masked.
    pub(crate) viewers_see_masked: bool,
    /// How long after a person's last message the agent asks once more; `null` for never.
    #[schema(required)]
    pub(crate) nudge_after_s: Option<i64>,
    /// How long after it a lead that is not complete counts as abandoned.
    pub(crate) abandoned_after_s: i64,
    /// The host that its links have instead of the server's.
    #[schema(required, example = "go.shop.example")]
    pub(crate) links_domain: Option<String>,
}

impl From<Project> for ProjectBody {
    fn from(project: Project) -> Self {
        Self {
            project_id: project.public_id,
            name: project.name,
            region: project.region,
            timezone: project.time_zone,
            ip: project.ip_policy,
            lead_created: project.lead_created.as_str().into(),
            members_may_export: project.members_may_export,
            viewers_see_masked: project.viewers_see_masked,
            nudge_after_s: project.nudge_after.map(|after| after.as_secs()),
            abandoned_after_s: project.abandoned_after.as_secs(),
            links_domain: project.links_domain,
        }
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProjectParams {
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// The projects behind `after` that a token is valid for, oldest first, at most `most`.
async fn visible(conn: &Conn, owner: TokenOwner, after: ProjectId, most: u32) -> anyhow::Result<Vec<Project>> {
    let mut rows = match owner {
        TokenOwner::Operator => return Ok(projects::page(conn, after, most).await?),
        TokenOwner::Project(project) => vec![projects::get(conn, project).await?],
        TokenOwner::Person(user) if users::get(conn, user).await?.is_operator => {
            return Ok(projects::page(conn, after, most).await?);
        }
        TokenOwner::Person(user) => {
            let own = members::projects_of(conn, user, PROJECTS_MAX).await?;
            own.into_iter().map(|(project, _)| project).collect()
        }
    };
    rows.retain(|project| project.id > after);
    rows.sort_by_key(|project| project.id);
    rows.truncate(usize::try_from(most)?);
    Ok(rows)
}

/// List projects
///
/// Those that the token is valid for, oldest first: its project, those of its person, or all.
#[utoipa::path(get, path = "/projects", operation_id = "list_projects", tag = "Projects", params(ProjectParams),
    responses((status = 200, description = "A page of projects.", body = Page<ProjectBody>)))]
async fn list(
    State(core): State<Core>,
    authenticated: Authenticated,
    Params(params): Params<ProjectParams>,
) -> Result<axum::Json<Page<ProjectBody>>> {
    let after = params.cursor.map_or(ProjectId(0), |Cursor(at)| ProjectId(at.id));
    let most = params.limit.unwrap_or_default().rows();
    let owner = authenticated.owner();
    let mut rows = core.db.read(async move |conn| visible(conn, owner, after, most + 1).await).await?;
    let most = usize::try_from(most)?;
    let has_more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| has_more).map(|last| Position { created_at: 0, id: last.id.0 });
    Ok(axum::Json(Page::new(rows.into_iter().map(ProjectBody::from).collect(), next)))
}

/// A project to be created.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateProject {
    #[schema(min_length = 1, max_length = 200, example = "Juniper Table")]
    pub(crate) name: String,
    #[schema(pattern = "^[A-Z]{2}$", example = "SG")]
    pub(crate) region: String,
    #[schema(example = "Asia/Singapore")]
    pub(crate) timezone: String,
    /// `full`, `truncated` or `omitted`.
    #[schema(pattern = "^(full|truncated|omitted)$", example = "full")]
    pub(crate) ip: Option<String>,
    #[schema(schema_with = super::words::created_when_or_null, required = false)]
    pub(crate) lead_created: Option<String>,
}

/// Create a project
///
/// For the operator's tokens, and those of people who look after the instance.
#[utoipa::path(post, path = "/projects", operation_id = "create_project", tag = "Projects", request_body = CreateProject,
    responses((status = 201, description = "The project.", body = ProjectBody), BodyErrors))]
async fn create(
    State(core): State<Core>,
    operator: Operator,
    body: Result<Json<CreateProject>>,
) -> Result<(StatusCode, axum::Json<ProjectBody>)> {
    let Json(CreateProject { name, region, timezone, ip, lead_created }) = body?;
    let (name, region, timezone) = (Some(name), Some(region), Some(timezone));
    let wanted = ChangeProject { name, region, timezone, ip, lead_created, ..ChangeProject::default() };
    let changes = wanted.changes()?;
    let usual = NewProject::default();
    let new = NewProject {
        ip_policy: changes.ip_policy.unwrap_or(usual.ip_policy),
        lead_created: changes.lead_created.unwrap_or(usual.lead_created),
        name: changes.name.unwrap_or_default(),
        region: changes.region.unwrap_or_default(),
        time_zone: changes.time_zone.unwrap_or_default(),
    };
    let created = create_project(&core, &operator.actor(), new).await?;
    Ok((StatusCode::CREATED, axum::Json(created.into())))
}

/// Show a project
#[utoipa::path(get, path = "/projects/{project}", operation_id = "get_project", tag = "Projects",
    responses((status = 200, description = "The project.", body = ProjectBody)))]
async fn show(caller: Caller) -> Tagged<ProjectBody> {
    Tagged(caller.project.into())
}

/// What is to be different; what is absent stays.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeProject {
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
    #[schema(pattern = "^[A-Z]{2}$", example = "SG")]
    pub(crate) region: Option<String>,
    #[schema(example = "Asia/Singapore")]
    pub(crate) timezone: Option<String>,
    /// `full`, `truncated` or `omitted`.
    #[schema(pattern = "^(full|truncated|omitted)$", example = "truncated")]
    pub(crate) ip: Option<String>,
    #[schema(schema_with = super::words::created_when_or_null, required = false)]
    pub(crate) lead_created: Option<String>,
    pub(crate) members_may_export: Option<bool>,
    pub(crate) viewers_see_masked: Option<bool>,
    /// From 30 minutes to 20 hours; `null` for never.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, required = false, minimum = 1800, maximum = 72000)]
    pub(crate) nudge_after_s: Option<Option<i64>>,
    /// From one hour to 30 days.
    #[schema(minimum = 3600, maximum = 2592000)]
    pub(crate) abandoned_after_s: Option<i64>,
    /// A host name that leads to this server; `null` for the server's own.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, max_length = 253, example = "go.shop.example")]
    pub(crate) links_domain: Option<Option<String>>,
}

fn invalid(field: &'static str) -> impl Fn(&dyn Display) -> ApiError {
    move |error| ApiError::field(field, error.to_string())
}

impl ChangeProject {
    fn changes(self) -> Result<ProjectChanges> {
        if let Some(name) = &self.name {
            check_name(name).map_err(|error| invalid("name")(&error))?;
        }
        if let Some(region) = &self.region {
            Region::parse(region).map_err(|error| invalid("region")(&error))?;
        }
        if let Some(zone) = &self.timezone {
            check_time_zone(zone).map_err(|error| invalid("timezone")(&error))?;
        }
        let seconds = |field, seconds: i64, range: &std::ops::RangeInclusive<SignedDuration>| {
            let after = SignedDuration::from_secs(seconds);
            let outside = || ApiError::field(field, format!("from {:#} to {:#}", range.start(), range.end()));
            range.contains(&after).then_some(after).ok_or_else(outside)
        };
        let nudge_after = match self.nudge_after_s {
            Some(Some(after)) => Some(Some(seconds("nudge_after_s", after, &NUDGE_AFTER)?)),
            Some(None) => Some(None),
            None => None,
        };
        let links_domain = self.links_domain.map(|text| text.map(|text| LinksDomain::parse(&text)).transpose());
        let abandoned_after = self.abandoned_after_s.map(|after| seconds("abandoned_after_s", after, &ABANDONED_AFTER));
        Ok(ProjectChanges {
            ip_policy: word("ip", self.ip.as_deref(), |text| text.parse().ok())?,
            lead_created: word("lead_created", self.lead_created.as_deref(), CreatedWhen::parse)?,
            members_may_export: self.members_may_export,
            viewers_see_masked: self.viewers_see_masked,
            nudge_after,
            abandoned_after: abandoned_after.transpose()?,
            links_domain: links_domain.transpose().map_err(|error| invalid("links_domain")(&error))?,
            name: self.name,
            region: self.region,
            time_zone: self.timezone,
        })
    }
}

/// Change a project
#[utoipa::path(patch, path = "/projects/{project}", operation_id = "change_project", tag = "Projects", request_body = ChangeProject,
    responses((status = 200, description = "The project as it is then.", body = ProjectBody), Changed, BodyErrors))]
async fn change(
    State(core): State<Core>,
    caller: Caller<Admin>,
    if_match: IfMatch,
    body: Result<Json<ChangeProject>>,
) -> Result<Tagged<ProjectBody>> {
    let Json(body) = body?;
    if_match.check(&ProjectBody::from(caller.project.clone()))?;
    let changed = update_project(&core, &caller.actor(), caller.id(), body.changes()?).await;
    Ok(Tagged(changed.map_err(refused)?.into()))
}

fn refused(error: UpdateRefused) -> ApiError {
    match error {
        UpdateRefused::Failed(error) => error.into(),
        UpdateRefused::DomainTaken(_) | UpdateRefused::OwnHost(_) => invalid("links_domain")(&error),
    }
}

/// How long data is kept.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Retention)]
pub(crate) struct RetentionBody {
    /// Sessions without a conversation, with their clicks; `null` where the server's setting holds.
    #[schema(required, example = "400d")]
    pub(crate) clicks: Option<String>,
    /// Events with their deliveries.
    #[schema(required, example = "90d")]
    pub(crate) events: Option<String>,
    /// Messages.
    #[schema(required, example = "forever")]
    pub(crate) messages: Option<String>,
    /// What holds, by kind.
    #[schema(example = json!({"clicks": "400d", "events": "90d", "messages": "forever"}))]
    pub(crate) effective: std::collections::BTreeMap<String, String>,
}

async fn retention(core: &Core, project: ProjectId) -> Result<RetentionBody> {
    let periods = retention_of(core, project).await?;
    let own = |kind| periods.iter().find(|set| set.kind == kind && set.is_own).map(|set| set.period.to_string());
    Ok(RetentionBody {
        clicks: own(Kind::Clicks),
        events: own(Kind::Events),
        messages: own(Kind::Messages),
        effective: periods.iter().map(|set| (set.kind.as_str().to_owned(), set.period.to_string())).collect(),
    })
}

/// Show how long data is kept
#[utoipa::path(get, path = "/retention", operation_id = "get_retention", tag = "Projects",
    responses((status = 200, description = "The periods.", body = RetentionBody)))]
async fn show_retention(State(core): State<Core>, caller: Caller) -> Result<Tagged<RetentionBody>> {
    Ok(Tagged(retention(&core, caller.id()).await?))
}

/// All periods: `90d` or `forever`; the server's setting where there is none.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutRetention {
    #[schema(pattern = "^([1-9][0-9]{0,3}d|forever)$", example = "400d")]
    pub(crate) clicks: Option<String>,
    #[schema(pattern = "^([1-9][0-9]{0,3}d|forever)$", example = "90d")]
    pub(crate) events: Option<String>,
    /// Eight days at least.
    #[schema(pattern = "^([1-9][0-9]{1,3}d|forever)$", example = "forever")]
    pub(crate) messages: Option<String>,
}

/// Set how long data is kept
#[utoipa::path(put, path = "/retention", operation_id = "put_retention", tag = "Projects", request_body = PutRetention,
    responses((status = 200, description = "The periods as they are then.", body = RetentionBody), Changed, BodyErrors))]
async fn put_retention(
    State(core): State<Core>,
    caller: Caller<Admin>,
    if_match: IfMatch,
    body: Result<Json<PutRetention>>,
) -> Result<Tagged<RetentionBody>> {
    let Json(PutRetention { clicks, events, messages }) = body?;
    if_match.check(&retention(&core, caller.id()).await?)?;
    let mut periods = Vec::new();
    for (kind, text) in [(Kind::Clicks, clicks), (Kind::Events, events), (Kind::Messages, messages)] {
        let period = text.map(|text| Period::parse(kind, &text)).transpose();
        periods.push((kind, period.map_err(|error| ApiError::field(kind.as_str(), error.to_string()))?));
    }
    set_retention(&core, &caller.actor(), caller.id(), periods).await?;
    Ok(Tagged(retention(&core, caller.id()).await?))
}
