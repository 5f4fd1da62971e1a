//! Stores what platforms brought, in one transaction: finds or starts the person's conversation, links it to a click, and calls
//! the agent.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::ensure;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::channels::{Content, Gesture, Inbound, InboundMessage, StatusUpdate};
use crate::conversations::found_by::start_lead;
use crate::conversations::gestures::{Due, typing};
use crate::conversations::independent_sets::independent_sets;
use crate::conversations::link_click::{Linked, link_session};
use crate::conversations::named_channels::NamedChannels;
use crate::conversations::said_reference::said;
use crate::core::Core;
use crate::counts::leads::{ChangedLeads, count_leads};
use crate::db::{Tx, pipelined};
use crate::domain::ids::{ConversationId, MessageId, ProjectId};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::channels::Channel;
use crate::store::conversations::{self, Conversation, NewConversation, NewReferral};
use crate::store::media::{self, NewMedium};
use crate::store::messages::{self, NewMessage, NewNotice, Origin};
use crate::store::reply_status::{self, NamedReply, ToldStatus};
use crate::store::{chats, leads, turns};

/// How long a burst may postpone the agent's turn.
const BURST_MAX: SignedDuration = SignedDuration::from_secs(6);

/// What all items of a batch share.
pub struct StoreInbound {
    /// The time of the batch.
    pub now: Timestamp,
    /// The shared parts.
    pub core: Core,
    /// Leads that are to be counted anew once all is stored.
    pub(super) changed: Mutex<ChangedLeads>,
}

impl StoreInbound {
    /// Stores what arrives in a batch at `now`.
    pub fn new(core: Core, now: Timestamp) -> Self {
        Self { now, core, changed: Mutex::default() }
    }

