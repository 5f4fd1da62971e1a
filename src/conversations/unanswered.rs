//! Nobody is left alone: where whoever has taken over does not answer, the person waits again, or the agent goes on, as the project
//! says. A loop of the worker looks every second.

use super::take_over::wake_agent;
use crate::core::Core;
use crate::db::Tx;
use crate::domain::lead::Activity;
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::handling::{self, Unanswered};
use crate::store::lead_activity;

/// Conversations of one transaction.
const BATCH_MAX: u32 = 100;

/// Looks after the conversations in which a message has stayed unanswered for too long, and gives how many there were.
pub async fn look_after_unanswered(core: &Core) -> anyhow::Result<usize> {
    let mut all = 0;
    loop {
        let now = core.clock.now();
        let found = core.db.write(async move |tx| look_after(tx, now).await).await?;
        all += found;
        if found < BATCH_MAX as usize {
            break;
        }
    }
    if all > 0 {
        core.notifier.notify(Work::Turns);
    }
    Ok(all)
}

async fn look_after(tx: &Tx, now: Timestamp) -> anyhow::Result<usize> {
    let unanswered = handling::lock_unanswered(tx, now, BATCH_MAX).await?;
    for one in &unanswered {
        let Unanswered { project, conversation, lead, since, agent_resumes } = *one;
        let activity = if agent_resumes {
            wake_agent(tx, project, conversation, now).await?;
            Activity::AgentResumed
        } else {
            handling::wait_again(tx, project, conversation, since).await?;
            Activity::WaitsAgain
        };
        lead_activity::insert(tx, project, lead, (activity, "", None), now).await?;
        tracing::info!(%project, %conversation, agent_resumes, "message to a person stayed unanswered");
    }
    Ok(unanswered.len())
}
