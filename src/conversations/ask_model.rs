//! Asks the operator's language model for help with a turn, outside of any transaction and within the limits of the conversation, the
//! person and the project. Whatever goes wrong, the turn goes on without it.
//!
//! ```text
//! claimed ──counted──▶ asked ──answer──▶ decided with its help
//!    │                   ├── failure, time ──▶ decided without
//!    │                   └── a message of the person ──▶ cancelled: the turn that the message calls for asks once more
//!    └── over a limit, nothing to read, asked twice before ──▶ decided without
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::Conversations;
use super::decide_turn::{Prepared, prepare};
use super::gestures::keep_typing;
use super::load_turn::Turn;
use crate::agent::{self, Help, Prompt, Said};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::ids::MessageId;
use crate::domain::model_limits::{is_near, month_of};
use crate::domain::time::{Clock, SignedDuration, Timestamp};
use crate::llm::{Ask, Called, Failure, Llm};
use crate::metrics::Tokens;
use crate::store::knowledge::AgentSettings;
use crate::store::model_calls::{self, EndedCall, NewCall};
use crate::store::talk::Writer;
use crate::store::{talk, turns};

/// Questions about one conversation.
pub const CALLS_OF_CONVERSATION_MAX: i64 = 40;
/// Questions about one person within a day, in all of their conversations.
pub const CALLS_OF_PERSON_MAX: i64 = 100;
/// Attempts at a turn that ask: the first, and the one after a message has cancelled it.
const ASKING_ATTEMPTS: u32 = 2;
/// Messages of the conversation that are loaded for the prompt.
const SAID_MAX: u32 = 12;
/// How often it is looked whether a message has come meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What the model did for a turn.
pub(super) enum Asked {
    /// It answered, or there is no answer to wait for.
    Done(Option<Arc<Help>>),
    /// A message has come meanwhile: nothing is decided, and the turn that it calls for is.
    Interrupted,
}

/// Asks the model, if there is one and it may be asked.
pub(super) async fn ask_model(engine: &Conversations, turn: &Arc<Turn>) -> anyhow::Result<Asked> {
    let Some(llm) = &engine.core.llm else { return Ok(Asked::Done(None)) };
    if turn.leased.attempt > ASKING_ATTEMPTS {
        return Ok(Asked::Done(None));
    }
    match ask(engine, llm, turn).await {
        Ok(asked) => Ok(asked),
        Err(error) => {
            tracing::warn!(error = %format!("{error:#}"), "model not asked; the built-in agent answers");
            Ok(Asked::Done(None))
        }
    }
}

async fn ask(engine: &Conversations, llm: &Llm, turn: &Arc<Turn>) -> anyhow::Result<Asked> {
    let core = &engine.core;
    let Some(prompt) = make_prompt(core, turn).await? else { return Ok(Asked::Done(None)) };
    let ask = Ask {
        system: prompt.system.clone(),
        user: prompt.user.clone(),
        schema: prompt.schema.clone(),
        cache_key: prompt.cache_key.clone(),
    };
    let settings = turn.setting.agent.as_ref().map(|agent| agent.settings).unwrap_or_default();
    let budget = Budget { tokens: i64::try_from(llm.tokens_max(&ask))?, settings, day: today(core, turn)? };
    let id = match begin(core, turn, &budget, &ask).await? {
        Ok(id) => id,
        Err(limit) => {
            tracing::info!(limit, "model not asked: a limit is reached");
            return Ok(Asked::Done(None));
        }
    };
    let called = tokio::select! {
        called = llm.ask(&ask) => Some(called),
        () = interrupted(core, turn) => None,
        () = keep_typing(engine, turn) => None,
    };
    end(core, turn, &budget, (id, called.as_ref())).await?;
    let Some(called) = called else { return Ok(Asked::Interrupted) };
    note(core, &called);
    match called.result {
        Ok(object) => Ok(Asked::Done(Some(Arc::new(prompt.help(&object))))),
        Err(failure) => {
            tracing::info!(outcome = failure.as_str(), %failure, "no help from the model; the built-in agent answers");
            Ok(Asked::Done(None))
        }
    }
}

fn note(core: &Core, called: &Called) {
    let usage = called.usage;
    let tokens = Tokens { prompt: usage.prompt_tokens, cached: usage.cached_tokens, answer: usage.completion_tokens };
    let result = called.result.as_ref().map_or_else(Failure::as_str, |_| "answered");
    core.metrics.model(result, called.calls, tokens, called.duration);
}

/// What is asked; `None` where nothing is to be read, or nothing may be said.
async fn make_prompt(core: &Core, turn: &Arc<Turn>) -> anyhow::Result<Option<Prompt>> {
    let (project, conversation) = (turn.leased.lease.project, turn.leased.lease.conversation);
    let first = turn.unread.first().map_or(MessageId(i64::MAX), |first| first.id);
    let load = async move |conn: &crate::db::Conn| Ok(talk::page(conn, project, conversation, first, SAID_MAX).await?);
    let mut said = core.db.read(load).await?;
    said.reverse();
    let said: Vec<Said> = said
        .into_iter()
        .filter(|one| !one.is_revoked)
        .filter_map(|one| Some(Said { is_person: one.writer == Writer::Person, text: one.text? }))
        .collect();
    let (turn, inside) = (turn.clone(), core.clone());
    let made = tokio::task::spawn_blocking(move || {
        let prepared: Prepared = prepare(&inside, &turn)?;
        let input = prepared.input(&turn);
        if !input.may_reply || input.state.paused.is_some() || !agent::has_words(&input) {
            return Ok(None);
        }
        let knowledge = turn.setting.agent.as_ref().map(|agent| agent.knowledge.as_slice()).unwrap_or_default();
        Ok(Some(agent::prompt(&input, &turn.setting.project.public_id, knowledge, &said)))
    });
    made.await.context("making the prompt")?
}