    /// Counts the lead of a conversation anew once all is stored.
    pub(super) fn count_anew(&self, project: ProjectId, conversation: ConversationId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).conversations.push((project, conversation));
    }

    /// Counts what was stored.
    async fn count(&self, tx: &Tx) -> anyhow::Result<()> {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        count_leads(tx, &self.core, changed, self.now).await
    }

    /// Stores items concurrently, but for those of one person or with one correlation id: these in their order. Gives what is to be
    /// done at their platforms once they are stored.
    pub async fn store_all(
        &self,
        tx: &Tx,
        items: impl Iterator<Item = (Arc<Channel>, &Inbound)>,
    ) -> anyhow::Result<Vec<Due>> {
        let mut channels = NamedChannels::default();
        let mut addressed = Vec::new();
        for (called, inbound) in items {
            match channels.channel_of(tx, &called, inbound).await? {
                Some(channel) => addressed.push((channel, inbound)),
                None => self.notice(tx, &called, "another number", inbound.raw()).await?,
            }
        }
        let people = addressed.iter().flat_map(|(channel, inbound)| ids_of(inbound).map(|id| (channel.id, id)));
        let named_replies = addressed.iter().filter_map(|(channel, inbound)| match inbound {
            Inbound::Status(status) => Some(named(channel, status)),
            _ => None,
        });
        let (people, named_replies) = (people.collect::<Vec<_>>(), named_replies.collect::<Vec<_>>());
        pipelined(conversations::lock_people(tx, &people), reply_status::lock(tx, &named_replies)).await?;
        self.note_in_app(tx, &addressed).await?;
        let sets = independent_sets(addressed.iter().map(|(_, inbound)| keys_of(inbound)));
        let sets = sets.into_iter().map(async |set| {
            let mut due = Vec::new();
            for at in set {
                let (channel, inbound) = &addressed[at];
                let gesture = self.store_one(tx, channel, inbound).await?;
                due.extend(gesture.map(|gesture| Due { channel: channel.clone(), gesture }));
            }
            anyhow::Ok(due)
        });
        let due = try_join_all(sets).await?.into_iter().flatten().collect();
        self.count(tx).await?;
        Ok(due)
    }

    async fn store_one(&self, tx: &Tx, channel: &Channel, inbound: &Inbound) -> anyhow::Result<Option<Gesture>> {
        match inbound {
            Inbound::Message(message) => return self.store_message(tx, channel, message).await,
            Inbound::Crowd(crowd) => return self.answer_crowd(tx, channel, crowd).await,
            Inbound::Gesture(gesture) => return Ok(Some(Gesture::clone(gesture))),
            Inbound::Echo(echo) => self.store_echo(tx, channel, echo).await?,
            Inbound::Status(status) => {
                let named = named(channel, status);
                if let Some((code, after)) = status.again_after
                    && reply_status::retry_once(tx, &named, (code, status.error.as_deref()), self.now + after).await?
                {
                    return Ok(None);
                }
                let price = status.price.as_ref().map(|price| (price.category.as_str(), price.is_billable));
                let told = ToldStatus { status: status.status, error: status.error.as_deref(), price };
                reply_status::advance(tx, &named, told).await?;
                if status.is_unwanted {
                    self.set_marketing(tx, channel, &status.recipient, false, status.at).await?;
                }
            }
            Inbound::IdChange(change) => self.change_ids(tx, channel, change).await?,
            Inbound::Deleted(deleted) => self.store_deleted(tx, channel, deleted).await?,
            Inbound::Reach(reach) => self.store_reach(tx, channel, reach).await?,
            Inbound::Account(update) => self.store_account(tx, channel, update).await?,
            Inbound::Told(told) => self.store_told(tx, channel, told).await?,
            Inbound::Preference(preference) => self.store_preference(tx, channel, preference).await?,
            Inbound::Past(past) => self.store_past(tx, channel, past).await?,
            Inbound::Entry(entry) => self.store_entry(tx, channel, entry).await?,
            Inbound::Other { external_id, kind, raw } => {
                let notice = NewNotice { channel: channel.id, external_id: external_id.as_deref(), kind, raw };
                messages::insert_notice(tx, channel.project, &notice, self.now).await?;
            }
        }
        Ok(None)
    }

    pub(super) async fn notice(&self, tx: &Tx, channel: &Channel, kind: &str, raw: &str) -> anyhow::Result<()> {
        let notice = NewNotice { channel: channel.id, external_id: None, kind, raw };
        messages::insert_notice(tx, channel.project, &notice, self.now).await?;
        Ok(())
    }

    /// Stores a message. While the agent is about to answer, the person may see that somebody types.
    async fn store_message(
        &self,
        tx: &Tx,
        channel: &Channel,
        message: &InboundMessage,
    ) -> anyhow::Result<Option<Gesture>> {
        let project = channel.project;
        let exists = messages::exists(tx, project, channel.id, &message.external_id);
        let known = conversations::of_person(tx, project, channel.id, &message.sender.ids);
        let (exists, known) = pipelined(exists, known).await?;
        if exists {
            return Ok(None);
        }
        if channel.kind.is_fetched() && !chats::exists(tx, project, visitor_of(message)).await? {
            // Its person was erased, or it was too old: whoever has the token has nothing any more.
            return Ok(None);
        }
        if message.sender.ids.is_empty() {
            self.notice(tx, channel, "message without a sender", &message.raw).await?;
            return Ok(None);
        }
        let kind = message.content.kind();
        if known.is_empty() && !kind.is_speech() {
            let notice = NewNotice {
                channel: channel.id,
                external_id: Some(&message.external_id),
                kind: kind.as_str(),
                raw: &message.raw,
            };
            messages::insert_notice(tx, project, &notice, self.now).await?;
            return Ok(None);
        }
        let known = self.without_former_owners(tx, known, &message.sender.ids).await?;
        let is_first = !known.iter().any(|one| one.has_lead);
        let conversation = self.conversation_of(tx, channel, message, &known).await?;
        let Some(id) = self.insert_message(tx, channel, &conversation, message).await? else { return Ok(None) };
        self.note_medium(tx, channel, &message.content, (conversation.id, id)).await?;
        if channel.kind.is_fetched() {
            let numbered = (conversation.id, id);
            let is_there = chats::number_posted(tx, project, visitor_of(message), numbered, self.now).await?;
            ensure!(is_there, "the chat went while its message was stored");
        }
        self.note_referral(tx, project, message, (conversation.id, id)).await?;
        if let Content::Revoke { external_id } = &message.content {
            messages::revoke(tx, project, channel.id, conversation.id, external_id, self.now).await?;
        }
        if kind.is_speech() {
            let linked =
                link_session(tx, &self.core, &conversation, &channel.external_id, &message.references, self.now)
                    .await?;
            if linked == Linked::Now {
                self.count_anew(project, conversation.id);
            } else if is_first {
                let reference = Box::pin(said(tx, channel, message, linked)).await?;
                leads::note_reference(tx, project, conversation.id, reference).await?;
            }
            // A turn that would come without a message is no burst yet.
            let began = conversation.burst_started_at.map_or(self.now, |began| began.min(self.now));
            let due_at = (self.now + channel.kind.burst_pause()).min(began + BURST_MAX);
            turns::call_agent(tx, project, conversation.id, began, due_at).await?;
        }
        Ok((kind.is_speech() && conversation.is_agents && !channel.kind.is_fetched()).then(|| typing(message)))
    }

    /// Stores what the platform tells of the ad that a message came by.
    async fn note_referral(
        &self,
        tx: &Tx,
        project: ProjectId,
        message: &InboundMessage,
        (conversation, id): (ConversationId, MessageId),
    ) -> anyhow::Result<()> {
        let Some(referral) = &message.referral else { return Ok(()) };
        let referral = NewReferral {
            conversation,
            message: id,
            ad_click_id: referral.ad_click_id.as_deref(),
            raw: &referral.raw,
            seen_at: message.sent_at.unwrap_or(self.now),
        };
        conversations::insert_referral(tx, project, &referral).await?;
        self.count_anew(project, conversation);
        Ok(())
    }

    /// Notes that what a message brought besides words is to be fetched.
    pub(super) async fn note_medium(
        &self,
        tx: &Tx,
        channel: &Channel,
        content: &Content,
        (conversation, id): (ConversationId, MessageId),
    ) -> anyhow::Result<()> {
        let Content::Media { id: Some(external_id), filename, sha256, .. } = content else { return Ok(()) };
        let medium = NewMedium {
            message: id,
            channel: channel.id,
            conversation,
            external_id,
            sha256: sha256.as_deref(),
            filename: filename.as_deref(),
        };
        media::insert(tx, channel.project, &medium, self.now).await?;
        Ok(())
    }

    /// Stores the message itself; `None` where it is stored already.
    async fn insert_message(
        &self,
        tx: &Tx,
        channel: &Channel,
        conversation: &Conversation,
        message: &InboundMessage,
    ) -> anyhow::Result<Option<MessageId>> {
        let contact = message
            .own_contact()
            .map(|card| json!({"name": card.name, "phone": card.phone(), "email": card.emails.first()}).to_string());
        // The agent reads what is above the message that it has read last, whichever node stored that.
        let newest = conversation.newest_message.unwrap_or(MessageId(0));
        let id = self.core.row_keys.next_above(self.now, newest);
        let new = NewMessage {
            id,
            channel: channel.id,
            conversation: conversation.id,
            origin: Origin::Person,
            external_id: &message.external_id,
            original_id: message.content.original(),
            kind: message.content.kind(),
            text: message.text.as_deref(),
            contact: contact.as_deref(),
            answers: message.content.answers(),
            raw: &message.raw,
            sent_at: message.sent_at,
        };
        Ok(messages::insert(tx, channel.project, &new, self.now).await?.then_some(id))
    }

    /// The sender's conversation, started where there is none.
    async fn conversation_of(
        &self,
        tx: &Tx,
        channel: &Channel,
        message: &InboundMessage,
        known: &[Conversation],
    ) -> anyhow::Result<Conversation> {
        let (project, person, route) = (channel.project, &message.sender, &message.route);
        let needs_lead = message.content.kind().is_speech() || known.len() > 1;
        for without in known.iter().filter(|one| needs_lead && !one.has_lead) {
            // Only the business wrote so far.
            Box::pin(start_lead(tx, project, without.id, person, self.now)).await?;
            self.count_anew(project, without.id);
        }
        let told_at = message.sent_at.map_or(self.now, |sent_at| sent_at.min(self.now));
        let known = match known {
            [] => {
                let public_id = self.core.random.uuid().to_string();
                let new = NewConversation {
                    public_id: &public_id,
                    channel: channel.id,
                    person,
                    route,
                    agent_state: "{}",
                    told_at,
                };
                let conversation = conversations::insert(tx, project, &new, self.now).await?;
                Box::pin(start_lead(tx, project, conversation.id, person, self.now)).await?;
                self.count_anew(project, conversation.id);
                return Ok(conversation);
            }
            [one] => self.keep_past(tx, one, &person.ids).await?.clone(),
            // Boxed, as what is rare: the future of every message has room for it otherwise.
            [into, from, ..] => Box::pin(self.merge(tx, into, from)).await?,
        };
        Ok(conversations::learn(tx, project, known.id, (person, route), told_at).await?)
    }
}

