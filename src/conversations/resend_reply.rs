//! Resends replies that failed: one, or all since a time.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::time::{Timestamp, with_microseconds};
use crate::notifier::Work;
use crate::store::{audit, reply_log};

/// Replies that one transaction makes due.
const BATCH: u32 = 500;

/// Makes a failed reply of the project due again, with its retry schedule from the start; `false` where the project has no such
/// reply.
pub async fn resend_reply(core: &Core, actor: &Actor, project: ProjectId, reply_id: &str) -> anyhow::Result<bool> {
    let (actor, reply_id, now) = (actor.clone(), reply_id.to_owned(), core.clock.now());
    let resent = core.db.write(async move |tx| {
        if !reply_log::resend(tx, project, &reply_id, now).await? {
            return Ok(false);
        }
        let change = Change::new(Action::ResendReplies, Object::Reply(reply_id.clone()));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(true)
    });
    let is_resent = resent.await?;
    core.notifier.notify(Work::Replies);
    Ok(is_resent)
}

/// Makes all failed replies of the project due again that are not older than `since`. Gives how many there were.
pub async fn resend_failed_replies(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    since: Timestamp,
) -> anyhow::Result<u64> {
    let mut all = 0;
    loop {
        let (actor, now) = (actor.clone(), core.clock.now());
        let resent = core.db.write(async move |tx| {
            let resent = reply_log::resend_failed(tx, project, since, now, BATCH).await?;
            if resent > 0 {
                let change = Change::new(Action::ResendReplies, Object::Replies);
                let change = change.with(json!({"replies": resent, "since": with_microseconds(since)}));
                audit::record(tx, project, &actor, &change, now).await?;
            }
            Ok(resent)
        });
        let resent = resent.await?;
        all += resent;
        if resent < u64::from(BATCH) {
            core.notifier.notify(Work::Replies);
            return Ok(all);
        }
    }
}
