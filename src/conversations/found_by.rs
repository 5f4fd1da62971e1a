//! Keeps the words by which leads are found, in the transaction of what changes them. Those of the fields are a turn's matter.

use std::collections::BTreeMap;

use super::learned::words;
use crate::agent::Known;
use crate::core::Core;
use crate::db::Tx;
use crate::domain::channel::Person;
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead_words::LeadWords;
use crate::domain::time::Timestamp;
use crate::store::lead_search::{self, Part};
use crate::store::{leads, sessions};

/// Makes the person of a conversation a lead, found by what the platform tells of them.
pub(super) async fn start_lead(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    person: &Person,
    now: Timestamp,
) -> anyhow::Result<()> {
    let lead = leads::insert(tx, project, conversation, now).await?;
    let mut words = LeadWords::default();
    person.profile_name.iter().chain(&person.username).for_each(|name| words.add_text(name));
    person.phone.iter().for_each(|phone| words.add_phone(phone.as_e164()));
    lead_search::put(tx, &[(project, lead, Part::Profile, &words.of(project))]).await?;
    Ok(())
}

/// A lead is found by all correlation ids of its conversation.
pub(super) async fn index_correlation_ids(
    tx: &Tx,
    project: ProjectId,
    lead: LeadId,
    conversation: ConversationId,
) -> anyhow::Result<()> {
    let mut words = LeadWords::default();
    let ids = sessions::of_conversation(tx, project, conversation).await?;
    ids.iter().for_each(|id| words.add_correlation_id(id));
    lead_search::put(tx, &[(project, lead, Part::CorrelationIds, &words.of(project))]).await?;
    Ok(())
}

/// A lead is found by its fields as they are now.
pub(super) async fn index_fields(
    tx: &Tx,
    project: ProjectId,
    lead: LeadId,
    known: &BTreeMap<String, Known>,
) -> anyhow::Result<()> {
    lead_search::put(tx, &[(project, lead, Part::Fields, &words(project, known))]).await?;
    Ok(())
}

/// Leads from before that get their words in one transaction.
const BATCH_MAX: u32 = 200;

/// Lets leads be found that are older than the search, a few at a time; `false` where all are.
pub async fn index_old_leads(core: &Core) -> anyhow::Result<bool> {
    if !core.db.read(async |conn| Ok(lead_search::has_to_index(conn).await?)).await? {
        return Ok(false);
    }
    let index = async |tx: &Tx| {
        let up_to = lead_search::lock_to_index(tx).await?;
        let leads = lead_search::unindexed(tx, up_to, BATCH_MAX).await?;
        for one in &leads {
            let mut words = LeadWords::default();
            one.profile_name.iter().chain(&one.username).for_each(|name| words.add_text(name));
            one.phone.iter().for_each(|phone| words.add_phone(phone));
            lead_search::put(tx, &[(one.project, one.lead, Part::Profile, &words.of(one.project))]).await?;
            index_fields(tx, one.project, one.lead, &serde_json::from_str(&one.fields)?).await?;
            index_correlation_ids(tx, one.project, one.lead, one.conversation).await?;
        }
        lead_search::set_to_index(tx, leads.last().map_or(0, |oldest| oldest.lead.0 - 1)).await?;
        Ok(!leads.is_empty())
    };
    core.db.write(index).await
}
