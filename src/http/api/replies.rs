//! `/api/v1/projects/{project}/replies`: what is said to people, how far it came, and sending it again.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Resend};
use super::errors::BodyErrors;
use super::query::{Cursor, Limit, Page, Params, word};
use crate::conversations::resend_reply::{resend_failed_replies, resend_reply};
use crate::core::Core;
use crate::domain::channel::MessageStatus;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::store::reply_log::{self, LoggedReply};
use crate::store::window::Position;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(resend_all)).routes(routes!(resend))
}

/// What was said, or is to be said.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Reply)]
pub(crate) struct ReplyBody {
    #[schema(example = "5e8f1a52-6a75-4d50-8861-3ea24ca29a84")]
    pub(crate) reply_id: String,
    pub(crate) channel_id: String,
    pub(crate) conversation_id: i64,
    /// `queued`, `sent`, `delivered`, `read`, `failed` or `cancelled`.
    #[schema(example = "failed")]
    pub(crate) status: Cow<'static, str>,
    pub(crate) attempts: u32,
    /// When the next attempt is due.
    #[schema(required)]
    pub(crate) due_at: Option<UtcMicroseconds>,
    /// Why it was not sent.
    #[schema(required)]
    pub(crate) error: Option<String>,
    pub(crate) created_at: UtcMicroseconds,
    /// Who worded it; `null` where that is not known.
    #[schema(required)]
    pub(crate) generated_by: Option<Cow<'static, str>>,
}

impl From<LoggedReply> for ReplyBody {
    fn from(row: LoggedReply) -> Self {
        Self {
            reply_id: row.reply_id,
            channel_id: row.channel,
            conversation_id: row.conversation.0,
            status: row.status.as_str().into(),
            attempts: row.attempts,
            due_at: row.due_at.map(UtcMicroseconds),
            error: row.error,
            created_at: UtcMicroseconds(row.created_at),
            generated_by: row.generated_by.map(|by| by.as_str().into()),
        }
    }
}

/// Which replies are listed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReplyParams {
    /// `queued`, `sent`, `delivered`, `read`, `failed` or `cancelled`.
    #[param(pattern = "^(queued|sent|delivered|read|failed|cancelled)$")]
    status: Option<String>,
    /// From this time on.
    #[param(value_type = Option<UtcMicroseconds>)]
    since: Option<Timestamp>,
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// What a reply may be; what is received is none.
fn status(text: &str) -> Option<MessageStatus> {
    MessageStatus::parse(text).filter(|_| text != "received")
}

/// List replies
///
/// Newest first, without what they say: conversations have that.
#[utoipa::path(get, path = "/replies", operation_id = "list_replies", tag = "Conversations", params(ReplyParams),
    responses((status = 200, description = "A page of replies.", body = Page<ReplyBody>)))]
async fn list(
    State(core): State<Core>,
    caller: Caller,
    Params(params): Params<ReplyParams>,
) -> Result<axum::Json<Page<ReplyBody>>> {
    let status = word("status", params.status.as_deref(), status)?;
    let since = params.since.unwrap_or(Timestamp::UNIX_EPOCH);
    let before = params.cursor.map_or(Position::NEWEST, |Cursor(at)| at);
    let (project, most) = (caller.id(), params.limit.unwrap_or_default().rows());
    let read =
        core.db.read(async move |conn| Ok(reply_log::list(conn, project, status, (since, before), most + 1).await?));
    Ok(axum::Json(Page::cut(read.await?, most, |last| Position::of(last.created_at, last.id))?))
}

/// How many are sent again.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ResentReplies {
    pub(crate) resent: u64,
}

/// Resend a failed reply
///
/// It is due at once, with its retry schedule from the start. WhatsApp takes a reply within 24 hours of the person's last message.
#[utoipa::path(post, path = "/replies/{reply}/resend", operation_id = "resend_reply", tag = "Conversations",
    responses((status = 202, description = "It is due.", body = ResentReplies)))]
async fn resend(
    State(core): State<Core>,
    caller: Caller<Resend>,
    Path((_, id)): Path<(String, String)>,
) -> Result<(StatusCode, axum::Json<ResentReplies>)> {
    match resend_reply(&core, &caller.actor(), caller.id(), &id).await? {
        true => Ok((StatusCode::ACCEPTED, axum::Json(ResentReplies { resent: 1 }))),
        false => Err(ApiError::NotFound("The project has no such failed reply.".to_owned())),
    }
}

/// Which failed replies are sent again.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResendReplies {
    /// From this time on.
    pub(crate) since: Option<UtcMicroseconds>,
}

/// Resend the replies that failed
#[utoipa::path(post, path = "/replies/resend", operation_id = "resend_replies", tag = "Conversations", request_body = ResendReplies,
    responses((status = 202, description = "They are due.", body = ResentReplies), BodyErrors))]
async fn resend_all(
    State(core): State<Core>,
    caller: Caller<Resend>,
    body: Result<Json<ResendReplies>>,
) -> Result<(StatusCode, axum::Json<ResentReplies>)> {
    let Json(ResendReplies { since }) = body?;
    let since = since.map_or(Timestamp::UNIX_EPOCH, |UtcMicroseconds(since)| since);
    let resent = resend_failed_replies(&core, &caller.actor(), caller.id(), since).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(ResentReplies { resent })))
}
