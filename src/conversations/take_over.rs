//! A person takes a conversation over from the agent, and gives it back.
//!
//! ```text
//! agent ──asked for, or given up──▶ waiting ──take over, reply, echo──▶ with somebody
//!   ▲                                 ▲   │                               │   │
//!   └──────────── give back ──────────┼───┴───────────────────────────────┘   │
//!                                     └── unanswered for too long ────────────┘
//! ```
//!
//! Taking over ends the agent's turn that may be under way: its settlement is fenced by the turn's number (`take_turn`), so that
//! the agent never speaks after a person. What the customer writes is still read, in silence.

use super::store_echo::silence_agent;
use crate::agent::{Paused, State};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead::{Activity, Handling};
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::handling::{self, Handled};
use crate::store::{audit, lead_activity, turns};

/// Why a conversation stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum HandlingRefused {
    /// There is no such lead.
    #[error("there is no such lead in this project")]
    Unknown,
    /// The customer does not want to be written to.
    #[error("this person wrote \"stop\": the agent says nothing more until they write \"start\"")]
    Stopped,
    /// Changing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Takes the conversation of a lead over.
pub async fn take_over(core: &Core, actor: &Actor, project: ProjectId, lead: LeadId) -> Result<(), HandlingRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let taken = core.db.write(async move |tx| {
        let Some(handled) = handling::lock(tx, project, lead).await? else { return Ok(Err(HandlingRefused::Unknown)) };
        if handled.handling == Handling::Stopped {
            return Ok(Err(HandlingRefused::Stopped));
        }
        move_to_person(tx, project, &handled, (&actor, Answers::Later), now).await?;
        let change = Change::new(Action::TakeOver, Object::Lead(lead));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(()))
    });
    taken.await??;
    core.notifier.notify(Work::Turns);
    core.notifier.notify(Work::Chats);
    Ok(())
}

/// Whether whoever takes a conversation over says something by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// They do: nobody waits for an answer in it any more.
    Now,
    /// They owe it to whoever waits for one.
    Later,
}

/// The conversation is with a person from now on: the agent is silent. After "stop" it stays stopped.
pub(super) async fn move_to_person(
    tx: &Tx,
    project: ProjectId,
    handled: &Handled,
    (actor, answers): (&Actor, Answers),
    now: Timestamp,
) -> anyhow::Result<()> {
    silence_agent(tx, project, handled.conversation, Some(now)).await?;
    if handled.handling == Handling::Stopped {
        return Ok(());
    }
    match answers {
        Answers::Now => {
            handling::set(tx, project, handled.conversation, (Handling::With, actor.user()), now).await?;
        }
        Answers::Later => {
            handling::take_over(tx, project, handled.conversation, actor.user(), now).await?;
        }
    }
    let is_theirs = handled.handling == Handling::With && handled.handler == actor.user();
    if !is_theirs {
        lead_activity::insert(tx, project, handled.lead, (Activity::TookOver, "", actor.user()), now).await?;
    }
    Ok(())
}

/// Gives the conversation of a lead back to the agent. It goes on having read what was said in between; what nobody answered it
/// answers.
pub async fn give_back(core: &Core, actor: &Actor, project: ProjectId, lead: LeadId) -> Result<(), HandlingRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let given = core.db.write(async move |tx| {
        let Some(handled) = handling::lock(tx, project, lead).await? else { return Ok(Err(HandlingRefused::Unknown)) };
        if handled.handling == Handling::Stopped {
            return Ok(Err(HandlingRefused::Stopped));
        }
        wake_agent(tx, project, handled.conversation, now).await?;
        lead_activity::insert(tx, project, lead, (Activity::GaveBack, "", actor.user()), now).await?;
        let change = Change::new(Action::GiveBack, Object::Lead(lead));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(()))
    });
    given.await??;
    core.notifier.notify(Work::Turns);
    core.notifier.notify(Work::Chats);
    Ok(())
}

/// The agent goes on with a conversation: at once where something is unanswered.
pub(super) async fn wake_agent(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    now: Timestamp,
) -> anyhow::Result<()> {
    let state: State = serde_json::from_str(&turns::interrupt(tx, project, conversation, Some(now)).await?)?;
    let state = State { paused: state.paused.filter(|paused| *paused == Paused::Stopped), ..state };
    turns::set_agent_state(tx, project, conversation, &serde_json::to_string(&state)?).await?;
    handling::unread_unanswered(tx, project, conversation).await?;
    handling::set(tx, project, conversation, (Handling::Agent, None), now).await?;
    Ok(())
}
