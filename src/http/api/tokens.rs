//! `/api/v1/projects/{project}/tokens`, and `/api/v1/tokens` for those of the operator: who opens this API.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Admin, Caller, Operator};
use super::errors::BodyErrors;
use super::query::{Page, word};
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::time::SignedDuration;
use crate::domain::token::{TokenOwner, TokenScope};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::create_token::{MadeToken, TokenRefused, create_token};
use crate::projects::revoke_token::revoke_token;
use crate::store::tokens::{self, Token};

/// Rows of a list.
pub(crate) const LISTED_MAX: u32 = 10_000;
/// Days that a token is valid at most, where it ends at all.
const DAYS_MAX: u32 = 3_650;

/// The routes without a project in their path.
pub fn list_routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list_own, create_own)).routes(routes!(revoke_own))
}

/// Those below one.
pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(revoke))
}

/// A token of this API, as it is shown.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenBody {
    pub(crate) token_id: String,
    pub(crate) name: String,
    #[schema(schema_with = super::words::scope)]
    pub(crate) scope: Cow<'static, str>,
    /// Its first characters, to tell tokens apart.
    pub(crate) prefix: String,
    /// Who made it.
    #[schema(required)]
    pub(crate) created_by: Option<String>,
    pub(crate) created_at: UtcMicroseconds,
    #[schema(required)]
    pub(crate) expires_at: Option<UtcMicroseconds>,
    #[schema(required)]
    pub(crate) revoked_at: Option<UtcMicroseconds>,
    /// To a few minutes.
    #[schema(required)]
    pub(crate) last_used_at: Option<UtcMicroseconds>,
    /// Whether calls with it are served.
    pub(crate) is_valid: bool,
}

impl TokenBody {
    pub(crate) fn new(core: &Core, token: Token) -> Self {
        Self {
            is_valid: token.is_valid(core.clock.now()),
            token_id: token.public_id,
            name: token.name,
            scope: token.scope.as_str().into(),
            prefix: token.prefix,
            created_by: token.created_by,
            created_at: UtcMicroseconds(token.created_at),
            expires_at: token.expires_at.map(UtcMicroseconds),
            revoked_at: token.revoked_at.map(UtcMicroseconds),
            last_used_at: token.last_used_at.map(UtcMicroseconds),
        }
    }
}

/// A token to be made.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateToken {
    /// Who uses it, and for what.
    #[schema(min_length = 1, max_length = 100, example = "CRM sync")]
    pub(crate) name: String,
    #[schema(schema_with = super::words::scope_or_null, required = false)]
    pub(crate) scope: Option<String>,
    /// After so many days it is not valid any more; without this it is valid until it is revoked.
    #[schema(minimum = 1, maximum = 3650)]
    pub(crate) days: Option<u32>,
}

/// A new token: the only time that it can be read.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub(crate) struct NewTokenBody {
    pub(crate) token_id: String,
    #[schema(example = "aurix_token_…")]
    pub(crate) token: String,
    #[schema(schema_with = super::words::scope)]
    pub(crate) scope: Cow<'static, str>,
    #[schema(required)]
    pub(crate) expires_at: Option<UtcMicroseconds>,
}

impl From<MadeToken> for NewTokenBody {
    fn from(MadeToken { row, token }: MadeToken) -> Self {
        let expires_at = row.expires_at.map(UtcMicroseconds);
        Self { token_id: row.public_id, token, scope: row.scope.as_str().into(), expires_at }
    }
}

pub(crate) async fn all(core: &Core, owner: TokenOwner) -> Result<Vec<TokenBody>> {
    let rows = core.db.read(async move |conn| Ok(tokens::list(conn, owner, LISTED_MAX).await?)).await?;
    Ok(rows.into_iter().map(|token| TokenBody::new(core, token)).collect())
}

