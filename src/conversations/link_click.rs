//! Links a conversation to the session whose correlation id it names (contract section 2), in the transaction of the message.

use crate::clicks::sessions::SESSION_LENGTH;
use crate::conversations::found_by::index_correlation_ids;
use crate::core::Core;
use crate::db::Tx;
use crate::deliveries::emit::{emit, event_id};
use crate::domain::attributed::Reference;
use crate::domain::correlation::Candidate;
use crate::domain::event::{Correlated, Event};
use crate::domain::phone::PhoneNumber;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::clicks;
use crate::store::conversations::{self, Conversation};
use crate::store::leads;
use crate::store::sessions::{self, Session};

/// How long after its first click a mistyped correlation id is repaired.
const REPAIRED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What came of the correlation ids of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// One was linked now.
    Now,
    /// The conversation has it already.
    Before,
    /// Only ids of others' clicks.
    AnotherPerson,
    /// None that this project issued.
    Nothing,
}

/// Links every correlation id among `references` that this project issued and nobody else has used.
pub async fn link_session(
    tx: &Tx,
    core: &Core,
    conversation: &Conversation,
    channel: &str,
    references: &[Candidate],
    now: Timestamp,
) -> anyhow::Result<Linked> {
    let mut all = Linked::Nothing;
    for candidate in references {
        let Some((session, reference)) = session_of(tx, conversation, candidate, now).await? else { continue };
        match session.conversation_id {
            None => {
                link(tx, core, conversation, channel, (&session, reference), now).await?;
                all = Linked::Now;
            }
            Some(linked) if linked == conversation.id => {
                all = if all == Linked::Now { all } else { Linked::Before };
            }
            Some(_) => {
                let (project, id) = (conversation.project, &session.correlation_id);
                tracing::info!(%project, conversation = %conversation.id, "correlation id of another person refused");
                let reason = "linked to another conversation before: probably a forwarded message";
                conversations::refuse_correlation_id(tx, project, conversation.id, id, reason, now).await?;
                all = if all == Linked::Nothing { Linked::AnotherPerson } else { all };
            }
        }
    }
    Ok(all)
}

/// The session that a candidate names, and how: exactly, or by the one look-alike that was issued lately.
async fn session_of(
    tx: &Tx,
    conversation: &Conversation,
    candidate: &Candidate,
    now: Timestamp,
) -> anyhow::Result<Option<(Session, Reference)>> {
    let project = conversation.project;
    if let Some(exact) = &candidate.exact
        && let Some(session) = sessions::find_for_link(tx, project, exact.as_str(), &exact.folded()).await?
    {
        return Ok(Some((session, Reference::Exact)));
    }
    match sessions::look_alikes(tx, project, &candidate.folded, now - REPAIRED_FOR).await?.as_slice() {
        [only] => {
            let found = sessions::find_for_link(tx, project, only, &candidate.folded).await?;
            Ok(found.map(|session| (session, Reference::Repaired)))
        }
        _ => Ok(None),
    }
}

async fn link(
    tx: &Tx,
    core: &Core,
    conversation: &Conversation,
    channel: &str,
    (session, reference): (&Session, Reference),
    now: Timestamp,
) -> anyhow::Result<()> {
    let project = conversation.project;
    sessions::link(tx, project, session.id, conversation.id, now).await?;
    clicks::link(tx, project, session.id, session.started_at, session.started_at + SESSION_LENGTH).await?;
    if let Some(lead) = leads::correlate(tx, project, conversation.id, (session.id, reference), now).await? {
        Box::pin(index_correlation_ids(tx, project, lead, conversation.id)).await?;
    }
    let phone = conversation.phone.as_deref().and_then(|phone| PhoneNumber::from_e164(phone).ok());
    let link = Correlated {
        correlation_id: &session.correlation_id,
        conversation_id: conversation.id,
        phone: phone.as_ref(),
        channel_id: channel,
    };
    Ok(emit(tx, &core.row_keys, project, &Event::lead_correlated(event_id(&core.random, now), &link, now)).await?)
}
