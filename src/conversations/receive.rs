//! Stores what a chat platform brings: messages, statuses, and what is neither. The platform is answered after the commit.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures_util::future::try_join_all;
use serde_json::json;

use super::Conversations;
use crate::channels::whatsapp::parse::Inbound;
use crate::channels::whatsapp::{Content, IdChange, InboundMessage, PlatformError, Status, StatusUpdate};
use crate::clicks::replay::replay;
use crate::conversations::independent_sets::strands;
use crate::conversations::link_click::link_session;
use crate::conversations::merge::merge;
use crate::conversations::open_channel::OpenChannel;
use crate::db::{Batch, Error, Tx};
use crate::domain::correlation::find_references;
use crate::domain::ids::ProjectId;
use crate::domain::phone::PhoneNumber;
use crate::domain::random::Random;
use crate::domain::time::{Clock, SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::channels::{self, Channel};
use crate::store::conversations::{self, Conversation, NewConversation};
use crate::store::leads;
use crate::store::messages::{self, Named, NewMessage};

/// How long a call of a platform waits for clicks that are stored late.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the agent waits for the next message of a burst.
const BURST_PAUSE: SignedDuration = SignedDuration::from_millis(1_000);
/// How long a burst may hold the agent up.
const BURST_MAX: SignedDuration = SignedDuration::from_secs(5);

/// All that one call of a platform brought.
pub struct Received {
    channel: Arc<Channel>,
    inbound: Arc<Vec<Inbound>>,
}

/// Stores what calls of platforms bring, many in one transaction.
pub struct StoreMessages {
    /// Where ids come from.
    pub random: Random,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Batch for StoreMessages {
    type Item = Received;
    type Output = ();

    fn size(received: &Received) -> usize {
        received.inbound.len()
    }

    async fn write(&self, tx: &Tx, received: &[Received]) -> anyhow::Result<Vec<()>> {
        let items = received.iter().flat_map(|one| one.inbound.iter().map(|inbound| (one.channel.clone(), inbound)));
        InboundBatch { now: self.clock.now(), random: self.random.clone() }.store(tx, items).await?;
        Ok(vec![(); received.len()])
    }
}

/// Stores all that one call of the platform brought. One that cannot be stored harms no other.
pub async fn receive_whatsapp(
    engine: &Conversations,
    channel: &OpenChannel,
    inbound: Vec<Inbound>,
) -> anyhow::Result<()> {
    let (channel, inbound) = (channel.row.clone(), Arc::new(inbound));
    know_all_references(engine).await?;
    match engine.inbound.write(Received { channel: channel.clone(), inbound: inbound.clone() }).await {
        Ok(()) => {}
        Err(error) if Error::is_unavailable(&error) => return Err(error),
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "a batch holds something that cannot be stored: one by one now");
            store_one_by_one(engine, &channel, &inbound).await?;
        }
    }
    engine.core.notifier.notify(Work::Turns);
    engine.core.notifier.notify(Work::Deliveries);
    Ok(())
}