pub(crate) async fn make(core: &Core, actor: &Actor, owner: TokenOwner, body: CreateToken) -> Result<NewTokenBody> {
    let CreateToken { name, scope, days } = body;
    let scope = word("scope", scope.as_deref(), TokenScope::parse)?.unwrap_or(TokenScope::Read);
    if days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        return Err(ApiError::field("days", format!("must be from 1 to {DAYS_MAX}")));
    }
    let expires_at = days.map(|days| core.clock.now() + SignedDuration::from_hours(24 * i64::from(days)));
    let new = crate::projects::create_token::NewToken { name, scope, expires_at };
    match create_token(core, actor, owner, new).await {
        Ok(made) => Ok(made.into()),
        Err(TokenRefused::Failed(error)) => Err(error.into()),
        Err(refused @ TokenRefused::Name) => Err(ApiError::field("name", refused.to_string())),
        Err(refused @ TokenRefused::Past) => Err(ApiError::field("days", refused.to_string())),
    }
}

async fn end(core: &Core, actor: &Actor, owner: TokenOwner, id: &str) -> Result<StatusCode> {
    match revoke_token(core, actor, owner, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound("There is no such token, or it was revoked before.".to_owned())),
    }
}

/// List the tokens of a project
#[utoipa::path(get, path = "/tokens", operation_id = "list_tokens", tag = "Projects",
    responses((status = 200, description = "All tokens, newest first, those that are not valid any more too.", body = Page<TokenBody>)))]
async fn list(State(core): State<Core>, caller: Caller<Admin>) -> Result<axum::Json<Page<TokenBody>>> {
    Ok(axum::Json(Page::whole(all(&core, TokenOwner::Project(caller.id())).await?)))
}

/// Create a token of a project
#[utoipa::path(post, path = "/tokens", operation_id = "create_token", tag = "Projects", request_body = CreateToken,
    responses((status = 201, description = "The token, shown only here.", body = NewTokenBody), BodyErrors))]
async fn create(
    State(core): State<Core>,
    caller: Caller<Admin>,
    body: Result<Json<CreateToken>>,
) -> Result<(StatusCode, axum::Json<NewTokenBody>)> {
    let Json(body) = body?;
    let made = make(&core, &caller.actor(), TokenOwner::Project(caller.id()), body).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Revoke a token of a project
///
/// Calls with it are refused from now on.
#[utoipa::path(delete, path = "/tokens/{token_id}", operation_id = "revoke_token", tag = "Projects",
    responses((status = 204, description = "The token is revoked.")))]
async fn revoke(
    State(core): State<Core>,
    caller: Caller<Admin>,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    end(&core, &caller.actor(), TokenOwner::Project(caller.id()), &id).await
}

/// List the operator's tokens
#[utoipa::path(get, path = "/tokens", operation_id = "list_operator_tokens", tag = "Projects",
    responses((status = 200, description = "All tokens, newest first, those that are not valid any more too.", body = Page<TokenBody>)))]
async fn list_own(State(core): State<Core>, _: Operator) -> Result<axum::Json<Page<TokenBody>>> {
    Ok(axum::Json(Page::whole(all(&core, TokenOwner::Operator).await?)))
}

/// Create a token of the operator
///
/// It is valid in every project.
#[utoipa::path(post, path = "/tokens", operation_id = "create_operator_token", tag = "Projects", request_body = CreateToken,
    responses((status = 201, description = "The token, shown only here.", body = NewTokenBody), BodyErrors))]
async fn create_own(
    State(core): State<Core>,
    operator: Operator,
    body: Result<Json<CreateToken>>,
) -> Result<(StatusCode, axum::Json<NewTokenBody>)> {
    let Json(body) = body?;
    Ok((StatusCode::CREATED, axum::Json(make(&core, &operator.actor(), TokenOwner::Operator, body).await?)))
}

/// Revoke a token of the operator
#[utoipa::path(delete, path = "/tokens/{token_id}", operation_id = "revoke_operator_token", tag = "Projects",
    responses((status = 204, description = "The token is revoked.")))]
async fn revoke_own(State(core): State<Core>, operator: Operator, Path(id): Path<String>) -> Result<StatusCode> {
    end(&core, &operator.actor(), TokenOwner::Operator, &id).await
}
