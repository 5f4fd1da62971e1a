//! `/api/v1/projects/{project}/keys`, `…/members` and `…/form`: how a project is set up.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Admin, Caller, Keys, Write};
use super::errors::{BodyErrors, Changed};
use super::etag::{IfMatch, Tagged};
use super::query::{Page, word};
use crate::accounts::Accounts;
use crate::agent::read_form;
use crate::core::Core;
use crate::domain::account::{Email, Role};
use crate::domain::form::Form;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::create_key::{SERVICE_CHARS_MAX, create_key};
use crate::projects::members::{MemberRefused, change_role, invite_member, remove_member};
use crate::projects::revoke_key::revoke_key;
use crate::projects::set_form::set_form;
use crate::store::users::User;
use crate::store::{keys, members, projects, users};

/// Rows of a list: more than a project has.
const LISTED_MAX: u32 = 10_000;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(list_keys, create))
        .routes(routes!(revoke))
        .routes(routes!(list_members, invite))
        .routes(routes!(change_member, delete_member))
        .routes(routes!(show_form, put_form))
}

type ById = Path<(String, String)>;

/// An API key of a partner.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyBody {
    pub(crate) key_id: String,
    /// `external`, or the partner's name.
    pub(crate) service_name: String,
    /// Its first characters, to tell keys apart.
    pub(crate) prefix: String,
    pub(crate) created_at: UtcMicroseconds,
    #[schema(required)]
    pub(crate) revoked_at: Option<UtcMicroseconds>,
    /// To a few minutes.
    #[schema(required)]
    pub(crate) last_used_at: Option<UtcMicroseconds>,
}

/// List API keys
#[utoipa::path(get, path = "/keys", operation_id = "list_keys", tag = "Projects",
    responses((status = 200, description = "All keys, oldest first, revoked ones too.", body = Page<KeyBody>)))]
async fn list_keys(State(core): State<Core>, caller: Caller<Keys>) -> Result<axum::Json<Page<KeyBody>>> {
    let project = caller.id();
    let rows = core.db.read(async move |conn| Ok(keys::list(conn, project, LISTED_MAX).await?)).await?;
    let row = |key: keys::Key| KeyBody {
        key_id: key.public_id,
        service_name: key.service_name,
        prefix: key.prefix,
        created_at: UtcMicroseconds(key.created_at),
        revoked_at: key.revoked_at.map(UtcMicroseconds),
        last_used_at: key.last_used_at.map(UtcMicroseconds),
    };
    Ok(axum::Json(Page::whole(rows.into_iter().map(row).collect())))
}

/// Whom a key is for.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// `external` where there is none.
    #[schema(pattern = "^[a-z0-9_-]{1,64}$", example = "topkee")]
    pub(crate) service: Option<String>,
}

/// A new key: the only time that it can be read.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct NewKey {
    pub(crate) key_id: String,
    #[schema(example = "aurix_key_…")]
    pub(crate) key: String,
}

/// Create an API key
#[utoipa::path(post, path = "/keys", operation_id = "create_key", tag = "Projects", request_body = CreateKey,
    responses((status = 201, description = "The key, shown only here.", body = NewKey), BodyErrors))]
async fn create(
    State(core): State<Core>,
    caller: Caller<Keys>,
    body: Result<Json<CreateKey>>,
) -> Result<(StatusCode, axum::Json<NewKey>)> {
    let Json(CreateKey { service }) = body?;
    let service = service.unwrap_or_else(|| "external".to_owned());
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if service.is_empty() || service.len() > SERVICE_CHARS_MAX || !service.bytes().all(fits) {
        return Err(ApiError::field("service", "use 1 to 64 of a-z, 0-9, - and _"));
    }
    let made = create_key(&core, &caller.actor(), caller.id(), service).await?;
    Ok((StatusCode::CREATED, axum::Json(NewKey { key_id: made.row.public_id, key: made.key })))
}

/// A key that was revoked.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RevokedKey {
    pub(crate) key_id: String,
    /// The webhook that was registered with it, which is off now.
    #[schema(required)]
    pub(crate) webhook_turned_off: Option<String>,
}

/// Revoke an API key
///
/// Requests with it are refused from now on, and its webhook is turned off.
#[utoipa::path(delete, path = "/keys/{key_id}", operation_id = "revoke_key", tag = "Projects",
    responses((status = 200, description = "The key is revoked.", body = RevokedKey)))]
