//! `/api/v1/projects/{project}/links`: addresses without a site, `/l/{slug}`, for posters, profiles and letters.

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
use super::query::{Cursor, Limit, Page, Params};
use crate::core::Core;
use crate::domain::ids::{LinkId, ProjectId};
use crate::domain::link::{Campaign, InvalidCampaign, InvalidSlug, LinkStatus, SLUG_CHARS_MAX, Slug};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::links::{LinkRefused, NewLink, Opens, create_link, set_link_status, update_link};
use crate::store::links::{self, Link};
use crate::store::window::Position;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

type ById = Path<(String, String)>;

/// An address that leads to a chat.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkBody {
    #[schema(example = 12)]
    pub(crate) link_id: i64,
    #[schema(example = "spring-poster")]
    pub(crate) slug: String,
    /// On the own domain of the project's links, where it has one.
    #[schema(example = "https://chat.example/l/spring-poster")]
    pub(crate) address: String,
    /// The widget whose channel it leads to.
    #[schema(example = "w_4kQ9xTr2LmZs")]
    pub(crate) widget_id: String,
    /// Where its visitors come from, as `utm_source` says it.
    #[schema(example = "poster")]
    pub(crate) source: String,
    pub(crate) medium: String,
    pub(crate) campaign: String,
    /// The start of the text that the visitor sends; that of the widget where it is empty.
    pub(crate) text: String,
    /// A link that is paused leads to the chat all the same, and counts no clicks.
    #[schema(schema_with = super::words::link_status)]
    pub(crate) status: Cow<'static, str>,
    pub(crate) created_at: UtcMicroseconds,
}

fn shown(core: &Core, link: Link) -> LinkBody {
    let address = link.address(&core.config.base_url);
    let Campaign { source, medium, campaign, text } = link.campaign;
    LinkBody {
        link_id: link.id.0,
        address,
        slug: link.slug,
        widget_id: link.widget,
        source,
        medium,
        campaign,
        text,
        status: link.status.as_str().into(),
        created_at: UtcMicroseconds(link.created_at),
    }
}

fn no_link() -> ApiError {
    ApiError::NotFound("The project has no such link.".to_owned())
}

async fn get<N: Needs>(core: &Core, caller: &Caller<N>, id: &str) -> Result<Link> {
    let id: LinkId = id.parse().map_err(|_| no_link())?;
    let project = caller.id();
    let found = core.db.read(async move |conn| Ok(links::find_in(conn, project, id).await?)).await?;
    found.ok_or_else(no_link)
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LinkParams {
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
    /// The one whose address ends so; none where the project has no such link.
    #[param(max_length = 40)]
    slug: Option<String>,
}

/// The project's link by the end of its address, if it was not deleted.
async fn find_slug(core: &Core, project: ProjectId, slug: &str) -> Result<Option<Link>> {
    let Ok(slug) = Slug::parse(slug) else { return Ok(None) };
    let found = core.db.read(async move |conn| Ok(links::find(conn, &slug).await?)).await?;
    Ok(found.filter(|link| link.project == project && link.status != LinkStatus::Removed))
}

/// List links
#[utoipa::path(get, path = "/links", operation_id = "list_links", tag = "Projects", params(LinkParams),
    responses((status = 200, description = "A page of links, newest first.", body = Page<LinkBody>)))]
async fn list(
    State(core): State<Core>,
    caller: Caller,
    Params(params): Params<LinkParams>,
) -> Result<axum::Json<Page<LinkBody>>> {
    if let Some(slug) = params.slug {
        if slug.chars().count() > SLUG_CHARS_MAX {
            return Err(ApiError::field("slug", format!("must have at most {SLUG_CHARS_MAX} characters")));
        }
        let found = find_slug(&core, caller.id(), &slug).await?;
        return Ok(axum::Json(Page::whole(found.into_iter().map(|link| shown(&core, link)).collect())));
    }
    let before = params.cursor.map_or(LinkId(i64::MAX), |Cursor(at)| LinkId(at.id));
    let (project, most) = (caller.id(), params.limit.unwrap_or_default().rows());
    let mut rows = core.db.read(async move |conn| Ok(links::page(conn, project, before, most + 1).await?)).await?;
    let most = usize::try_from(most)?;
    let has_more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| has_more).map(|last| Position::of(last.created_at, last.id));
    Ok(axum::Json(Page::new(rows.into_iter().map(|row| shown(&core, row)).collect(), next)))
}

/// Show a link
#[utoipa::path(get, path = "/links/{link}", operation_id = "get_link", tag = "Projects",
    responses((status = 200, description = "The link.", body = LinkBody)))]
async fn show(State(core): State<Core>, caller: Caller, Path((_, id)): ById) -> Result<Tagged<LinkBody>> {
    let link = get(&core, &caller, &id).await?;
    Ok(Tagged(shown(&core, link)))
}

/// A link to be made. It leads to a widget, or to a channel by its newest widget.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateLink {
    /// The end of its address; one is made where there is none.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$", example = "spring-poster")]
    pub(crate) slug: Option<String>,
    /// Either this or `channel_id`.
    #[schema(example = "w_4kQ9xTr2LmZs")]
    pub(crate) widget_id: Option<String>,
    #[schema(example = "106540352242922")]
    pub(crate) channel_id: Option<String>,
    #[schema(min_length = 1, max_length = 150, example = "poster")]
    pub(crate) source: String,
    #[schema(max_length = 150)]
    pub(crate) medium: Option<String>,
    #[schema(max_length = 150)]
    pub(crate) campaign: Option<String>,
    #[schema(max_length = 500)]
    pub(crate) text: Option<String>,
}

