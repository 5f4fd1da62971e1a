//! What a project writes for its agent: how a language model is used, the text that questions are answered from, and the answers to
//! questions that nothing answered.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::store::knowledge::{self, AgentSettings, KnownParagraph};
use crate::store::{audit, projects};

/// Paragraphs of a knowledge text.
pub const PARAGRAPHS_MAX: usize = 200;
/// Characters of a paragraph.
pub const PARAGRAPH_CHARS_MAX: usize = 2_000;
/// Tokens that a limit may be.
pub const TOKENS_MAX: i64 = 1_000_000_000_000;

/// Why a text is no knowledge text.
#[derive(Debug, thiserror::Error)]
pub enum TextRefused {
    /// Too many paragraphs.
    #[error("the text has {0} paragraphs: keep to {PARAGRAPHS_MAX}, separated by blank lines")]
    TooMany(usize),
    /// One that is too long.
    #[error("paragraph {0} has more than {PARAGRAPH_CHARS_MAX} characters: put a blank line where it can be divided")]
    TooLong(usize),
    /// There is nothing in it.
    #[error("write an answer")]
    Empty,
    /// It was settled before, or never asked.
    #[error("there is no such open question: it may have been answered meanwhile")]
    NoQuestion,
    /// Storing failed; nothing was changed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Sets how a project uses a language model.
pub async fn set_agent_settings(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    settings: AgentSettings,
) -> anyhow::Result<()> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            let public_id = projects::get(tx, project).await?.public_id;
            knowledge::set_settings(tx, project, settings).await?;
            let detail = json!({
                "tokens_a_day": settings.tokens_a_day, "tokens_a_month": settings.tokens_a_month,
                "keeps_prompts": settings.keeps_prompts, "discloses": settings.discloses,
            });
            let change = Change::new(Action::SetAgent, Object::Project(public_id)).with(detail);
            Ok(audit::record(tx, project, &actor, &change, now).await?)
        })
        .await
}

/// The paragraphs of a text: what stands between blank lines.
fn paragraphs_of(text: &str) -> Result<Vec<String>, TextRefused> {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut paragraphs: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in lines.lines().map(str::trim) {
        match paragraphs.last_mut().filter(|_| is_open && !line.is_empty()) {
            Some(paragraph) => *paragraph = format!("{paragraph}\n{line}"),
            None if !line.is_empty() => paragraphs.push(line.to_owned()),
            None => {}
        }
        is_open = !line.is_empty();
    }
    if paragraphs.len() > PARAGRAPHS_MAX {
        return Err(TextRefused::TooMany(paragraphs.len()));
    }
    match paragraphs.iter().position(|paragraph| paragraph.chars().count() > PARAGRAPH_CHARS_MAX) {
        Some(place) => Err(TextRefused::TooLong(place + 1)),
        None => Ok(paragraphs),
    }
}

/// The knowledge text of a project, as it is edited.
pub async fn knowledge_text(core: &Core, project: ProjectId) -> anyhow::Result<String> {
    let paragraphs = core.db.read(async move |conn| Ok(knowledge::paragraphs(conn, project).await?)).await?;
    Ok(paragraphs.into_iter().map(|one| one.text).collect::<Vec<_>>().join("\n\n"))
}

/// Sets the knowledge text of a project. Paragraphs that stay keep their ids. Gives how many there are.
pub async fn set_knowledge(core: &Core, actor: &Actor, project: ProjectId, text: &str) -> Result<usize, TextRefused> {
    let paragraphs = paragraphs_of(text)?;
    let (actor, now, count) = (actor.clone(), core.clock.now(), paragraphs.len());
    let stored = core.db.write(async move |tx| {
        let public_id = projects::get(tx, project).await?.public_id;
        let mut old: Vec<KnownParagraph> = knowledge::paragraphs(tx, project).await?;
        for (place, text) in (1_i64..).zip(&paragraphs) {
            let kept = old.iter().position(|one| one.text == *text).map(|at| old.swap_remove(at).id);
            knowledge::put(tx, project, (kept, place), text, now).await?;
        }
        for gone in old {
            knowledge::remove(tx, project, gone.id).await?;
        }
        let change = Change::new(Action::SetKnowledge, Object::Project(public_id));
        let change = change.with(json!({"paragraphs": paragraphs.len()}));
        Ok(audit::record(tx, project, &actor, &change, now).await?)
    });
    stored.await?;
    Ok(count)
}

/// Settles a question: with an answer, which becomes a paragraph of the knowledge text, or without one.
pub async fn settle_question(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    (question, answer): (i64, Option<&str>),
) -> Result<(), TextRefused> {
    let paragraphs = answer.map(paragraphs_of).transpose()?;
    if paragraphs.as_ref().is_some_and(Vec::is_empty) {
        return Err(TextRefused::Empty);
    }
    let (actor, now) = (actor.clone(), core.clock.now());
    let settled = core.db.write(async move |tx| {
        let public_id = projects::get(tx, project).await?.public_id;
        if knowledge::settle_question(tx, project, question, now).await?.is_none() {
            return Ok(Err(TextRefused::NoQuestion));
        }
        let known = knowledge::paragraphs(tx, project).await?.len();
        let added = paragraphs.unwrap_or_default();
        if known + added.len() > PARAGRAPHS_MAX {
            anyhow::bail!(TextRefused::TooMany(known + added.len()));
        }
        for (place, text) in (known + 1..).zip(&added) {
            knowledge::put(tx, project, (None, i64::try_from(place)?), text, now).await?;
        }
        let change = Change::new(Action::SettleQuestion, Object::Project(public_id));
        audit::record(tx, project, &actor, &change.with(json!({"paragraphs_added": added.len()})), now).await?;
        Ok(Ok(()))
    });
    settled.await.map_err(|error| error.downcast::<TextRefused>().unwrap_or_else(TextRefused::Failed))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_at_blank_lines() {
        let text = "Parking is\r\nbehind the house.\r\n \r\n\r\nWe are open.\n";
        assert_eq!(paragraphs_of(text).unwrap(), ["Parking is\nbehind the house.", "We are open."]);
        assert!(paragraphs_of(" \n\n ").unwrap().is_empty());
        assert!(matches!(paragraphs_of(&"a\n\n".repeat(201)), Err(TextRefused::TooMany(201))));
        assert!(matches!(paragraphs_of(&format!("a\n\n{}", "b".repeat(2_001))), Err(TextRefused::TooLong(2))));
    }
}