async fn revoke(State(core): State<Core>, caller: Caller<Keys>, Path((_, id)): ById) -> Result<axum::Json<RevokedKey>> {
    match revoke_key(&core, &caller.actor(), caller.id(), &id).await? {
        Some(revoked) => Ok(axum::Json(RevokedKey { key_id: id, webhook_turned_off: revoked.webhook_id })),
        None => Err(ApiError::NotFound("The project has no such key, or it was revoked before.".to_owned())),
    }
}

/// A person who works in the project.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    pub(crate) user_id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    #[schema(schema_with = super::words::role)]
    pub(crate) role: Cow<'static, str>,
    #[schema(required)]
    pub(crate) last_seen_at: Option<UtcMicroseconds>,
}

async fn people(core: &Core, caller: &Caller<Admin>) -> Result<Vec<MemberBody>> {
    let project = caller.id();
    let rows = core.db.read(async move |conn| Ok(members::list(conn, project, LISTED_MAX).await?)).await?;
    let row = |member: members::Member| MemberBody {
        user_id: member.user.public_id,
        email: member.user.email,
        name: member.user.name,
        role: member.role.as_str().into(),
        last_seen_at: member.last_seen_at.map(UtcMicroseconds),
    };
    Ok(rows.into_iter().map(row).collect())
}

/// List members
#[utoipa::path(get, path = "/members", operation_id = "list_members", tag = "Projects",
    responses((status = 200, description = "All members, by address.", body = Page<MemberBody>)))]
async fn list_members(State(core): State<Core>, caller: Caller<Admin>) -> Result<axum::Json<Page<MemberBody>>> {
    Ok(axum::Json(Page::whole(people(&core, &caller).await?)))
}

/// Who is to join, and what they may do.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteMember {
    #[schema(example = "mei@example.com")]
    pub(crate) email: String,
    #[schema(schema_with = super::words::role)]
    pub(crate) role: String,
}

/// An invitation: whoever has the link joins.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Invitation {
    pub(crate) email: String,
    #[schema(schema_with = super::words::role)]
    pub(crate) role: Cow<'static, str>,
    /// Shown only here. It is mailed too, where there is a mail server.
    #[schema(example = "https://chat.example/invitation/…")]
    pub(crate) url: String,
    pub(crate) expires_at: UtcMicroseconds,
}

/// Invite a member
///
/// An invitation of that address from before is no good any more.
#[utoipa::path(post, path = "/members", operation_id = "invite_member", tag = "Projects", request_body = InviteMember,
    responses((status = 201, description = "The invitation.", body = Invitation), BodyErrors))]
async fn invite(
    State(accounts): State<Accounts>,
    caller: Caller<Admin>,
    body: Result<Json<InviteMember>>,
) -> Result<(StatusCode, axum::Json<Invitation>)> {
    let Json(InviteMember { email, role }) = body?;
    let email = Email::parse(&email).map_err(|error| ApiError::field("email", error.to_string()))?;
    let role = word("role", Some(&role), Role::parse)?.unwrap_or(Role::Viewer);
    let link = invite_member(&accounts, &caller.actor(), caller.id(), &email, role).await.map_err(refused)?;
    let invitation = Invitation {
        email: email.as_str().to_owned(),
        role: role.as_str().into(),
        url: link.url,
        expires_at: UtcMicroseconds(link.expires_at),
    };
    Ok((StatusCode::CREATED, axum::Json(invitation)))
}

/// Another role.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMember {
    #[schema(schema_with = super::words::role)]
    pub(crate) role: String,
}

fn nobody() -> ApiError {
    ApiError::NotFound("There is nobody by that id in this project.".to_owned())
}

async fn user(core: &Core, public_id: String) -> Result<User> {
    let found = core.db.read(async move |conn| Ok(users::find_public(conn, &public_id).await?)).await?;
    found.ok_or_else(nobody)
}

/// Change the role of a member
#[utoipa::path(patch, path = "/members/{user}", operation_id = "change_member", tag = "Projects", request_body = ChangeMember,
    responses((status = 200, description = "The member as they are then.", body = MemberBody), BodyErrors))]
