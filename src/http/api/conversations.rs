//! `/api/v1/projects/{project}/conversations`: what was said, and saying something. Each lead has one.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Needs, People, Reply};
use super::errors::BodyErrors;
use super::query::{Cursor, Limit, Page, Params};
use crate::conversations::reply_as_person::{PersonReply, ReplyRefused, reply_as_person};
use crate::conversations::take_over::{HandlingRefused, give_back, take_over};
use crate::core::Core;
use crate::domain::ids::{ConversationId, MessageId};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::store::handling::{self, Handled};
use crate::store::lead_pages::{self, Filters, LeadPage, ListedLead, View, start};
use crate::store::lead_view;
use crate::store::talk::{self, Said, Writer};
use crate::store::window::Position;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(messages))
        .routes(routes!(reply))
        .routes(routes!(take))
        .routes(routes!(give))
}

type ById = Path<(String, String)>;

/// One person on one channel.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationBody {
    #[schema(example = 3293)]
    pub(crate) conversation_id: i64,
    #[schema(example = 470)]
    pub(crate) lead_id: i64,
    /// Who looks after it: the agent, nobody yet (`waiting`), somebody (`with`), nobody after "stop" (`stopped`).
    #[schema(schema_with = super::words::handling)]
    pub(crate) handling: Cow<'static, str>,
    /// `whatsapp`, `telegram` or `web`.
    #[schema(example = "whatsapp")]
    pub(crate) channel: String,
    /// Whether the platform still knows the person.
    pub(crate) is_reachable: bool,
}

impl From<Handled> for ConversationBody {
    fn from(handled: Handled) -> Self {
        Self {
            conversation_id: handled.conversation.0,
            lead_id: handled.lead.0,
            handling: handled.handling.as_str().into(),
            channel: handled.kind.as_str().to_owned(),
            is_reachable: handled.is_reachable && !handled.is_gone,
        }
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageParams {
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// List conversations
///
/// The newest message first.
#[utoipa::path(get, path = "/conversations", operation_id = "list_conversations", tag = "Conversations", params(PageParams),
    responses((status = 200, description = "A page of conversations.", body = Page<ConversationBody>)))]
async fn list(
    State(core): State<Core>,
    caller: Caller<People>,
    Params(params): Params<PageParams>,
) -> Result<axum::Json<Page<ConversationBody>>> {
    let after = params.cursor.map_or_else(|| start(&View::All), |Cursor(at)| at);
    let (project, most) = (caller.id(), params.limit.unwrap_or_default().rows());
    let all = (View::All, Filters::default());
    let read =
        core.db.read(async move |conn| Ok(lead_pages::page(conn, project, (&all.0, &all.1), after, most).await?));
    let LeadPage { rows, next, .. } = read.await?;
    let row = |lead: ListedLead| ConversationBody {
        conversation_id: lead.conversation.0,
        lead_id: lead.id.0,
        handling: lead.handling.as_str().into(),
        channel: lead.channel,
        is_reachable: lead.erased_at.is_none(),
    };
    Ok(axum::Json(Page::new(rows.into_iter().map(row).collect(), next)))
}

fn no_conversation() -> ApiError {
    ApiError::NotFound("The project has no such conversation.".to_owned())
}

async fn get<N: Needs>(core: &Core, caller: &Caller<N>, id: &str) -> Result<Handled> {
    let conversation: ConversationId = id.parse().map_err(|_| no_conversation())?;
    let project = caller.id();
    let found = core.db.read(async move |conn| {
        let Some(lead) = lead_view::of_conversation(conn, project, conversation).await? else { return Ok(None) };
        Ok(handling::find(conn, project, lead).await?)
    });
    found.await?.ok_or_else(no_conversation)
}

/// Show a conversation
#[utoipa::path(get, path = "/conversations/{conversation}", operation_id = "get_conversation", tag = "Conversations",
    responses((status = 200, description = "The conversation.", body = ConversationBody)))]
async fn show(
    State(core): State<Core>,
    caller: Caller<People>,
    Path((_, id)): ById,
) -> Result<axum::Json<ConversationBody>> {
    Ok(axum::Json(get(&core, &caller, &id).await?.into()))
}

/// A message of a conversation.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageBody {
    #[schema(schema_with = super::words::digits)]
    pub(crate) id: String,
    /// `person`, `agent`, `colleague`, or `app` for somebody of the business in the platform's own app.
    #[schema(example = "person")]
    pub(crate) writer: Cow<'static, str>,
    /// What it consists of: `text`, …
    #[schema(example = "text")]
    pub(crate) kind: Cow<'static, str>,
    #[schema(required)]
    pub(crate) text: Option<String>,
    /// How far it came: `received`, `queued`, `sent`, `delivered`, `read`, `failed` or `cancelled`.
    #[schema(example = "received")]
    pub(crate) status: Cow<'static, str>,
    /// Why it did not get through.
    #[schema(required)]
    pub(crate) error: Option<String>,
    pub(crate) sent_at: UtcMicroseconds,
    /// Whether its sender took it back.
    pub(crate) is_revoked: bool,
}

