//! `/api/v1/projects/{project}/widgets`: the buttons on sites.

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
use super::query::{Page, word};
use crate::core::Core;
use crate::domain::widget::{Look, Side};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::create_widget::{NewWidget, check, create_widget, snippet};
use crate::projects::update_widget::update_widget;
use crate::store::channels::{self, Channel};
use crate::store::widgets::{self, WidgetDetails};

/// Rows of a list.
const LISTED_MAX: u32 = 10_000;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show, change))
}

/// A button on a site.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Widget)]
pub(crate) struct WidgetBody {
    #[schema(example = "w_4kQ9xTr2LmZs")]
    pub(crate) widget_id: String,
    /// As people call it; visitors do not see it.
    pub(crate) name: String,
    /// The channel that it opens.
    pub(crate) channel_id: String,
    /// The start of the text that the visitor sends.
    pub(crate) greeting: String,
    /// The sites that may use it; any where there is none.
    pub(crate) origins: Vec<String>,
    /// What stands on the button.
    pub(crate) label: String,
    #[schema(example = "#12813f")]
    pub(crate) color: String,
    #[schema(schema_with = super::words::side)]
    pub(crate) side: Cow<'static, str>,
    /// Whether links to the channel that the site has already count as clicks, too.
    pub(crate) takes_links: bool,
    /// The tag for the site.
    pub(crate) snippet: String,
    /// The last click.
    #[schema(required)]
    pub(crate) clicked_at: Option<UtcMicroseconds>,
}

fn shown(core: &Core, details: WidgetDetails, channels: &[Channel]) -> WidgetBody {
    let WidgetDetails { widget, look, clicked_at, .. } = details;
    let channel = channels.iter().find(|channel| channel.id == widget.channel);
    WidgetBody {
        snippet: snippet(&core.config.base_url, &widget.public_id, &look, widget.channel_kind),
        widget_id: widget.public_id,
        name: look.name,
        channel_id: channel.map(|channel| channel.external_id.clone()).unwrap_or_default(),
        greeting: widget.greeting,
        origins: widget.origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        label: look.label,
        color: look.color,
        side: look.side.as_str().into(),
        takes_links: look.takes_links,
        clicked_at: clicked_at.map(UtcMicroseconds),
    }
}

async fn get<N: Needs>(core: &Core, caller: &Caller<N>, id: &str) -> Result<WidgetBody> {
    let (project, id) = (caller.id(), id.to_owned());
    let read = core.db.read(async move |conn| {
        Ok((widgets::find_details(conn, project, &id).await?, channels::list(conn, project, LISTED_MAX).await?))
    });
    let (found, channels) = read.await?;
    found.map(|details| shown(core, details, &channels)).ok_or_else(no_widget)
}

fn no_widget() -> ApiError {
    ApiError::NotFound("The project has no such widget.".to_owned())
}

/// List widgets
#[utoipa::path(get, path = "/widgets", operation_id = "list_widgets", tag = "Projects",
    responses((status = 200, description = "All widgets, oldest first.", body = Page<WidgetBody>)))]
async fn list(State(core): State<Core>, caller: Caller) -> Result<axum::Json<Page<WidgetBody>>> {
    let project = caller.id();
    let read = core.db.read(async move |conn| {
        Ok((widgets::details(conn, project, LISTED_MAX).await?, channels::list(conn, project, LISTED_MAX).await?))
    });
    let (rows, channels) = read.await?;
    Ok(axum::Json(Page::whole(rows.into_iter().map(|row| shown(&core, row, &channels)).collect())))
}

/// Show a widget
#[utoipa::path(get, path = "/widgets/{widget}", operation_id = "get_widget", tag = "Projects",
    responses((status = 200, description = "The widget.", body = WidgetBody)))]
