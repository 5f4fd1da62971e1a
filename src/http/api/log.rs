//! `…/audit` and `…/attention`, of a project or of all: who changed what, and what needs a person.

use std::borrow::Cow;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Keys, Operator};
use super::query::{Cursor, Limit, Page, Params, word};
use crate::core::Core;
use crate::domain::ids::{AttentionId, AuditId, ProjectId};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::store::attention::{self, AttentionItem};
use crate::store::audit::{self, Entry};
use crate::store::projects;
use crate::store::window::Position;

/// Items that are listed.
const LISTED_MAX: u32 = 10_000;

/// The routes without a project in their path.
pub fn list_routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(all_changes)).routes(routes!(all_items))
}

/// Those below one.
pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(changes)).routes(routes!(items))
}

/// Who changed something.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct ActorBody {
    /// `command`, `key`, `token`, `person` or `system`.
    #[schema(example = "person")]
    pub(crate) kind: String,
    /// Of the key, the token or the person.
    #[schema(required)]
    pub(crate) id: Option<String>,
    /// The user who ran the command, the service of the key, the name of the token, or the person's e-mail address.
    #[schema(required)]
    pub(crate) name: Option<String>,
}

/// What was changed.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AuditObject)]
pub(crate) struct ObjectBody {
    #[schema(example = "webhook")]
    pub(crate) kind: String,
    pub(crate) id: String,
}

/// A change.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub(crate) struct ChangeBody {
    pub(crate) at: UtcMicroseconds,
    /// Empty for what belongs to no project.
    pub(crate) project_id: String,
    pub(crate) actor: ActorBody,
    #[schema(example = "webhook.add")]
    pub(crate) action: String,
    pub(crate) object: ObjectBody,
    #[schema(value_type = Object)]
    pub(crate) detail: Box<RawValue>,
}

impl From<Entry> for ChangeBody {
    fn from(entry: Entry) -> Self {
        Self {
            at: UtcMicroseconds(entry.at),
            project_id: entry.project,
            actor: ActorBody { kind: entry.actor_kind, id: entry.actor_id, name: entry.actor_name },
            action: entry.action,
            object: ObjectBody { kind: entry.object_kind, id: entry.object_id },
            detail: RawValue::from_string(entry.detail).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        }
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangeParams {
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

async fn page(core: &Core, project: Option<ProjectId>, params: ChangeParams) -> Result<axum::Json<Page<ChangeBody>>> {
    let before = params.cursor.map_or(AuditId(i64::MAX), |Cursor(at)| AuditId(at.id));
    let most = params.limit.unwrap_or_default().rows();
    let read = core.db.read(async move |conn| match project {
        Some(project) => Ok(audit::page(conn, project, before, most + 1).await?),
        None => Ok(audit::page_of_all(conn, before, most + 1).await?),
    });
    Ok(axum::Json(Page::cut(read.await?, most, |last| Position { created_at: 0, id: last.id.0 })?))
}

/// List the changes of a project
#[utoipa::path(get, path = "/audit", operation_id = "list_changes", tag = "Projects", params(ChangeParams),
    responses((status = 200, description = "A page of the audit log, newest first.", body = Page<ChangeBody>)))]
async fn changes(
    State(core): State<Core>,
    caller: Caller<Keys>,
    Params(params): Params<ChangeParams>,
) -> Result<axum::Json<Page<ChangeBody>>> {
    page(&core, Some(caller.id()), params).await
}

/// List all changes
///
/// Of all projects and of the instance.
#[utoipa::path(get, path = "/audit", operation_id = "list_all_changes", tag = "Projects", params(ChangeParams),
    responses((status = 200, description = "A page of the audit log, newest first.", body = Page<ChangeBody>)))]
async fn all_changes(
    State(core): State<Core>,
    _: Operator,
    Params(params): Params<ChangeParams>,
) -> Result<axum::Json<Page<ChangeBody>>> {
    page(&core, None, params).await
}

/// What an item is about.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AttentionSubject)]
pub(crate) struct SubjectBody {
    #[schema(example = "webhook")]
    pub(crate) r#type: Cow<'static, str>,
    pub(crate) id: String,
}