/// A reference that was given while the database was away has to be stored before a message brings it. Where that takes long
/// the platform calls again.
async fn know_all_references(engine: &Conversations) -> anyhow::Result<()> {
    let late = || Error::Unavailable(anyhow!("clicks that were kept aside are not stored within {REPLAY_TIMEOUT:?}"));
    match tokio::time::timeout(REPLAY_TIMEOUT, replay(&engine.clicks)).await.unwrap_or_else(|_| Err(late().into())) {
        Err(error) if Error::is_unavailable(&error) => Err(error),
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "clicks that were kept aside cannot be stored");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

async fn store_one_by_one(engine: &Conversations, channel: &Arc<Channel>, inbound: &[Inbound]) -> anyhow::Result<()> {
    let now = engine.core.clock.now();
    for one in inbound {
        let alone = Received { channel: channel.clone(), inbound: Arc::new(vec![one.clone()]) };
        let Err(error) = engine.inbound.write(alone).await else { continue };
        if Error::is_unavailable(&error) {
            return Err(error);
        }
        tracing::error!(error = %format!("{error:#}"), "kept as a notice");
        let (channel, raw) = (channel.id, raw_of(one).to_owned());
        engine
            .core
            .db
            .write(async move |tx| Ok(messages::insert_notice(tx, channel, "unreadable", &raw, now).await?))
            .await?;
    }
    Ok(())
}

/// What all items of a group share.
struct InboundBatch {
    now: Timestamp,
    random: Random,
}

impl InboundBatch {
    /// Stores items side by side, but for those of one person or with one reference: these in their order.
    async fn store(&self, tx: &Tx, items: impl Iterator<Item = (Arc<Channel>, &Inbound)>) -> anyhow::Result<()> {
        let mut told = Vec::new();
        for (channel, inbound) in items {
            told.push((channel_of(tx, channel, inbound).await?, inbound));
        }
        let people = told.iter().flat_map(|(channel, inbound)| ids_of(inbound).map(|id| (channel.id, id)));
        let replies = told.iter().filter_map(|(channel, inbound)| named(channel, inbound));
        let (people, replies) = (people.collect::<Vec<_>>(), replies.collect::<Vec<_>>());
        let (people, replies) =
            tokio::join!(biased; conversations::lock_people(tx, &people), messages::lock(tx, &replies));
        people.and(replies)?;
        let strands = strands(told.iter().map(|(_, inbound)| keys_of(inbound)));
        let strands = strands.into_iter().map(async |strand| {
            for at in strand {
                let (channel, inbound) = &told[at];
                self.store_one(tx, channel, inbound).await?;
            }
            anyhow::Ok(())
        });
        try_join_all(strands).await.map(drop)
    }

    async fn store_one(&self, tx: &Tx, channel: &Channel, inbound: &Inbound) -> anyhow::Result<()> {
        match inbound {
            Inbound::Message(message) => self.store_message(tx, channel, message).await,
            Inbound::Status(status) => self.store_status(tx, channel, status).await,
            Inbound::Other { field, raw } => {
                messages::insert_notice(tx, channel.id, field, raw, self.now).await?;
                Ok(())
            }
        }
    }

    async fn store_message(&self, tx: &Tx, channel: &Channel, message: &InboundMessage) -> anyhow::Result<()> {
        let exists = messages::exists(tx, channel.id, &message.platform_id);
        if let Content::IdChange(change) = &message.content {
            return if exists.await? { Ok(()) } else { self.change_ids(tx, channel, change, &message.raw).await };
        }
        let (wa_id, user_id) = (message.wa_id.as_deref(), message.user_id.as_deref());
        let known = conversations::of_person(tx, channel.id, wa_id, user_id);
        let (exists, known) = tokio::join!(biased; exists, known);
        if exists? {
            return Ok(());
        }
        let Some(conversation) = self.conversation_of(tx, channel, message, &known?).await? else {
            messages::insert_notice(tx, channel.id, "message without a sender", &message.raw, self.now).await?;
            return Ok(());
        };
        let contact = message.own_contact().map(|card| {
            let phone = card.phones.first().and_then(|phone| phone.wa_id.as_ref().or(phone.phone.as_ref()));
            json!({"name": card.name, "phone": phone}).to_string()
        });
        let new = NewMessage {
            channel: channel.id,
            conversation: conversation.id,
            platform_id: &message.platform_id,
            kind: &message.kind,
            text: message.text.as_deref(),
            contact: contact.as_deref(),
            raw: &message.raw,
            sent_at: message.sent_at,
        };
        let Some(id) = messages::insert(tx, channel.project, &new, self.now).await? else { return Ok(()) };
        if let Some(referral) = &message.referral {
            let seen_at = message.sent_at.unwrap_or(self.now);
            let clid = referral.ctwa_clid.as_deref();
            conversations::insert_referral(tx, channel.project, conversation.id, id, clid, &referral.raw, seen_at)
                .await?;
        }
        if let Some(text) = &message.text {
            link_session(tx, &self.random, &conversation, &channel.channel_id, text, self.now).await?;
        }
        if !matches!(message.content, Content::Reaction { .. }) {
            self.call_agent(tx, &conversation).await?;
        }
        Ok(())
    }

    async fn call_agent(&self, tx: &Tx, conversation: &Conversation) -> anyhow::Result<()> {
        let began = conversation.burst_started_at.unwrap_or(self.now);
        let due_at = (self.now + BURST_PAUSE).min(began + BURST_MAX);
        conversations::call_agent(tx, conversation.id, began, due_at).await?;
        Ok(())
    }

    /// The sender's conversation, made where there is none; `None` for a message that tells no sender.
    async fn conversation_of(
        &self,
        tx: &Tx,
        channel: &Channel,
        message: &InboundMessage,
        known: &[Conversation],
    ) -> anyhow::Result<Option<Conversation>> {
        let (wa_id, user_id) = (message.wa_id.as_deref(), message.user_id.as_deref());
        if wa_id.or(user_id).is_none() {
            return Ok(None);
        }
        let phone = wa_id.and_then(|id| PhoneNumber::from_wa_id(id).ok());
        let phone = phone.as_ref().map(PhoneNumber::as_e164);
        let name = message.profile_name.as_deref();
        let known = match known {
            [] => return Ok(Some(self.start(tx, channel.project, channel.id, wa_id, user_id, name, phone).await?)),
            [one] => one.clone(),
            [into, from, ..] => merge(tx, into, from, self.now).await?,
        };
        Ok(Some(conversations::learn(tx, known.id, wa_id, user_id, name, phone).await?))
    }

    #[expect(clippy::too_many_arguments, reason = "the row's columns, handed on once")]
    async fn start(
        &self,
        tx: &Tx,
        project: ProjectId,
        channel: i64,
        wa_id: Option<&str>,
        user_id: Option<&str>,
        profile_name: Option<&str>,
        phone: Option<&str>,
    ) -> anyhow::Result<Conversation> {
        let public_id = self.random.uuid().to_string();
        let new = NewConversation { public_id: &public_id, channel, wa_id, user_id, profile_name, phone };
        let conversation = conversations::insert(tx, project, &new, self.now).await?;
        leads::insert(tx, project, conversation.id, self.now).await?;
        Ok(conversation)
    }

    /// A person goes on under other ids. A person who never wrote is no conversation: the notice is kept.
    async fn change_ids(&self, tx: &Tx, channel: &Channel, change: &IdChange, raw: &str) -> anyhow::Result<()> {
        messages::insert_notice(tx, channel.id, "id change", raw, self.now).await?;
        let (old_wa_id, old_user_id) = (change.old_wa_id.as_deref(), change.old_user_id.as_deref());
        let known = conversations::of_person(tx, channel.id, old_wa_id, old_user_id).await?;
        let Some(conversation) = known.first() else { return Ok(()) };
        let (wa_id, user_id) = (change.new_wa_id.as_deref(), change.new_user_id.as_deref());
        let others = conversations::of_person(tx, channel.id, wa_id, user_id).await?;
        if others.iter().any(|other| other.id != conversation.id) {
            tracing::warn!(
                conversation = conversation.id,
                "a person's new id is another conversation's: left as it is"
            );
            return Ok(());
        }
        let phone = wa_id.and_then(|id| PhoneNumber::from_wa_id(id).ok());
        let phone = phone.as_ref().map(PhoneNumber::as_e164);
        conversations::change_ids(tx, conversation.id, wa_id, user_id, phone).await?;
        Ok(())
    }

    async fn store_status(&self, tx: &Tx, channel: &Channel, status: &StatusUpdate) -> anyhow::Result<()> {
        if let Status::Other(_) = status.status {
            messages::insert_notice(tx, channel.id, "status", &status.raw, self.now).await?;
            return Ok(());
        }
        let problem = status.errors.first().map(PlatformError::why);
        let (reply_id, word) = (status.reply_id.as_deref(), status.status.as_str());
        messages::advance_status(tx, channel.id, &status.platform_id, reply_id, word, problem.as_deref()).await?;
        Ok(())
    }
}

/// One app can serve several numbers over one webhook: an item tells which, if it is the project's.
async fn channel_of(tx: &Tx, called: Arc<Channel>, inbound: &Inbound) -> anyhow::Result<Arc<Channel>> {
    let phone_number_id = match inbound {
        Inbound::Message(message) => message.phone_number_id.as_deref(),
        Inbound::Status(status) => status.phone_number_id.as_deref(),
        Inbound::Other { .. } => None,
    };
    if let Some(id) = phone_number_id
        && id != called.channel_id
        && let Some(other) = channels::find(tx, &called.kind, id).await?
        && other.project == called.project
    {
        return Ok(Arc::new(other));
    }
    Ok(called)
}

/// The ids of the people that an item is about.
fn ids_of(inbound: &Inbound) -> impl Iterator<Item = &str> {
    let ids = match inbound {
        Inbound::Message(message) => {
            let change = match &message.content {
                Content::IdChange(change) => {
                    [&change.old_wa_id, &change.old_user_id, &change.new_wa_id, &change.new_user_id]
                        .map(Option::as_deref)
                }
                _ => [None; 4],
            };
            let [old_wa_id, old_user_id, new_wa_id, new_user_id] = change;
            [message.wa_id.as_deref(), message.user_id.as_deref(), old_wa_id, old_user_id, new_wa_id, new_user_id]
        }
        Inbound::Status(_) | Inbound::Other { .. } => [None; 6],
    };
    ids.into_iter().flatten()
}

/// The reply whose status is told.
fn named<'a>(channel: &Channel, inbound: &'a Inbound) -> Option<Named<'a>> {
    match inbound {
        Inbound::Status(status) => {
            Some(Named { channel: channel.id, platform_id: &status.platform_id, reply_id: status.reply_id.as_deref() })
        }
        Inbound::Message(_) | Inbound::Other { .. } => None,
    }
}

/// What two items must not have in common to be stored side by side: people, references, and the platform's own ids.
fn keys_of(inbound: &Inbound) -> Vec<Cow<'_, str>> {
    let mut keys: Vec<Cow<'_, str>> = ids_of(inbound).map(Cow::Borrowed).collect();
    match inbound {
        Inbound::Message(message) => {
            keys.push(Cow::Borrowed(&message.platform_id));
            let references = message.text.as_deref().map(find_references).unwrap_or_default();
            keys.extend(references.into_iter().map(|reference| Cow::Owned(reference.folded)));
        }
        Inbound::Status(status) => {
            keys.push(Cow::Borrowed(&status.platform_id));
            keys.extend(status.reply_id.as_deref().map(Cow::Borrowed));
        }
        Inbound::Other { .. } => {}
    }
    keys
}

fn raw_of(inbound: &Inbound) -> &str {
    match inbound {
        Inbound::Message(message) => &message.raw,
        Inbound::Status(status) => &status.raw,
        Inbound::Other { raw, .. } => raw,
    }
}