impl From<Said> for MessageBody {
    fn from(said: Said) -> Self {
        Self {
            id: said.id.to_string(),
            writer: match said.writer {
                Writer::Person => "person",
                Writer::Agent { .. } => "agent",
                Writer::Colleague(_) => "colleague",
                Writer::App => "app",
            }
            .into(),
            kind: said.kind.as_str().into(),
            text: said.text.filter(|_| !said.is_revoked),
            status: said.status.as_str().into(),
            error: said.error,
            sent_at: UtcMicroseconds(said.at),
            is_revoked: said.is_revoked,
        }
    }
}

/// List the messages of a conversation
///
/// Newest first.
#[utoipa::path(get, path = "/conversations/{conversation}/messages", operation_id = "list_messages", tag = "Conversations",
    params(PageParams), responses((status = 200, description = "A page of messages.", body = Page<MessageBody>)))]
async fn messages(
    State(core): State<Core>,
    caller: Caller<People>,
    Path((_, id)): ById,
    Params(params): Params<PageParams>,
) -> Result<axum::Json<Page<MessageBody>>> {
    let conversation = get(&core, &caller, &id).await?.conversation;
    let before = params.cursor.map_or(MessageId(i64::MAX), |Cursor(at)| MessageId(at.id));
    let (project, most) = (caller.id(), params.limit.unwrap_or_default().rows());
    let read = core.db.read(async move |conn| Ok(talk::page(conn, project, conversation, before, most + 1).await?));
    let mut said = read.await?;
    let most = usize::try_from(most)?;
    let has_more = said.len() > most;
    said.truncate(most);
    let next = said.last().filter(|_| has_more).map(|last| Position::of(last.at, last.id));
    Ok(axum::Json(Page::new(said.into_iter().map(MessageBody::from).collect(), next)))
}

/// What is said to the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReply {
    #[schema(min_length = 1, max_length = 4096, example = "Yes, on Saturday at ten.")]
    text: String,
    /// The newest message that you have seen: 409 where somebody answered since. Without it nothing is checked.
    #[schema(schema_with = super::words::digits_or_null, required = false)]
    seen: Option<String>,
}

/// Reply
///
/// The reply is queued and sent as the agent's are. The conversation is with a person from then on: the agent is silent until it is given
/// back.
#[utoipa::path(post, path = "/conversations/{conversation}/reply", operation_id = "reply", tag = "Conversations", request_body = NewReply,
    responses((status = 202, description = "The conversation as it is then.", body = ConversationBody), BodyErrors))]
async fn reply(
    State(core): State<Core>,
    caller: Caller<Reply>,
    Path((_, id)): ById,
    body: Result<Json<NewReply>>,
) -> Result<(StatusCode, axum::Json<ConversationBody>)> {
    let Json(NewReply { text, seen }) = body?;
    let handled = get(&core, &caller, &id).await?;
    let seen = match seen {
        Some(seen) => seen.parse().map_err(|_| ApiError::field("seen", "is the id of a message"))?,
        None => handled.newest_message.unwrap_or(MessageId(0)),
    };
    let said = reply_as_person(&core, &caller.actor(), caller.id(), handled.lead, PersonReply { text, seen }).await;
    said.map_err(not_sent)?;
    Ok((StatusCode::ACCEPTED, axum::Json(get(&core, &caller, &id).await?.into())))
}

fn not_sent(refused: ReplyRefused) -> ApiError {
    match refused {
        ReplyRefused::Unknown => no_conversation(),
        ReplyRefused::Empty | ReplyRefused::TooLong => ApiError::field("text", refused.to_string()),
        ReplyRefused::Failed(error) => error.into(),
        refused => ApiError::Conflict(format!("{refused}.")),
    }
}

/// Take a conversation over
///
/// The agent is silent until it is given back.
#[utoipa::path(post, path = "/conversations/{conversation}/take-over", operation_id = "take_over", tag = "Conversations",
    responses((status = 200, description = "The conversation as it is then.", body = ConversationBody)))]
async fn take(
    State(core): State<Core>,
    caller: Caller<Reply>,
    Path((_, id)): ById,
) -> Result<axum::Json<ConversationBody>> {
    let handled = get(&core, &caller, &id).await?;
    take_over(&core, &caller.actor(), caller.id(), handled.lead).await.map_err(not_moved)?;
    Ok(axum::Json(get(&core, &caller, &id).await?.into()))
}

/// Give a conversation back to the agent
#[utoipa::path(post, path = "/conversations/{conversation}/give-back", operation_id = "give_back", tag = "Conversations",
    responses((status = 200, description = "The conversation as it is then.", body = ConversationBody)))]
async fn give(
    State(core): State<Core>,
    caller: Caller<Reply>,
    Path((_, id)): ById,
) -> Result<axum::Json<ConversationBody>> {
    let handled = get(&core, &caller, &id).await?;
    give_back(&core, &caller.actor(), caller.id(), handled.lead).await.map_err(not_moved)?;
    Ok(axum::Json(get(&core, &caller, &id).await?.into()))
}

fn not_moved(refused: HandlingRefused) -> ApiError {
    match refused {
        HandlingRefused::Unknown => no_conversation(),
        HandlingRefused::Stopped => ApiError::Conflict(format!("{refused}.")),
        HandlingRefused::Failed(error) => error.into(),
    }
}
