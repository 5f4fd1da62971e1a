//! Two conversations turned out to be one person's: the younger one goes over into the older.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use serde_json::value::RawValue;

use crate::db::Tx;
use crate::domain::time::Timestamp;
use crate::store::conversations::{self, Conversation};
use crate::store::leads::{self, Lead};

/// Moves messages, sessions and what is known of the lead from `from` to `into`. What `into` knows already stays.
pub async fn merge(tx: &Tx, into: &Conversation, from: &Conversation, now: Timestamp) -> anyhow::Result<Conversation> {
    let project = into.project;
    // A turn of the agent that is under way ends before the leads are read.
    conversations::lock(tx, into.id).await?;
    conversations::merge_into(tx, from.id, into.id).await?;
    let leads = leads::of_conversations(tx, &[(project, into.id), (project, from.id)]).await?;
    let mut leads: HashMap<i64, Lead> = leads.into_iter().collect();
    let mut lead_of =
        |conversation: &Conversation| leads.remove(&conversation.id).context("a conversation without a lead");
    let (mut kept, given_up) = (lead_of(into)?, lead_of(from)?);
    kept.fields = union(&kept.fields, &given_up.fields)?;
    kept.intent = kept.intent.or(given_up.intent);
    kept.session_id = kept.session_id.or(given_up.session_id);
    if kept.session_id.is_some() && kept.status == "active" {
        kept.status = "correlated".to_owned();
    }
    leads::remove(tx, project, from.id).await?;
    leads::update(tx, &[(project, &kept)], now).await?;
    tracing::info!(from = from.id, into = into.id, "two conversations are one person's");
    Ok(into.clone())
}

fn union(kept: &str, added: &str) -> anyhow::Result<String> {
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(added)?;
    fields.extend(serde_json::from_str::<BTreeMap<String, &RawValue>>(kept)?);
    Ok(serde_json::to_string(&fields)?)
}