fn opens(widget: Option<String>, channel: Option<String>) -> Result<Option<Opens>> {
    match (widget, channel) {
        (Some(_), Some(_)) => Err(ApiError::field("channel_id", "cannot be combined with widget_id")),
        (Some(widget), None) => Ok(Some(Opens::Widget(widget))),
        (None, Some(channel)) => Ok(Some(Opens::Channel(channel))),
        (None, None) => Ok(None),
    }
}

/// Create a link
#[utoipa::path(post, path = "/links", operation_id = "create_link", tag = "Projects", request_body = CreateLink,
    responses((status = 201, description = "The link.", body = LinkBody), BodyErrors))]
async fn create(
    State(core): State<Core>,
    caller: Caller<Write>,
    body: Result<Json<CreateLink>>,
) -> Result<(StatusCode, axum::Json<LinkBody>)> {
    let Json(CreateLink { slug, widget_id, channel_id, source, medium, campaign, text }) = body?;
    if slug.as_deref().is_some_and(|slug| !Slug::parse(slug).is_ok_and(|parsed| parsed.as_str() == slug)) {
        return Err(refused(InvalidSlug.into()));
    }
    let opens = opens(widget_id, channel_id)?.ok_or_else(|| ApiError::field("widget_id", "is missing"))?;
    let [medium, campaign, text] = [medium, campaign, text].map(Option::unwrap_or_default);
    let new = NewLink { slug, opens, campaign: Campaign { source, medium, campaign, text } };
    let link = create_link(&core, &caller.actor(), caller.id(), new).await.map_err(refused)?;
    Ok((StatusCode::CREATED, axum::Json(shown(&core, link))))
}

/// What is to be different; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeLink {
    /// Either this or `channel_id`.
    widget_id: Option<String>,
    channel_id: Option<String>,
    #[schema(min_length = 1, max_length = 150)]
    source: Option<String>,
    #[schema(max_length = 150)]
    medium: Option<String>,
    #[schema(max_length = 150)]
    campaign: Option<String>,
    #[schema(max_length = 500)]
    text: Option<String>,
}

/// Change a link
///
/// Its address stays, since it may be printed.
#[utoipa::path(patch, path = "/links/{link}", operation_id = "change_link", tag = "Projects", request_body = ChangeLink,
    responses((status = 200, description = "The link as it is then.", body = LinkBody), Changed, BodyErrors))]
async fn change(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    if_match: IfMatch,
    body: Result<Json<ChangeLink>>,
) -> Result<Tagged<LinkBody>> {
    let Json(body) = body?;
    let before = get(&core, &caller, &id).await?;
    if_match.check(&shown(&core, before.clone()))?;
    let opens = opens(body.widget_id, body.channel_id)?.unwrap_or(Opens::Widget(before.widget));
    let said = Campaign {
        source: body.source.unwrap_or(before.campaign.source),
        medium: body.medium.unwrap_or(before.campaign.medium),
        campaign: body.campaign.unwrap_or(before.campaign.campaign),
        text: body.text.unwrap_or(before.campaign.text),
    };
    let changed = update_link(&core, &caller.actor(), caller.id(), before.id, (opens, said)).await;
    if !changed.map_err(refused)? {
        return Err(no_link());
    }
    let link = get(&core, &caller, &id).await?;
    Ok(Tagged(shown(&core, link)))
}

async fn set(core: &Core, caller: &Caller<Write>, id: &str, status: LinkStatus) -> Result<()> {
    let link = get(core, caller, id).await?;
    // One that is so already stays so.
    set_link_status(core, &caller.actor(), caller.id(), link.id, status).await?;
    Ok(())
}

/// Pause a link
///
/// It leads to the chat all the same, and counts no clicks.
#[utoipa::path(post, path = "/links/{link}/pause", operation_id = "pause_link", tag = "Projects",
    responses((status = 200, description = "The link, paused.", body = LinkBody)))]
async fn pause(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Result<axum::Json<LinkBody>> {
    set(&core, &caller, &id, LinkStatus::Paused).await?;
    Ok(axum::Json(shown(&core, get(&core, &caller, &id).await?)))
}

/// Resume a paused link
#[utoipa::path(post, path = "/links/{link}/resume", operation_id = "resume_link", tag = "Projects",
    responses((status = 200, description = "The link, counting clicks.", body = LinkBody)))]
async fn resume(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Result<axum::Json<LinkBody>> {
    set(&core, &caller, &id, LinkStatus::Active).await?;
    Ok(axum::Json(shown(&core, get(&core, &caller, &id).await?)))
}

/// Delete a link
///
/// It stands in no list any more. Whoever follows it reaches the chat all the same.
#[utoipa::path(delete, path = "/links/{link}", operation_id = "delete_link", tag = "Projects",
    responses((status = 204, description = "The link was deleted.")))]
async fn remove(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Result<StatusCode> {
    set(&core, &caller, &id, LinkStatus::Removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: LinkRefused) -> ApiError {
    let field = match &error {
        LinkRefused::Slug(_) => "slug",
        LinkRefused::Opens => "widget_id",
        LinkRefused::Campaign(InvalidCampaign::NoSource | InvalidCampaign::Source) => "source",
        LinkRefused::Campaign(InvalidCampaign::Medium) => "medium",
        LinkRefused::Campaign(InvalidCampaign::Campaign) => "campaign",
        LinkRefused::Campaign(InvalidCampaign::Text) => "text",
        LinkRefused::Taken(_) | LinkRefused::Failed(_) => "body",
    };
    match error {
        LinkRefused::Failed(error) => error.into(),
        LinkRefused::Taken(_) => ApiError::Conflict(format!("{error}.")),
        refused => ApiError::field(field, refused.to_string()),
    }
}
