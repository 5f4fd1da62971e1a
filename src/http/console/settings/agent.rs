//! `/p/{project}/settings/agent`: the language model of a project: what it may cost and did cost, the text that it answers from, and
//! what nothing answered.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::domain::account::Permission;
use crate::domain::masked::mask;
use crate::domain::model_limits::{is_near, is_spent, month_of};
use crate::domain::time::SignedDuration;
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::{ApiError, Result};
use crate::http::routes::Routes;
use crate::projects::set_agent::{
    PARAGRAPH_CHARS_MAX, PARAGRAPHS_MAX, TOKENS_MAX, TextRefused, knowledge_text, set_agent_settings, set_knowledge,
    settle_question,
};
use crate::store::knowledge::{self, AgentSettings, Unanswered};
use crate::store::model_calls::{self, Day};

/// Days of the table.
const DAYS: u32 = 31;
/// Questions of the list.
const QUESTIONS: u32 = 50;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/settings/agent", show)
        .post("/p/{project}/settings/agent", set)
        .post("/p/{project}/settings/agent/knowledge", set_text)
        .post("/p/{project}/settings/agent/question", settle)
}

#[derive(Template)]
#[template(path = "settings/agent.html")]
struct AgentPage {
    frame: Frame,
    mistakes: Mistakes,
    /// The model and its host; `None` where there is none.
    model: Option<String>,
    settings: AgentSettings,
    /// The limits as they were typed.
    day_limit: String,
    month_limit: String,
    /// What the limits say of today.
    warnings: Vec<String>,
    text: String,
    questions: Vec<Unanswered>,
    days: Vec<Day>,
    drops: Vec<(String, i64)>,
    paragraphs_max: usize,
    paragraph_chars_max: usize,
}

impl AgentPage {
    /// Milliseconds of a question, on average.
    fn average_ms(&self, day: &Day) -> i64 {
        day.duration_ms / day.calls.max(1)
    }
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&agent_page(&engines, &member).await?)
}

async fn agent_page<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<AgentPage> {
    let (core, project) = (&engines.core, member.project.id);
    let now = core.clock.now();
    let zone = member.project.zone();
    let day_of = |at: jiff::Timestamp| at.to_zoned(zone.clone()).date().to_string();
    let (today, first) = (day_of(now), day_of(now - SignedDuration::from_hours(24 * i64::from(DAYS - 1))));
    let (month_first, month_last) = month_of(&today);
    let read = core.db.read(async move |conn| {
        let settings = knowledge::settings(conn, project).await?;
        let questions = knowledge::open_questions(conn, project, i64::MAX, QUESTIONS).await?;
        let days = model_calls::days(conn, project, &first, DAYS).await?;
        let drops = model_calls::drops(conn, project, &first).await?;
        let of_month = model_calls::tokens_between(conn, project, &month_first, &month_last).await?;
        Ok((settings, questions, days, drops, of_month))
    });
    let (settings, mut questions, days, drops, of_month) = read.await?;
    if member.sees_masked() {
        questions.iter_mut().for_each(|one| one.question = mask(&one.question));
    }
    let of_day = days.iter().find(|day| day.day == today).map_or(0, |day| day.tokens);
    let limit = |tokens: Option<i64>| tokens.map(|tokens| tokens.to_string()).unwrap_or_default();
    Ok(AgentPage {
        frame: Frame::of_member(core, member, "settings").await?,
        mistakes: Mistakes::default(),
        model: core.llm.as_ref().map(|llm| format!("{} at {}", llm.endpoint().model(), llm.endpoint().host())),
        day_limit: limit(settings.tokens_a_day),
        month_limit: limit(settings.tokens_a_month),
        warnings: [("day", of_day, settings.tokens_a_day), ("month", of_month, settings.tokens_a_month)]
            .into_iter()
            .filter_map(|(of, spent, most)| warning(of, spent, most?))
            .collect(),
        settings,
        text: knowledge_text(core, project).await?,
        questions,
        days,
        drops,
        paragraphs_max: PARAGRAPHS_MAX,
        paragraph_chars_max: PARAGRAPH_CHARS_MAX,
    })
}

/// What a limit says, where most of it is spent.
fn warning(of: &str, spent: i64, most: i64) -> Option<String> {
    let words = match is_spent(spent, most) {
        true => "are spent: the built-in agent answers until it is over, or the limit is raised",
        false => "are spent: beyond them the built-in agent answers",
    };
    is_near(spent, most).then(|| format!("{spent} of the {most} tokens of this {of} {words}."))
}

async fn set(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let mut mistakes = Mistakes::default();
    let mut limit = |name: &str| match form.text(name) {
        "" => None,
        text => {
            let tokens =
                text.replace([' ', ',', '.'], "").parse().ok().filter(|tokens| (1..=TOKENS_MAX).contains(tokens));
            if tokens.is_none() {
                mistakes.add(name, "write a number of tokens, 200000 for example, or nothing for no limit");
            }
            tokens
        }
    };
    let settings = AgentSettings {
        tokens_a_day: limit("day"),
        tokens_a_month: limit("month"),
        keeps_prompts: form.has("keeps_prompts"),
        discloses: form.has("discloses"),
    };
    if !mistakes.is_empty() {
        let (day_limit, month_limit) = (form.text("day").to_owned(), form.text("month").to_owned());
        let shown = agent_page(&engines, &member).await?;
        return invalid(&AgentPage { mistakes, settings, day_limit, month_limit, ..shown });
    }
    set_agent_settings(&engines.core, &member.actor(), member.project.id, settings).await?;
    Ok(go(&format!("{}/settings/agent", member.path())))
}

async fn set_text(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    match set_knowledge(&engines.core, &member.actor(), member.project.id, form.text("text")).await {
        Ok(_) => Ok(go(&format!("{}/settings/agent#h-knowledge", member.path()))),
        Err(TextRefused::Failed(error)) => Err(error.into()),
        Err(refused) => {
            let (mistakes, text) = (Mistakes::one("text", refused), form.text("text").to_owned());
            invalid(&AgentPage { mistakes, text, ..agent_page(&engines, &member).await? })
        }
    }
}

async fn settle(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let question = form.text("question").parse().unwrap_or(0);
    let answer = if form.has("dismiss") { None } else { Some(form.text("answer")) };
    match settle_question(&engines.core, &member.actor(), member.project.id, (question, answer)).await {
        Ok(()) => Ok(go(&format!("{}/settings/agent#h-questions", member.path()))),
        Err(TextRefused::Failed(error)) => Err(error.into()),
        Err(refused @ TextRefused::NoQuestion) => Err(ApiError::Conflict(refused.to_string())),
        Err(refused) => {
            let mistakes = Mistakes::one(&format!("answer-{question}"), refused);
            invalid(&AgentPage { mistakes, ..agent_page(&engines, &member).await? })
        }
    }
}
