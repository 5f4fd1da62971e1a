//! Two conversations turned out to be one person's: the younger one goes over into the older.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::db::Tx;
use crate::domain::time::Timestamp;
use crate::store::conversations::{self, Conversation};
use crate::store::leads;

/// Moves messages, sessions and what is known of the lead from `from` to `into`. What `into` knows already stays.
pub async fn merge(tx: &Tx, into: &Conversation, from: &Conversation, now: Timestamp) -> anyhow::Result<Conversation> {
    let project = into.project;
    let mut kept = leads::of_conversation(tx, project, into.id).await?;
    let given_up = leads::of_conversation(tx, project, from.id).await?;
    kept.fields = union(&kept.fields, &given_up.fields)?;
    kept.intent = kept.intent.or(given_up.intent);
    kept.session_id = kept.session_id.or(given_up.session_id);
    if kept.session_id.is_some() && kept.status == "active" {
        kept.status = "correlated".to_owned();
    }
    conversations::merge_into(tx, from.id, into.id).await?;
    leads::remove(tx, project, from.id).await?;
    leads::update(tx, project, &kept, now).await?;
    tracing::info!(from = from.id, into = into.id, "two conversations are one person's");
    Ok(into.clone())
}

fn union(kept: &str, added: &str) -> anyhow::Result<String> {
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(added)?;
    fields.extend(serde_json::from_str::<BTreeMap<String, &RawValue>>(kept)?);
    Ok(serde_json::to_string(&fields)?)
}
