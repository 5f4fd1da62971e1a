//! `/api/v1/projects/{project}/agent`, `…/knowledge` and `…/questions`: what a project writes for its agent.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, People, Write};
use super::errors::{BodyErrors, Changed};
use super::etag::{IfMatch, Tagged};
use super::query::{Cursor, Limit, Page, Params};
use super::words::present;
use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::set_agent::{
    TOKENS_MAX, TextRefused, knowledge_text, set_agent_settings, set_knowledge, settle_question,
};
use crate::store::knowledge::{self, AgentSettings, Unanswered};
use crate::store::window::Position;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(show, change))
        .routes(routes!(show_knowledge, put_knowledge))
        .routes(routes!(questions))
        .routes(routes!(settle))
}

/// How a project uses a language model.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentBody {
    /// The model of this server, and where it is; `null` where the built-in agent works alone.
    #[schema(required, example = "qwen3 at llm.example.com")]
    pub(crate) model: Option<String>,
    /// Tokens of a day in the project's time zone; `null` for no limit. Beyond them the built-in agent answers.
    #[schema(required)]
    pub(crate) tokens_a_day: Option<i64>,
    /// Tokens of a calendar month; `null` for no limit.
    #[schema(required)]
    pub(crate) tokens_a_month: Option<i64>,
    /// Whether prompts and the model's answers are kept, as long as messages.
    pub(crate) keeps_prompts: bool,
    /// Whether the greeting says that the agent is automated.
    pub(crate) discloses: bool,
}

async fn settings(core: &Core, project: ProjectId) -> Result<AgentBody> {
    let settings = core.db.read(async move |conn| Ok(knowledge::settings(conn, project).await?)).await?;
    let AgentSettings { tokens_a_day, tokens_a_month, keeps_prompts, discloses } = settings;
    let model = core.llm.as_ref().map(|llm| format!("{} at {}", llm.endpoint().model(), llm.endpoint().host()));
    Ok(AgentBody { model, tokens_a_day, tokens_a_month, keeps_prompts, discloses })
}

/// Show how the agent uses a language model
#[utoipa::path(get, path = "/agent", operation_id = "get_agent", tag = "Projects",
    responses((status = 200, description = "The settings.", body = AgentBody)))]
async fn show(State(core): State<Core>, caller: Caller) -> Result<Tagged<AgentBody>> {
    Ok(Tagged(settings(&core, caller.id()).await?))
}

/// What is to be different; what is absent stays.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeAgent {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, required = false, minimum = 1)]
    pub(crate) tokens_a_day: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, required = false, minimum = 1)]
    pub(crate) tokens_a_month: Option<Option<i64>>,
    pub(crate) keeps_prompts: Option<bool>,
    pub(crate) discloses: Option<bool>,
}

/// Change how the agent uses a language model
#[utoipa::path(patch, path = "/agent", operation_id = "change_agent", tag = "Projects", request_body = ChangeAgent,
    responses((status = 200, description = "The settings as they are then.", body = AgentBody), Changed, BodyErrors))]
async fn change(
    State(core): State<Core>,
    caller: Caller<Write>,
    if_match: IfMatch,
    body: Result<Json<ChangeAgent>>,
) -> Result<Tagged<AgentBody>> {
    let Json(body) = body?;
    let before = settings(&core, caller.id()).await?;
    if_match.check(&before)?;
    let limit = |field, tokens: Option<i64>| match tokens {
        Some(tokens) if !(1..=TOKENS_MAX).contains(&tokens) => {
            Err(ApiError::field(field, format!("must be from 1 to {TOKENS_MAX}, or null")))
        }
        tokens => Ok(tokens),
    };
    let settings_then = AgentSettings {
        tokens_a_day: limit("tokens_a_day", body.tokens_a_day.unwrap_or(before.tokens_a_day))?,
        tokens_a_month: limit("tokens_a_month", body.tokens_a_month.unwrap_or(before.tokens_a_month))?,
        keeps_prompts: body.keeps_prompts.unwrap_or(before.keeps_prompts),
        discloses: body.discloses.unwrap_or(before.discloses),
    };
    set_agent_settings(&core, &caller.actor(), caller.id(), settings_then).await?;
    Ok(Tagged(settings(&core, caller.id()).await?))
}

/// The text that questions are answered from.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Knowledge)]
pub(crate) struct KnowledgeBody {
    /// Paragraphs with blank lines between.
    pub(crate) text: String,
}