/// The channel's id of the visitor who wrote a message in a chat on a page.
fn visitor_of(message: &InboundMessage) -> &str {
    message.sender.ids.external_user_id.as_deref().unwrap_or_default()
}

/// The ids of the people that an item is about.
fn ids_of(inbound: &Inbound) -> impl Iterator<Item = &str> {
    let (one, other) = match inbound {
        Inbound::Message(message) => (Some(&message.sender.ids), None),
        Inbound::Deleted(deleted) => (Some(&deleted.person), None),
        Inbound::Reach(reach) => (Some(&reach.person), None),
        Inbound::Preference(preference) => (Some(&preference.person), None),
        Inbound::Echo(echo) => (Some(&echo.to.ids), None),
        // It changes their conversation.
        Inbound::Status(status) if status.is_unwanted => (Some(&status.recipient), None),
        Inbound::IdChange(change) => (Some(&change.old), Some(&change.new.ids)),
        Inbound::Told(_)
        | Inbound::Past(_)
        | Inbound::Entry(_)
        | Inbound::Status(_)
        | Inbound::Account(_)
        | Inbound::Crowd(_)
        | Inbound::Gesture(_)
        | Inbound::Other { .. } => (None, None),
    };
    one.into_iter().chain(other).flat_map(|ids| ids.iter())
}