async fn show(
    State(core): State<Core>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Tagged<WidgetBody>> {
    Ok(Tagged(get(&core, &caller, &id).await?))
}

/// What is chosen of a widget; of a change, what is absent stays.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChooseWidget {
    /// Of a new one it has to be there.
    #[schema(example = "106540352242922")]
    pub(crate) channel_id: Option<String>,
    #[schema(max_length = 60)]
    pub(crate) name: Option<String>,
    #[schema(max_length = 500)]
    pub(crate) greeting: Option<String>,
    /// `https://www.example.com`, or `*.example.com` for all below it.
    #[schema(max_items = 100)]
    pub(crate) origins: Option<Vec<String>>,
    #[schema(max_length = 60)]
    pub(crate) label: Option<String>,
    /// Dark enough for white on it.
    #[schema(pattern = "^#[0-9a-f]{6}$", example = "#12813f")]
    pub(crate) color: Option<String>,
    #[schema(schema_with = super::words::side_or_null, required = false)]
    pub(crate) side: Option<String>,
    /// Whether links to the channel that the site has already count as clicks, too.
    pub(crate) takes_links: Option<bool>,
}

/// The widget, checked as far as it is not the matter of its use case.
async fn checked(core: &Core, caller: &Caller<Write>, new: &NewWidget) -> Result<()> {
    check(new).map_err(|error| ApiError::field("body", error.to_string()))?;
    let (project, id) = (caller.id(), new.channel_id.clone());
    let found = core.db.read(async move |conn| Ok(channels::find_in(conn, project, &id).await?)).await?;
    found.map(drop).ok_or_else(|| ApiError::field("channel_id", "the project has no such channel"))
}

/// Create a widget
#[utoipa::path(post, path = "/widgets", operation_id = "create_widget", tag = "Projects", request_body = ChooseWidget,
    responses((status = 201, description = "The widget.", body = WidgetBody), BodyErrors))]
async fn create(
    State(core): State<Core>,
    caller: Caller<Write>,
    body: Result<Json<ChooseWidget>>,
) -> Result<(StatusCode, axum::Json<WidgetBody>)> {
    let Json(body) = body?;
    let usual = Look::default();
    let new = NewWidget {
        channel_id: body.channel_id.ok_or_else(|| ApiError::field("channel_id", "is missing"))?,
        origins: body.origins.unwrap_or_default(),
        greeting: body.greeting,
        look: Look {
            name: body.name.unwrap_or(usual.name),
            label: body.label.unwrap_or(usual.label),
            color: body.color.unwrap_or(usual.color),
            side: word("side", body.side.as_deref(), Side::parse)?.unwrap_or(usual.side),
            takes_links: body.takes_links.unwrap_or(usual.takes_links),
        },
    };
    checked(&core, &caller, &new).await?;
    let made = create_widget(&core, &caller.actor(), caller.id(), new).await?;
    Ok((StatusCode::CREATED, axum::Json(get(&core, &caller, &made.public_id).await?)))
}

/// Change a widget
///
/// Its id stays, so that tags on sites go on working.
#[utoipa::path(patch, path = "/widgets/{widget}", operation_id = "change_widget", tag = "Projects", request_body = ChooseWidget,
    responses((status = 200, description = "The widget as it is then.", body = WidgetBody), Changed, BodyErrors))]
async fn change(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): Path<(String, String)>,
    if_match: IfMatch,
    body: Result<Json<ChooseWidget>>,
) -> Result<Tagged<WidgetBody>> {
    let Json(body) = body?;
    let before = get(&core, &caller, &id).await?;
    if_match.check(&before)?;
    let side = Side::parse(&before.side).unwrap_or(Side::Right);
    let changed = NewWidget {
        channel_id: body.channel_id.unwrap_or(before.channel_id),
        origins: body.origins.unwrap_or(before.origins),
        greeting: Some(body.greeting.unwrap_or(before.greeting)),
        look: Look {
            name: body.name.unwrap_or(before.name),
            label: body.label.unwrap_or(before.label),
            color: body.color.unwrap_or(before.color),
            side: word("side", body.side.as_deref(), Side::parse)?.unwrap_or(side),
            takes_links: body.takes_links.unwrap_or(before.takes_links),
        },
    };
    checked(&core, &caller, &changed).await?;
    if !update_widget(&core, &caller.actor(), caller.id(), &id, changed).await? {
        return Err(no_widget());
    }
    Ok(Tagged(get(&core, &caller, &id).await?))
}
