//! Stores what platforms tell besides messages: messages that were taken back, people who cannot be written to, accounts of the
//! business's own, and groups.

use super::store_inbound::StoreInbound;
use super::words;
use crate::channels::{AccountUpdate, Crowd, Deleted, Gesture, Preference, Reach, Told, Trouble};
use crate::db::Tx;
use crate::domain::channel::PersonIds;
use crate::domain::correlation::telegram_link;
use crate::domain::form::Form;
use crate::domain::time::Timestamp;
use crate::store::channel_accounts::{self, NewAccount};
use crate::store::channel_troubles::{self, NewWords};
use crate::store::channels::Channel;
use crate::store::messages::NewNotice;
use crate::store::{conversations, messages, projects, replies};

/// Why a reply to somebody who blocked the channel is not sent.
const BLOCKED: &str = "This person has blocked the channel: nothing reaches them until they let it in again.";

impl StoreInbound {
    /// Marks messages as taken back. What they said stays.
    pub(super) async fn store_deleted(&self, tx: &Tx, channel: &Channel, deleted: &Deleted) -> anyhow::Result<()> {
        let project = channel.project;
        if !self.notice_once(tx, channel, "deleted messages", &deleted.external_id, &deleted.raw).await? {
            return Ok(());
        }
        for conversation in conversations::of_person(tx, project, channel.id, &deleted.person).await? {
            for message in &deleted.messages {
                messages::revoke(tx, project, channel.id, conversation.id, message, self.now).await?;
            }
        }
        Ok(())
    }

    /// Notes that a person cannot be written to, or can be again. What waits for them is given up.
    pub(super) async fn store_reach(&self, tx: &Tx, channel: &Channel, reach: &Reach) -> anyhow::Result<()> {
        let project = channel.project;
        let kind = if reach.is_reachable { "unblocked" } else { "blocked" };
        if !self.notice_once(tx, channel, kind, &reach.external_id, &reach.raw).await? {
            return Ok(());
        }
        let since = (!reach.is_reachable).then_some(self.now);
        for conversation in conversations::of_person(tx, project, channel.id, &reach.person).await? {
            conversations::set_unreachable(tx, project, conversation.id, since).await?;
            if since.is_some() {
                replies::fail_waiting(tx, project, conversation.id, None, BLOCKED).await?;
            }
        }
        Ok(())
    }

    /// Keeps what the channel may do with an account of the business's own.
    pub(super) async fn store_account(&self, tx: &Tx, channel: &Channel, update: &AccountUpdate) -> anyhow::Result<()> {
        if !self.notice_once(tx, channel, "account", &update.external_id, &update.raw).await? {
            return Ok(());
        }
        let new = NewAccount {
            channel: channel.id,
            external_id: &update.account,
            username: update.username.as_deref(),
            may_reply: update.may_reply,
        };
        channel_accounts::put(tx, channel.project, &new, self.now).await?;
        Ok(())
    }

    /// A group that speaks to us is told once where we talk, and left where the channel's settings say so; one that adds us then at once.
    /// Nothing else is kept of it.
    pub(super) async fn answer_crowd(
        &self,
        tx: &Tx,
        channel: &Channel,
        crowd: &Crowd,
    ) -> anyhow::Result<Option<Gesture>> {
        let (project, handle) = (channel.project, channel.handle.as_deref());
        let leaves = channel.leaves_groups && (crowd.is_joined || crowd.is_to_us);
        let (Some(handle), true) = (handle, crowd.is_to_us || leaves) else { return Ok(None) };
        if !channel_accounts::tell_group(tx, project, channel.id, &crowd.group, self.now).await? {
            return Ok(leaves.then(|| Gesture::LeaveGroup { group: crowd.group.clone(), text: None }));
        }
        let form = projects::get(tx, project).await?.form;
        let language = form.map(|form| Form::parse(&form)).transpose()?.map_or_else(String::new, |form| form.language);
        let link = telegram_link(&channel.link_base, handle, None);
        let text = format!("{} {link}", words::of(&language).private_only);
        if leaves {
            return Ok(Some(Gesture::LeaveGroup { group: crowd.group.clone(), text: Some(text) }));
        }
        Ok(Some(Gesture::SayInGroup { group: crowd.group.clone(), thread: crowd.thread.clone(), text }))
    }

    /// Keeps what a platform says of the channel itself, and what of it needs a person.
    pub(super) async fn store_told(&self, tx: &Tx, channel: &Channel, told: &Told) -> anyhow::Result<()> {
        let project = channel.project;
        let new = NewWords {
            channel: channel.id,
            external_id: &told.external_id,
            kind: &told.kind,
            words: &told.words,
            raw: &told.raw,
        };
        if !channel_troubles::insert_words(tx, project, &new, self.now).await? {
            return Ok(());
        }
        match &told.trouble {
            Trouble::None => {}
            Trouble::Begins { subject, until } => {
                let (about, when) = ((subject.as_str(), told.words.as_str()), (self.now, *until));
                channel_troubles::begin(tx, project, channel.id, about, when).await?;
            }
            Trouble::Ends { subject } => {
                channel_troubles::end(tx, project, channel.id, subject).await?;
            }
        }
        Ok(())
    }

    /// Remembers whether a person wants marketing messages. Of somebody who never wrote there is nothing to remember it by.
    pub(super) async fn store_preference(
        &self,
        tx: &Tx,
        channel: &Channel,
        preference: &Preference,
    ) -> anyhow::Result<()> {
        self.notice(tx, channel, "marketing preference", &preference.raw).await?;
        self.set_marketing(tx, channel, &preference.person, preference.takes_marketing, preference.told_at).await
    }

    /// A person wants marketing messages, or does not, since a time by the platform's clock.
    pub(super) async fn set_marketing(
        &self,
        tx: &Tx,
        channel: &Channel,
        person: &PersonIds,
        takes_marketing: bool,
        told_at: Option<Timestamp>,
    ) -> anyhow::Result<()> {
        let told_at = told_at.map_or(self.now, |at| at.min(self.now));
        let since = (!takes_marketing).then_some(told_at);
        for conversation in conversations::of_person(tx, channel.project, channel.id, person).await? {
            channel_troubles::set_no_marketing(tx, channel.project, conversation.id, since).await?;
        }
        Ok(())
    }

    /// Keeps a notice; `false` where it came before.
    async fn notice_once(
        &self,
        tx: &Tx,
        channel: &Channel,
        kind: &str,
        external_id: &str,
        raw: &str,
    ) -> anyhow::Result<bool> {
        let notice = NewNotice { channel: channel.id, external_id: Some(external_id), kind, raw };
        Ok(messages::insert_notice(tx, channel.project, &notice, self.now).await?)
    }
}
