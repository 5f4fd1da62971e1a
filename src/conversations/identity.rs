//! Who a person is when ids change: a number that moved on to somebody else, and notices of the platform that tell new ids.

use super::found_by::start_lead;
use super::store_inbound::StoreInbound;
use crate::channels::IdChange;
use crate::db::Tx;
use crate::domain::channel::PersonIds;
use crate::store::channels::Channel;
use crate::store::conversations::{self, Conversation};
use crate::store::{messages, past_messages, turns};

impl StoreInbound {
    /// The conversations without those that are found only by a number whose former owner they are with: the platform's id that is
    /// no number tells people apart. These give the number up.
    pub(super) async fn without_former_owners(
        &self,
        tx: &Tx,
        known: Vec<Conversation>,
        ids: &PersonIds,
    ) -> anyhow::Result<Vec<Conversation>> {
        let (former, own): (Vec<_>, Vec<_>) = known.into_iter().partition(|one| {
            let (theirs, told) = (&one.ids.external_user_id, &ids.external_user_id);
            theirs.is_some() && told.is_some() && theirs != told
        });
        for one in &former {
            past_messages::bind(tx, one.project, one.id).await?;
            conversations::release_phone_id(tx, one.project, one.id).await?;
        }
        Ok(own)
    }

    /// A person goes on under other ids. Where they wrote under these before the notice came, both conversations are theirs. A
    /// person who never wrote is no conversation: the notice is kept.
    pub(super) async fn change_ids(&self, tx: &Tx, channel: &Channel, change: &IdChange) -> anyhow::Result<()> {
        let project = channel.project;
        self.notice(tx, channel, "id change", &change.raw).await?;
        let Some(mut conversation) = self.of_old_ids(tx, channel, change).await? else { return Ok(()) };
        let others = conversations::of_person(tx, project, channel.id, &change.new.ids).await?;
        let own = conversation.id;
        for other in others.iter().filter(|other| other.id != own) {
            if !self.is_same_person(tx, &conversation, other, change).await? {
                tracing::warn!(%project, conversation = %conversation.id, "new id belongs to another conversation; not changed");
                return Ok(());
            }
            for without in [&conversation, other].into_iter().filter(|one| !one.has_lead) {
                Box::pin(start_lead(tx, project, without.id, &change.new, self.now)).await?;
                self.count_anew(project, without.id);
            }
            conversation = Conversation { has_lead: true, ..Box::pin(self.merge(tx, &conversation, other)).await? };
        }
        let told_at = change.at.map_or(self.now, |at| at.min(self.now));
        past_messages::bind(tx, project, conversation.id).await?;
        conversations::change_ids(tx, project, conversation.id, &change.new, told_at).await?;
        if conversation.has_lead {
            // The lead's number is the one of now.
            turns::interrupt(tx, project, conversation.id, Some(self.now)).await?;
        }
        Ok(())
    }

    /// The conversation under the old ids: the id that is no number counts more, since the number may be somebody else's by now.
    async fn of_old_ids(&self, tx: &Tx, channel: &Channel, change: &IdChange) -> anyhow::Result<Option<Conversation>> {
        let known = conversations::of_person(tx, channel.project, channel.id, &change.old).await?;
        let old = change.old.external_user_id.as_ref();
        let by_id = known.iter().find(|one| old.is_some() && one.ids.external_user_id.as_ref() == old);
        Ok(by_id.or(known.first()).cloned())
    }

    /// Whether a conversation under the new ids is with the person who changed them: it has the new id that is no number, or it
    /// began when they had written for the last time under the old ones.
    async fn is_same_person(
        &self,
        tx: &Tx,
        conversation: &Conversation,
        other: &Conversation,
        change: &IdChange,
    ) -> anyhow::Result<bool> {
        if let (Some(theirs), Some(told)) = (&other.ids.external_user_id, &change.new.ids.external_user_id) {
            return Ok(theirs == told);
        }
        let project = conversation.project;
        let last = messages::last_of_person(tx, project, conversation.id).await?;
        let first = messages::first_of_person(tx, project, other.id).await?;
        Ok(last < first)
    }
}