fn named<'a>(channel: &Channel, status: &'a StatusUpdate) -> NamedReply<'a> {
    NamedReply {
        project: channel.project,
        channel: channel.id,
        external_id: &status.external_id,
        reply_id: status.reply_id.as_deref(),
    }
}

/// What two items must not have in common to be stored concurrently: people, correlation ids, and ids of messages.
fn keys_of(inbound: &Inbound) -> Vec<Cow<'_, str>> {
    let mut keys: Vec<Cow<'_, str>> = ids_of(inbound).map(Cow::Borrowed).collect();
    match inbound {
        Inbound::Message(message) => {
            keys.push(Cow::Borrowed(&message.external_id));
            keys.extend(message.references.iter().map(|candidate| Cow::Borrowed(candidate.folded.as_str())));
        }
        Inbound::Echo(echo) => keys.push(Cow::Borrowed(&echo.external_id)),
        Inbound::Status(status) => {
            keys.push(Cow::Borrowed(&status.external_id));
            keys.extend(status.reply_id.as_deref().map(Cow::Borrowed));
        }
        Inbound::Deleted(deleted) => keys.push(Cow::Borrowed(&deleted.external_id)),
        Inbound::Reach(reach) => keys.push(Cow::Borrowed(&reach.external_id)),
        Inbound::Account(update) => {
            keys.extend([Cow::Borrowed(update.external_id.as_str()), Cow::Borrowed(update.account.as_str())]);
        }
        Inbound::Crowd(crowd) => keys.push(Cow::Borrowed(&crowd.group)),
        Inbound::Other { external_id, .. } => keys.extend(external_id.as_deref().map(Cow::Borrowed)),
        // What begins and what ends stay in order.
        Inbound::Told(told) => keys.push(Cow::Borrowed(&told.kind)),
        Inbound::Past(past) => keys.push(Cow::Borrowed(&past.external_id)),
        Inbound::Entry(entry) => keys.push(Cow::Borrowed(&entry.person)),
        Inbound::IdChange(_) | Inbound::Gesture(_) | Inbound::Preference(_) => {}
    }
    keys
}
