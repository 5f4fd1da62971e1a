//! Two conversations turned out to be one person's: the younger one is merged into the older.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

use anyhow::Context as _;
use serde_json::value::RawValue;

use super::found_by::{index_correlation_ids, index_fields};
use crate::agent::State;
use crate::conversations::store_inbound::StoreInbound;
use crate::db::Tx;
use crate::domain::ids::{ConversationId, LeadId};
use crate::domain::lead::LeadStatus;
use crate::domain::time::Timestamp;
use crate::store::conversations::{self, Conversation};
use crate::store::leads::{self, Lead};
use crate::store::{lead_fields, lead_search, past_messages, turns};

impl StoreInbound {
    /// Merges two conversations of one person, and has what they count counted anew.
    pub(super) async fn merge(
        &self,
        tx: &Tx,
        into: &Conversation,
        from: &Conversation,
    ) -> anyhow::Result<Conversation> {
        let (merged, removed) = merge(tx, into, from, self.now).await?;
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.conversations.push((into.project, into.id));
        changed.removed.push((into.project, removed));
        drop(changed);
        Ok(merged)
    }
}

/// Moves messages, sessions and what is known of the lead from `from` to `into`, and gives the lead that went. What `into` knows
/// already stays.
async fn merge(
    tx: &Tx,
    into: &Conversation,
    from: &Conversation,
    now: Timestamp,
) -> anyhow::Result<(Conversation, LeadId)> {
    let project = into.project;
    // A turn that is under way decides on a lead that is about to change: it must not be settled, and is taken again.
    let removed: State = serde_json::from_str(&turns::interrupt(tx, project, from.id, None).await?)?;
    let mut state: State = serde_json::from_str(&turns::interrupt(tx, project, into.id, Some(now)).await?)?;
    if removed.no_nudge {
        // They are one person, who gets one nudge at most.
        state.no_nudge = true;
        turns::set_agent_state(tx, project, into.id, &serde_json::to_string(&state)?).await?;
    }
    past_messages::move_to(tx, project, from.id, into.id).await?;
    conversations::merge_into(tx, project, from.id, into.id).await?;
    let leads = leads::of_conversations(tx, &[(project, into.id), (project, from.id)]).await?;
    let mut leads: HashMap<ConversationId, Lead> = leads.into_iter().collect();
    let mut lead_of =
        |conversation: &Conversation| leads.remove(&conversation.id).context("a conversation without a lead");
    let (mut kept, removed) = (lead_of(into)?, lead_of(from)?);
    kept.fields = union(&kept.fields, &removed.fields)?;
    kept.intent = kept.intent.or(removed.intent);
    if kept.session.is_none() && removed.session.is_some() {
        (kept.session, kept.reference) = (removed.session, removed.reference);
    }
    if kept.session.is_some() && kept.status == LeadStatus::Active {
        kept.status = LeadStatus::Correlated;
    }
    kept.last_message_at = kept.last_message_at.max(removed.last_message_at);
    lead_fields::move_to(tx, project, removed.id, kept.id).await?;
    lead_search::remove(tx, removed.id).await?;
    leads::remove(tx, project, from.id).await?;
    leads::update_merged(tx, project, &kept, now).await?;
    index_fields(tx, project, kept.id, &serde_json::from_str(&kept.fields)?).await?;
    index_correlation_ids(tx, project, kept.id, into.id).await?;
    tracing::info!(%project, from = %from.id, into = %into.id, "conversations merged");
    let newest_message = into.newest_message.max(from.newest_message);
    Ok((Conversation { newest_message, ..into.clone() }, removed.id))
}

fn union(kept: &str, added: &str) -> anyhow::Result<String> {
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(added)?;
    fields.extend(serde_json::from_str::<BTreeMap<String, &RawValue>>(kept)?);
    Ok(serde_json::to_string(&fields)?)
}
