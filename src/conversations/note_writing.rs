//! Notes that a person of the business writes an answer, so that their colleagues see it.

use crate::core::Core;
use crate::domain::ids::{LeadId, ProjectId, UserId};
use crate::domain::time::SignedDuration;
use crate::notifier::Work;
use crate::store::{handling, writers};

/// For how long one key shows that somebody writes. A page notes it anew every three seconds.
pub const WRITES_FOR: SignedDuration = SignedDuration::from_secs(6);

/// Notes it; `false` where the project has no such lead.
pub async fn note_writing(core: &Core, project: ProjectId, lead: LeadId, user: UserId) -> anyhow::Result<bool> {
    let now = core.clock.now();
    let noted = core
        .db
        .write(async move |tx| {
            let Some(handled) = handling::find(tx, project, lead).await? else { return Ok(false) };
            writers::put(tx, project, (handled.conversation, user), now, now + WRITES_FOR).await?;
            Ok(true)
        })
        .await?;
    // The visitor of a page sees it, too.
    core.notifier.notify(Work::Chats);
    Ok(noted)
}
