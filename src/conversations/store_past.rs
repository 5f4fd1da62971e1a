//! Stores what a platform tells once of the app that the business used before: past messages, and the address book. They begin no
//! conversation and no lead, call no agent, and are not counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::store_inbound::StoreInbound;
use crate::channels::{BookEntry, Inbound, PastMessage};
use crate::db::Tx;
use crate::domain::channel::PersonIds;
use crate::domain::ids::{ChannelId, ProjectId};
use crate::store::channels::Channel;
use crate::store::conversations::Conversation;
use crate::store::past_messages::{self, NewPastMessage};
use crate::store::{messages, reply_pace};

impl StoreInbound {
    /// Stores a past message, unless it is here as a message.
    pub(super) async fn store_past(&self, tx: &Tx, channel: &Channel, past: &PastMessage) -> anyhow::Result<()> {
        if messages::exists(tx, channel.project, channel.id, &past.external_id).await? {
            return Ok(());
        }
        let new = NewPastMessage {
            channel: channel.id,
            external_id: &past.external_id,
            person: &past.person,
            is_ours: past.is_ours,
            kind: past.kind,
            text: past.text.as_deref(),
            sent_at: past.sent_at.min(self.now),
        };
        past_messages::insert(tx, channel.project, &new).await?;
        Ok(())
    }

    /// Stores an entry of the address book, or that it was removed.
    pub(super) async fn store_entry(&self, tx: &Tx, channel: &Channel, entry: &BookEntry) -> anyhow::Result<()> {
        let told_at = entry.told_at.map_or(self.now, |told_at| told_at.min(self.now));
        let key = (channel.id, entry.person.as_str());
        past_messages::put_entry(tx, channel.project, key, entry.name.as_deref(), told_at).await?;
        Ok(())
    }

    /// Notes which channels' numbers are used in the platform's own app as well: items from there tell.
    pub(super) async fn note_in_app(&self, tx: &Tx, items: &[(Arc<Channel>, &Inbound)]) -> anyhow::Result<()> {
        let is_of_app = |inbound: &Inbound| matches!(inbound, Inbound::Echo(_) | Inbound::Past(_) | Inbound::Entry(_));
        let of_app = items.iter().filter(|(_, inbound)| is_of_app(inbound));
        let channels: BTreeMap<ChannelId, ProjectId> =
            of_app.map(|(channel, _)| (channel.id, channel.project)).collect();
        for (channel, project) in channels {
            reply_pace::note_in_app(tx, project, channel, self.now).await?;
        }
        Ok(())
    }

    /// Keeps the past messages of who goes on under another number: the old one may be somebody else's then.
    pub(super) async fn keep_past<'a>(
        &self,
        tx: &Tx,
        known: &'a Conversation,
        told: &PersonIds,
    ) -> anyhow::Result<&'a Conversation> {
        let (before, now) = (&known.ids.external_phone_id, &told.external_phone_id);
        if before.is_some() && now.is_some() && before != now {
            past_messages::bind(tx, known.project, known.id).await?;
        }
        Ok(known)
    }
}