async fn change_member(
    State(core): State<Core>,
    caller: Caller<Admin>,
    Path((_, id)): ById,
    body: Result<Json<ChangeMember>>,
) -> Result<axum::Json<MemberBody>> {
    let Json(ChangeMember { role }) = body?;
    let role = word("role", Some(&role), Role::parse)?.unwrap_or(Role::Viewer);
    let person = user(&core, id).await?;
    change_role(&core, &caller.actor(), caller.id(), person.id, role).await.map_err(refused)?;
    let member = people(&core, &caller).await?.into_iter().find(|member| member.user_id == person.public_id);
    Ok(axum::Json(member.ok_or_else(nobody)?))
}

/// Remove a member
///
/// Their account stays.
#[utoipa::path(delete, path = "/members/{user}", operation_id = "remove_member", tag = "Projects",
    responses((status = 204, description = "They are no member any more.")))]
async fn delete_member(State(core): State<Core>, caller: Caller<Admin>, Path((_, id)): ById) -> Result<StatusCode> {
    let person = user(&core, id).await?;
    remove_member(&core, &caller.actor(), caller.id(), person.id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: MemberRefused) -> ApiError {
    match error {
        MemberRefused::Unknown => nobody(),
        MemberRefused::Failed(error) => error.into(),
        refused => ApiError::Conflict(format!("{refused}.")),
    }
}

/// What the agent asks for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Form)]
pub struct FormBody {
    /// Sent before the first question.
    #[schema(max_length = 1000)]
    greeting: Option<String>,
    /// Sent once, when all required fields are known.
    #[schema(max_length = 1000)]
    closing: Option<String>,
    /// BCP 47 language of the texts.
    #[schema(example = "en")]
    language: Option<String>,
    /// Whether the agent goes on in the language of who writes in another one: `true` unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_language: Option<bool>,
    /// In the order in which they are asked. `name`, `email` and `phone` are always there.
    #[schema(max_items = 40)]
    fields: Option<Vec<FormField>>,
    /// Texts in other languages, and sentences that replace the agent's own, by language, such as `es`.
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<BTreeMap<String, FormTexts>>,
}

/// What a form says in one language.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FormTexts {
    #[schema(max_length = 1000)]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    greeting: String,
    #[schema(max_length = 1000)]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    closing: String,
    /// By the keys of the fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    questions: BTreeMap<String, String>,
    /// Why fields are asked for, by their keys: at most 200 characters each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    reasons: BTreeMap<String, String>,
    /// By their names: `aurix form sentences es` lists them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sentences: BTreeMap<String, String>,
}

/// One value that a form asks for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FormField {
    #[schema(example = "budget")]
    key: String,
    #[serde(rename = "type")]
    #[schema(schema_with = super::words::field_kind)]
    kind: String,
    required: Option<bool>,
    #[schema(max_length = 1000)]
    question: Option<String>,
    /// Why it is asked: said to whoever refuses it or asks why.
    #[schema(max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<String>>,
    /// Other words for an option, by option.
    #[serde(skip_serializing_if = "Option::is_none")]
    synonyms: Option<BTreeMap<String, Vec<String>>>,
}

fn shown(stored: Option<&str>) -> Result<FormBody> {
    let form = match stored {
        Some(form) => Form::parse(form)?,
        None => Form::default_form(),
    };
    Ok(serde_json::from_value(serde_json::to_value(form)?)?)
}

/// Show the lead form
#[utoipa::path(get, path = "/form", operation_id = "get_form", tag = "Projects",
    responses((status = 200, description = "The form.", body = FormBody)))]
async fn show_form(caller: Caller) -> Result<Tagged<FormBody>> {
    Ok(Tagged(shown(caller.project.form.as_deref())?))
}

/// Set the lead form
///
/// Conversations use it from their next turn on.
#[utoipa::path(put, path = "/form", operation_id = "put_form", tag = "Projects", request_body = FormBody,
    responses((status = 200, description = "The form as it is then.", body = FormBody), Changed, BodyErrors))]
async fn put_form(
    State(core): State<Core>,
    caller: Caller<Write>,
    if_match: IfMatch,
    body: Result<Json<FormBody>>,
) -> Result<Tagged<FormBody>> {
    let Json(body) = body?;
    if_match.check(&shown(caller.project.form.as_deref())?)?;
    let text = serde_json::to_string(&body)?;
    let form = read_form(&text).map_err(|error| ApiError::field("fields", error.to_string()))?;
    set_form(&core, &caller.actor(), caller.id(), &form).await?;
    let project = caller.id();
    let after = core.db.read(async move |conn| Ok(projects::get(conn, project).await?)).await?;
    Ok(Tagged(shown(after.form.as_deref())?))
}
