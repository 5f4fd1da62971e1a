//! Keeps the words by which leads are found, in the transaction of what changes them. Those of the fields are a turn's matter.

use std::collections::BTreeMap;

use super::learned::words;
use crate::agent::Known;
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