async fn knowledge_of(core: &Core, project: ProjectId) -> Result<KnowledgeBody> {
    Ok(KnowledgeBody { text: knowledge_text(core, project).await? })
}

/// Show the knowledge text
#[utoipa::path(get, path = "/knowledge", operation_id = "get_knowledge", tag = "Projects",
    responses((status = 200, description = "The text that questions are answered from.", body = KnowledgeBody)))]
async fn show_knowledge(State(core): State<Core>, caller: Caller) -> Result<Tagged<KnowledgeBody>> {
    Ok(Tagged(knowledge_of(&core, caller.id()).await?))
}

/// The text that is to be there instead.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutKnowledge {
    /// At most 200 paragraphs of 2,000 characters, with blank lines between.
    pub(crate) text: String,
}

/// Set the knowledge text
///
/// Conversations use it from their next message on.
#[utoipa::path(put, path = "/knowledge", operation_id = "put_knowledge", tag = "Projects", request_body = PutKnowledge,
    responses((status = 200, description = "The text as it is then.", body = KnowledgeBody), Changed, BodyErrors))]
async fn put_knowledge(
    State(core): State<Core>,
    caller: Caller<Write>,
    if_match: IfMatch,
    body: Result<Json<PutKnowledge>>,
) -> Result<Tagged<KnowledgeBody>> {
    let Json(PutKnowledge { text }) = body?;
    if_match.check(&knowledge_of(&core, caller.id()).await?)?;
    let set = set_knowledge(&core, &caller.actor(), caller.id(), &text).await;
    set.map_err(|error| refused(error, "text"))?;
    Ok(Tagged(knowledge_of(&core, caller.id()).await?))
}

/// A question that nothing answered.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Question)]
pub(crate) struct QuestionBody {
    pub(crate) question_id: i64,
    /// In the person's words.
    pub(crate) question: String,
    pub(crate) conversation_id: i64,
    pub(crate) asked_at: UtcMicroseconds,
}

impl From<Unanswered> for QuestionBody {
    fn from(row: Unanswered) -> Self {
        Self {
            question_id: row.id,
            question: row.question,
            conversation_id: row.conversation.0,
            asked_at: UtcMicroseconds(row.asked_at),
        }
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QuestionParams {
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// List the questions that nothing answered
#[utoipa::path(get, path = "/questions", operation_id = "list_questions", tag = "Projects", params(QuestionParams),
    responses((status = 200, description = "A page of open questions, newest first.", body = Page<QuestionBody>)))]
async fn questions(
    State(core): State<Core>,
    caller: Caller<People>,
    Params(params): Params<QuestionParams>,
) -> Result<axum::Json<Page<QuestionBody>>> {
    let before = params.cursor.map_or(i64::MAX, |Cursor(at)| at.id);
    let (project, most) = (caller.id(), params.limit.unwrap_or_default().rows());
    let read = core.db.read(async move |conn| Ok(knowledge::open_questions(conn, project, before, most + 1).await?));
    Ok(axum::Json(Page::cut(read.await?, most, |last| Position { created_at: 0, id: last.id })?))
}

/// What becomes of a question.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleQuestion {
    /// Becomes a paragraph of the knowledge text; without one the question is put aside.
    #[schema(example = "Dogs are welcome on the terrace.")]
    pub(crate) answer: Option<String>,
}

/// Answer a question for good
///
/// Or put it aside.
#[utoipa::path(post, path = "/questions/{question}/settle", operation_id = "settle_question", tag = "Projects",
    request_body = SettleQuestion,
    responses((status = 204, description = "The question is not open any more."), BodyErrors))]
async fn settle(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): Path<(String, String)>,
    body: Result<Json<SettleQuestion>>,
) -> Result<StatusCode> {
    let Json(SettleQuestion { answer }) = body?;
    let id = id.parse().map_err(|_| refused(TextRefused::NoQuestion, "answer"))?;
    let settled = settle_question(&core, &caller.actor(), caller.id(), (id, answer.as_deref())).await;
    settled.map_err(|error| refused(error, "answer"))?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: TextRefused, field: &str) -> ApiError {
    match error {
        TextRefused::NoQuestion => ApiError::NotFound("There is no such open question.".to_owned()),
        TextRefused::Failed(error) => error.into(),
        refused => ApiError::field(field, refused.to_string()),
    }
}
