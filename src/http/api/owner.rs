//! `/api/v1/owner`: the project of something whose id alone is known.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{self, Authenticated};
use super::query::Params;
use crate::core::Core;
use crate::db::Conn;
use crate::domain::ids::ProjectId;
use crate::domain::token::TokenOwner;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::store::{delivery_log, keys, projects, tokens};

pub fn list_routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(find))
}

/// What is looked for: one of these.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OwnerParams {
    /// The id of a webhook.
    webhook: Option<String>,
    /// The id of a delivery.
    delivery: Option<String>,
    /// The id of an API key.
    key: Option<String>,
    /// The id of a project's token.
    token: Option<String>,
}

/// Where something is.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Owner)]
pub(crate) struct OwnerBody {
    #[schema(example = "0f8fad5b-d9cb-469f-a165-70867728950e")]
    pub(crate) project_id: String,
}

async fn project_of(conn: &Conn, params: &OwnerParams) -> anyhow::Result<Option<ProjectId>> {
    Ok(match params {
        OwnerParams { webhook: Some(id), .. } => delivery_log::webhook_key(conn, id).await?.map(|(project, _)| project),
        OwnerParams { delivery: Some(id), .. } => match id.parse() {
            Ok(id) => delivery_log::project_of(conn, id).await?,
            Err(_) => None,
        },
        OwnerParams { key: Some(id), .. } => keys::project_of(conn, id).await?,
        OwnerParams { token: Some(id), .. } => match tokens::owner_of(conn, id).await? {
            Some(TokenOwner::Project(project)) => Some(project),
            Some(TokenOwner::Operator | TokenOwner::Person(_)) | None => None,
        },
        _ => None,
    })
}

/// Find the project of something
///
/// For programs that know the id of a webhook, a delivery, an API key or a project's token alone.
#[utoipa::path(get, path = "/owner", operation_id = "find_owner", tag = "Projects", params(OwnerParams),
    responses((status = 200, description = "The project.", body = OwnerBody)))]
async fn find(
    State(core): State<Core>,
    authenticated: Authenticated,
    Params(params): Params<OwnerParams>,
) -> Result<axum::Json<OwnerBody>> {
    let given = [&params.webhook, &params.delivery, &params.key, &params.token].into_iter().flatten().count();
    if given != 1 {
        return Err(ApiError::field("webhook", "name one thing: webhook, delivery, key or token"));
    }
    let owner = authenticated.owner();
    let found = core.db.read(async move |conn| {
        let Some(project) = project_of(conn, &params).await? else { return Ok(None) };
        let public_id = projects::get(conn, project).await?.public_id;
        Ok(caller::find(conn, owner, &public_id).await?.map(|(project, _)| project.public_id))
    });
    let missing = || ApiError::NotFound("There is no such thing, or the token is not valid in its project.".to_owned());
    Ok(axum::Json(OwnerBody { project_id: found.await?.ok_or_else(missing)? }))
}
