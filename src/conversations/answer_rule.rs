//! How long a message to a person may stay unanswered, and what happens then.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::time::SignedDuration;
use crate::store::{audit, handling, projects};

/// The shortest and the longest time.
const AFTER: std::ops::RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(1)..=SignedDuration::from_hours(7 * 24);

/// How long a message to a person may stay unanswered, and whether the agent goes on then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRule {
    /// From a minute to a week.
    pub after: SignedDuration,
    /// If not, the person waits for somebody.
    pub agent_resumes: bool,
}

/// Sets the rule of a project.
pub async fn set_answer_rule(core: &Core, actor: &Actor, project: ProjectId, rule: AnswerRule) -> anyhow::Result<()> {
    anyhow::ensure!(AFTER.contains(&rule.after), "choose a time from one minute to seven days");
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            let public_id = projects::get(tx, project).await?.public_id;
            let micros = i64::try_from(rule.after.as_micros())?;
            handling::set_rule(tx, project, micros, rule.agent_resumes).await?;
            let change = Change::new(Action::UpdateProject, Object::Project(public_id));
            let detail = json!({"unanswered_after_s": rule.after.as_secs(), "agent_resumes": rule.agent_resumes});
            Ok(audit::record(tx, project, &actor, &change.with(detail), now).await?)
        })
        .await
}