struct Budget {
    /// Tokens that are set aside.
    tokens: i64,
    settings: AgentSettings,
    /// In the project's time zone.
    day: String,
}

fn today(core: &Core, turn: &Turn) -> anyhow::Result<String> {
    let zone = jiff::tz::TimeZone::get(&turn.setting.project.time_zone)?;
    Ok(core.clock.now().to_zoned(zone).date().to_string())
}

/// Counts a question, and sets its tokens aside; or says which limit is in the way.
async fn begin(core: &Core, turn: &Turn, budget: &Budget, ask: &Ask) -> anyhow::Result<Result<i64, &'static str>> {
    let lease = turn.leased.lease;
    let (project, conversation) = (lease.project, lease.conversation);
    let person = turn.leased.phone.clone().unwrap_or_else(|| conversation.to_string());
    let (now, tokens, settings, day) = (core.clock.now(), budget.tokens, budget.settings, budget.day.clone());
    let prompt = settings.keeps_prompts.then(|| format!("{}\n\n{}", ask.system, ask.user));
    let begun = core.db.write(async move |tx| {
        let since = now - SignedDuration::from_hours(24);
        let limit = over_limit(tx, (project, &person), conversation, since).await?;
        if let Some(limit) = limit {
            return Ok(Err(limit));
        }
        let of_day = model_calls::set_aside(tx, project, &day, tokens).await?;
        let (first, last) = month_of(&day);
        let of_month = match settings.tokens_a_month {
            Some(_) => model_calls::tokens_between(tx, project, &first, &last).await?,
            None => 0,
        };
        for (spent, most, name) in [
            (of_day, settings.tokens_a_day, "tokens of the day"),
            (of_month, settings.tokens_a_month, "tokens of the month"),
        ] {
            match most {
                Some(most) if spent > most => {
                    // Taken back: the counters stand as if it had not been asked for.
                    model_calls::take_back(tx, project, &day, tokens).await?;
                    return Ok(Err(name));
                }
                Some(most) if is_near(spent, most) && !is_near(spent - tokens, most) => {
                    tracing::warn!(%project, limit = name, spent, most, "most of a project's tokens are spent");
                }
                _ => {}
            }
        }
        let new = NewCall { project, conversation, person: &person, tokens, prompt: prompt.as_deref() };
        Ok(Ok(model_calls::insert(tx, &new, now).await?))
    });
    begun.await
}

async fn over_limit(
    tx: &Tx,
    (project, person): (crate::domain::ids::ProjectId, &str),
    conversation: crate::domain::ids::ConversationId,
    since: Timestamp,
) -> anyhow::Result<Option<&'static str>> {
    let (calls, _) = model_calls::of_conversation(tx, project, conversation).await?;
    if calls >= CALLS_OF_CONVERSATION_MAX {
        return Ok(Some("calls of the conversation"));
    }
    let of_person = model_calls::of_person(tx, project, person, since).await?;
    Ok((of_person >= CALLS_OF_PERSON_MAX).then_some("calls of the person"))
}

/// Settles a question with what it did cost; one that was cancelled with what it was sent.
async fn end(core: &Core, turn: &Turn, budget: &Budget, (id, called): (i64, Option<&Called>)) -> anyhow::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let outcome = match called.map(|called| &called.result) {
        Some(Ok(_)) => "ok",
        Some(Err(failure)) => failure.as_str(),
        None => "cancelled",
    };
    let (day, project, set_aside) = (budget.day.clone(), turn.leased.lease.project, budget.tokens);
    // What was cancelled may have been read to its end: it counts as it was set aside.
    let tokens = called.map_or(set_aside, |called| number(called.usage.total()));
    let requests = called.map_or(1, |called| i64::from(called.calls));
    let cached_tokens = called.map_or(0, |called| number(called.usage.cached_tokens));
    let duration_ms = called.map_or(0, |called| number(u64::try_from(called.duration.as_millis()).unwrap_or(u64::MAX)));
    let answer =
        called.map(|called| called.text.clone()).filter(|text| budget.settings.keeps_prompts && !text.is_empty());
    tracing::info!(outcome, requests, tokens, cached_tokens, duration_ms, "model asked");
    let ended = core.db.write(async move |tx| {
        let answer = answer.as_deref();
        let ended = EndedCall {
            id,
            project,
            day: &day,
            set_aside,
            outcome,
            requests,
            tokens,
            cached_tokens,
            duration_ms,
            answer,
        };
        Ok(model_calls::end(tx, &ended).await?)
    });
    ended.await
}

/// Returns when the turn is not this claim's any more, or a message calls for another one.
async fn interrupted(core: &Core, turn: &Turn) {
    let lease = turn.leased.lease;
    loop {
        // The call takes real time, whatever a test's clock says.
        Clock::System.sleep(LOOK_EVERY).await;
        let holds = core.db.read(async move |conn| Ok(turns::is_undisturbed(conn, lease).await?)).await;
        if let Ok(false) = holds {
            return;
        }
    }
}

/// Counts what of the model's proposal did not count.
pub(super) async fn count_drops(core: &Core, turn: &Turn, dropped: &agent::Dropped) -> anyhow::Result<()> {
    if dropped.is_empty() {
        return Ok(());
    }
    let (project, day) = (turn.leased.lease.project, today(core, turn)?);
    let drops: Vec<(&str, u32)> = dropped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    tracing::info!(?drops, "proposals of the model dropped");
    core.db.write(async move |tx| Ok(model_calls::count_drops(tx, project, &day, &drops).await?)).await
}