/// Something that needs a person, or needed one.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AttentionItem)]
pub(crate) struct ItemBody {
    pub(crate) id: i64,
    /// `null` for the instance.
    #[schema(required)]
    pub(crate) project_id: Option<String>,
    #[schema(example = "webhook.failing")]
    pub(crate) kind: Cow<'static, str>,
    pub(crate) subject: SubjectBody,
    /// What is wrong, in a few words.
    pub(crate) title: String,
    /// What it means, and what to do.
    pub(crate) message: String,
    pub(crate) since: UtcMicroseconds,
    pub(crate) opened_at: UtcMicroseconds,
    /// `null` while it is open.
    #[schema(required)]
    pub(crate) closed_at: Option<UtcMicroseconds>,
    /// The page of the console where it is mended.
    pub(crate) url: String,
}

impl ItemBody {
    fn new(core: &Core, item: AttentionItem, project: Option<String>) -> Self {
        let (base, page) = (&core.config.base_url, item.kind.page(&item.subject));
        Self {
            id: item.id.0,
            url: match &project {
                Some(project) => format!("{base}/p/{project}/{page}"),
                None => format!("{base}/{page}"),
            },
            project_id: project,
            kind: item.kind.as_str().into(),
            subject: SubjectBody { r#type: item.kind.subject_kind().into(), id: item.subject },
            title: item.title,
            message: item.message,
            since: UtcMicroseconds(item.since),
            opened_at: UtcMicroseconds(item.opened_at),
            closed_at: item.closed_at.map(UtcMicroseconds),
        }
    }
}

/// Which items are listed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ItemParams {
    /// Whether those that were closed within the last 30 days are listed, too.
    #[param(value_type = Option<bool>)]
    closed: Option<String>,
}

async fn listed(core: &Core, project: Option<ProjectId>, params: ItemParams) -> Result<axum::Json<Page<ItemBody>>> {
    let closed = word("closed", params.closed.as_deref(), |text| text.parse::<bool>().ok())?.unwrap_or(false);
    let list = core.db.read(async move |conn| {
        let of: Vec<(ProjectId, Option<String>)> = match project {
            Some(project) => vec![(project, Some(projects::get(conn, project).await?.public_id))],
            None => {
                let all = projects::list(conn, u32::MAX).await?;
                let all = all.into_iter().map(|project| (project.id, Some(project.public_id)));
                all.chain([(ProjectId::INSTANCE, None)]).collect()
            }
        };
        let mut items = Vec::new();
        for (project, public_id) in of {
            let found = if closed {
                attention::page(conn, project, AttentionId(i64::MAX), LISTED_MAX).await?
            } else {
                attention::list_open(conn, project, LISTED_MAX).await?
            };
            items.extend(found.into_iter().map(|item| (item, public_id.clone())));
        }
        Ok(items)
    });
    let mut items = list.await?;
    items.sort_by_key(|(item, _)| std::cmp::Reverse(item.id));
    items.truncate(usize::try_from(LISTED_MAX)?);
    Ok(axum::Json(Page::whole(items.into_iter().map(|(item, project)| ItemBody::new(core, item, project)).collect())))
}

/// List what needs a person in a project
#[utoipa::path(get, path = "/attention", operation_id = "list_attention", tag = "Projects", params(ItemParams),
    responses((status = 200, description = "All items, newest first.", body = Page<ItemBody>)))]
async fn items(
    State(core): State<Core>,
    caller: Caller,
    Params(params): Params<ItemParams>,
) -> Result<axum::Json<Page<ItemBody>>> {
    listed(&core, Some(caller.id()), params).await
}

/// List what needs a person
///
/// In all projects, and of the instance.
#[utoipa::path(get, path = "/attention", operation_id = "list_all_attention", tag = "Projects", params(ItemParams),
    responses((status = 200, description = "All items, newest first.", body = Page<ItemBody>)))]
async fn all_items(
    State(core): State<Core>,
    _: Operator,
    Params(params): Params<ItemParams>,
) -> Result<axum::Json<Page<ItemBody>>> {
    listed(&core, None, params).await
}
