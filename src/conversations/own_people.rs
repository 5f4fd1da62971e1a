//! Marks a lead as one of the business's own people, with the browsers that they clicked with: what they do is not counted, whatever
//! was counted of it before is taken away, and counts again once the mark is taken off.

use serde_json::json;

use super::edit_lead::EditRefused;
use super::rate_lead::locked;
use crate::clicks::sessions::SESSION_LENGTH;
use crate::core::Core;
use crate::counts::clicks::count_clicks;
use crate::counts::leads::{ChangedLeads, count_leads};
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{LeadId, ProjectId};
use crate::store::own_people::{self, ChangedSession};
use crate::store::uncounted_clicks::CountedClick;
use crate::store::{audit, counts};

/// Says whether a lead is one of the business's own people.
pub async fn set_internal(
    core: &Core,
    actor: &Actor,
    (project, lead): (ProjectId, LeadId),
    is_internal: bool,
) -> Result<(), EditRefused> {
    let (inside, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let set = core.db.write(async move |tx| {
        let Some(before) = locked(tx, project, lead).await? else { return Ok(Err(EditRefused::Unknown)) };
        if own_people::is_internal(tx, project, lead).await? == is_internal {
            return Ok(Ok(()));
        }
        own_people::set_lead(tx, project, lead, is_internal, now).await?;
        let mut changed = ChangedLeads::of(project, before.conversation);
        let mut sessions = Vec::new();
        for device in own_people::devices_of(tx, project, before.conversation).await? {
            if own_people::set_device(tx, project, &device, is_internal, now).await? {
                sessions.extend(own_people::set_sessions(tx, project, &device, is_internal).await?);
            }
        }
        let conversations = sessions.iter().filter_map(|session| session.conversation);
        changed.conversations.extend(conversations.map(|one| (project, one)));
        // Behind the locks of the sessions, as whoever counts a click of them: nobody else changes counts until the end.
        counts::zone_alone(tx, project).await?;
        recount_clicks(tx, &inside, project, &sessions, is_internal).await?;
        count_leads(tx, &inside, changed, now).await?;
        let detail = json!({ "is_internal": is_internal });
        let change = Change::new(Action::MarkOwnPeople, Object::Lead(lead)).with(detail);
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(()))
    });
    set.await?
}

/// Takes the clicks of sessions away from what is counted, or adds them again.
async fn recount_clicks(
    tx: &Tx,
    core: &Core,
    project: ProjectId,
    sessions: &[ChangedSession],
    is_internal: bool,
) -> anyhow::Result<()> {
    let mut clicks = Vec::new();
    for session in sessions {
        let Some(source) = session.source else { continue };
        let within = (session.started_at, session.started_at + SESSION_LENGTH);
        let mut has_begun = false;
        for (id, at) in own_people::clicks_of(tx, project, session.id, within).await? {
            let begins = at == session.started_at && !has_begun;
            has_begun |= begins;
            clicks.push(CountedClick { project, id, source, ad: session.ad, at, begins });
        }
    }
    count_clicks(tx, core, &clicks, if is_internal { -1 } else { 1 }).await
}
