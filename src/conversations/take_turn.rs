//! The agent takes its turn in a conversation: reads the burst, keeps what it learned, queues one reply, tells the webhooks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::Conversations;
use crate::agent::{self, Input, Known, Message, Outcome};
use crate::core::Core;
use crate::db::{Batch, Tx};
use crate::deliveries::emit::{emit_all, event_id};
use crate::domain::event::{CompleteData, CreatedLead, Event};
use crate::domain::form::{EMAIL, Form, NAME, PHONE};
use crate::domain::ids::{ProjectId, SessionId};
use crate::domain::phone::{PhoneNumber, Region};
use crate::domain::random::Random;
use crate::domain::time::{Clock, Timestamp};
use crate::notifier::Work;
use crate::store::channels::{self, Channel};
use crate::store::conversations::{self, Answered, Conversation};
use crate::store::leads::{self, Lead};
use crate::store::messages::{self, NewReply, Unread};
use crate::store::projects::{self, Project};
use crate::store::{sessions, widgets};

/// Messages of one turn; what is left is the next one's.
const MESSAGES_MAX: u32 = 50;

/// Claims conversations that wait for the agent.
pub async fn claim_turns(core: &Core, most: u32) -> anyhow::Result<Vec<i64>> {
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    core.db.write(async move |tx| Ok(tx.last(conversations::claim(tx, now, lease_until, most)).await?)).await
}

/// When the next conversation falls due that is not due now.
pub async fn next_turn_due(core: &Core) -> anyhow::Result<Option<Timestamp>> {
    let now = core.clock.now();
    core.db.read(async move |conn| Ok(conversations::next_due(conn, now).await?)).await
}

/// Takes the turns of conversations that were claimed, many in one transaction, because the built-in agent needs no network.
pub struct TakeTurns {
    /// Where ids come from.
    pub random: Random,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Batch for TakeTurns {
    /// Row key of the conversation.
    type Item = i64;
    /// Whether it was free: else somebody stores something of it, and it is to be waited for.
    type Output = bool;

    /// Nobody waits for a turn; one that is given up comes again when its lease runs out.
    const TIMEOUT: Duration = Duration::from_secs(10);

    async fn write(&self, tx: &Tx, conversations: &[i64]) -> anyhow::Result<Vec<bool>> {
        let free = conversations::lock_free(tx, conversations).await?;
        let taken: HashSet<i64> = free.iter().map(|conversation| conversation.id).collect();
        take_all(tx, free, &self.random, self.clock.now()).await?;
        Ok(conversations.iter().map(|conversation| taken.contains(conversation)).collect())
    }
}

/// Takes the turn of a conversation that was claimed.
pub async fn take_turn(engine: &Conversations, conversation: i64) -> anyhow::Result<()> {
    // Not in the transaction: others would wait for it.
    static WARM: OnceCell<()> = OnceCell::const_new();
    WARM.get_or_try_init(|| tokio::task::spawn_blocking(agent::warm_up)).await.context("warming the agent up")?;
    let core = &engine.core;
    if !engine.turns.write(conversation).await? {
        let (now, random) = (core.clock.now(), core.random.clone());
        let wait = async move |tx: &Tx| {
            let conversation = conversations::lock(tx, conversation).await?;
            take_all(tx, conversation.into_iter().collect(), &random, now).await
        };
        core.db.write(wait).await?;
    }
    core.notifier.notify(Work::Replies);
    core.notifier.notify(Work::Deliveries);
    Ok(())
}

/// Takes the turns of conversations that are locked: reads all, hears all, stores all.
async fn take_all(tx: &Tx, conversations: Vec<Conversation>, random: &Random, now: Timestamp) -> anyhow::Result<()> {
    let scenes = Scene::set(tx, conversations).await?;
    let played = scenes.into_iter().map(|scene| scene.play(random, now)).collect::<anyhow::Result<Vec<_>>>()?;
    let told = played.iter().flat_map(|one| one.events.iter().map(|event| (one.conversation.project, event)));
    emit_all(tx, &told.collect::<Vec<_>>()).await?;
    let leads: Vec<_> = played.iter().map(|one| (one.conversation.project, &one.lead)).collect();
    let replies: Vec<_> = played.iter().filter_map(Played::reply).collect();
    let answered: Vec<_> = played.iter().map(|one| one.answered(now)).collect();
    let stored = async {
        let (lead, reply, answered) = tokio::join!(
            biased;
            leads::update(tx, &leads, now),
            messages::insert_replies(tx, &replies, now),
            conversations::answered(tx, &answered)
        );
        lead.and(reply).and(answered)
    };
    tx.last(stored).await?;
    Ok(())
}

/// All that a turn is about.
struct Scene {
    conversation: Conversation,
    setting: Arc<Setting>,
    lead: Lead,
    /// The reference of the lead's session.
    correlation_id: Option<String>,
    unread: Vec<Unread>,
}

/// What the conversations of a channel share.
struct Setting {
    channel: Channel,
    project: Project,
    form: Form,
    greeting: Option<String>,
}

impl Setting {
    async fn of_channel(tx: &Tx, project: ProjectId, channel: i64) -> anyhow::Result<Self> {
        let (project, channel, greetings) = tokio::join!(
            biased;
            projects::get(tx, project),
            channels::get(tx, channel),
            widgets::greetings_of_channel(tx, channel, 1)
        );
        let project = project?;
        let form = match &project.form {
            Some(form) => Form::parse(form).context("reading the project's form")?,
            None => Form::default_form(),
        };
        Ok(Self { channel: channel?, greeting: greetings?.pop(), project, form })
    }
}

/// What a turn comes to.
struct Played {
    conversation: Conversation,
    lead: Lead,
    /// What the webhooks are told.
    events: Vec<Event>,
    /// With its id, a UUID.
    reply: Option<(String, String)>,
    agent_state: String,
    answered_up_to: i64,
    /// There may be more to answer.
    goes_on: bool,
}

impl Played {
    fn reply(&self) -> Option<NewReply<'_>> {
        let (reply_id, text) = self.reply.as_ref()?;
        let Conversation { id, project, channel, .. } = self.conversation;
        Some(NewReply { project, channel, conversation: id, reply_id, text })
    }

    fn answered(&self, now: Timestamp) -> Answered<'_> {
        Answered {
            conversation: self.conversation.id,
            agent_state: &self.agent_state,
            answered_up_to: self.answered_up_to,
            goes_on_at: self.goes_on.then_some(now),
        }
    }
}

impl Scene {
    async fn set(tx: &Tx, conversations: Vec<Conversation>) -> anyhow::Result<Vec<Self>> {
        let channels: HashSet<_> = conversations.iter().map(|one| (one.project, one.channel)).collect();
        let settings = channels.into_iter().map(async |(project, channel)| {
            anyhow::Ok((channel, Arc::new(Setting::of_channel(tx, project, channel).await?)))
        });
        let keys: Vec<_> = conversations.iter().map(|one| (one.project, one.id)).collect();
        let after: Vec<_> = conversations.iter().map(|one| (one.id, one.answered_up_to)).collect();
        let (leads, messages, settings) = tokio::join!(
            biased;
            leads::of_conversations(tx, &keys),
            messages::unread(tx, &after, MESSAGES_MAX),
            try_join_all(settings)
        );
        let mut leads: HashMap<i64, Lead> = leads?.into_iter().collect();
        let settings: HashMap<i64, Arc<Setting>> = settings?.into_iter().collect();
        let mut unread: HashMap<i64, Vec<Unread>> = HashMap::new();
        for (conversation, message) in messages? {
            unread.entry(conversation).or_default().push(message);
        }
        let references = references(tx, &conversations, &leads).await?;
        let scenes = conversations.into_iter().map(|conversation| {
            let lead = leads.remove(&conversation.id).context("a conversation without a lead")?;
            Ok(Self {
                setting: settings[&conversation.channel].clone(),
                correlation_id: lead.session_id.and_then(|session| references.get(&session).cloned()),
                unread: unread.remove(&conversation.id).unwrap_or_default(),
                lead,
                conversation,
            })
        });
        scenes.collect()
    }

    fn play(mut self, random: &Random, now: Timestamp) -> anyhow::Result<Played> {
        let Setting { project, form, greeting, .. } = &*self.setting;
        let mut known: BTreeMap<String, Known> =
            serde_json::from_str(&self.lead.fields).context("reading a lead's fields")?;
        let channel_phone = self.conversation.phone.as_deref().and_then(|phone| PhoneNumber::from_e164(phone).ok());
        let messages: Vec<Message> = self.unread.iter().map(as_said).collect();
        let turn = agent::turn(&Input {
            form,
            known: &known,
            channel_phone: channel_phone.as_ref(),
            state: &serde_json::from_str(&self.conversation.agent_state).context("reading the agent's state")?,
            messages: &messages,
            region: Region::parse(&project.region)?,
            timezone: &jiff::tz::TimeZone::get(&project.time_zone)?,
            now,
            prefilled_greeting: greeting.as_deref(),
        });
        for taken in &turn.changes {
            known.insert(taken.key.clone(), Known { value: taken.value.clone(), words: taken.words.clone() });
        }
        if let Some(phone) = &channel_phone {
            let phone = phone.as_e164().to_owned();
            known.entry(PHONE.to_owned()).or_insert_with(|| Known { value: phone.clone(), words: phone });
        }
        self.lead.fields = serde_json::to_string(&known)?;
        self.lead.intent = turn.intent.clone().or(self.lead.intent.take());
        let events = self.events(&known, turn.outcome, random, now);
        Ok(Played {
            events,
            reply: turn.reply.map(|text| (random.uuid().to_string(), text)),
            agent_state: serde_json::to_string(&turn.state)?,
            answered_up_to: self.unread.last().map_or(self.conversation.answered_up_to, |message| message.id),
            goes_on: self.unread.len() == MESSAGES_MAX as usize,
            conversation: self.conversation,
            lead: self.lead,
        })
    }

    /// `lead.created` with the first contact detail, `lead.complete` when all that is required is there. Each once.
    fn events(
        &mut self,
        known: &BTreeMap<String, Known>,
        outcome: Outcome,
        random: &Random,
        now: Timestamp,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let value = |key: &str| known.get(key).map(|known| known.value.as_str());
        let has_contact = [NAME, EMAIL, PHONE].into_iter().any(|key| known.contains_key(key));
        if has_contact && self.lead.contacted_at.is_none() {
            self.lead.contacted_at = Some(now);
            let lead = CreatedLead {
                name: value(NAME),
                phone: value(PHONE),
                email: value(EMAIL),
                message: self.lead.intent.as_deref(),
                channel: &self.setting.channel.kind,
                conversation_id: &self.conversation.public_id,
            };
            let (id, conversation) = (event_id(random, now), self.conversation.id);
            events.push(Event::lead_created(id, &self.setting.project.public_id, conversation, lead, now));
        }
        if outcome == Outcome::Completed && self.lead.completed_at.is_none() {
            self.lead.completed_at = Some(now);
            self.lead.status = "complete".to_owned();
            let data = CompleteData {
                correlation_id: self.correlation_id.as_deref(),
                conversation_id: self.conversation.id,
                lead_status: "complete",
                lead_data: &lead_data(known, self.lead.intent.as_deref()),
            };
            events.push(Event::lead_complete(event_id(random, now), &data, now));
        }
        events
    }
}

/// The references of the sessions of those leads that are not complete yet.
async fn references(
    tx: &Tx,
    conversations: &[Conversation],
    leads: &HashMap<i64, Lead>,
) -> anyhow::Result<HashMap<i64, String>> {
    let open = conversations.iter().filter_map(|conversation| {
        let lead = leads.get(&conversation.id).filter(|lead| lead.completed_at.is_none())?;
        Some((conversation.project, SessionId(lead.session_id?)))
    });
    let open: Vec<_> = open.collect();
    Ok(sessions::correlation_ids(tx, &open).await?.into_iter().map(|(session, id)| (session.0, id)).collect())
}

/// name, email, phone, company and intent, known or not, then the form's own fields that are known.
fn lead_data(known: &BTreeMap<String, Known>, intent: Option<&str>) -> Map<String, Value> {
    let value = |key: &str| known.get(key).map_or(Value::Null, |known| Value::from(known.value.as_str()));
    let mut data: Map<String, Value> =
        [NAME, EMAIL, PHONE, "company"].into_iter().map(|key| (key.to_owned(), value(key))).collect();
    data.insert("intent".to_owned(), intent.map_or(Value::Null, Value::from));
    for key in known.keys() {
        data.entry(key.clone()).or_insert_with(|| value(key));
    }
    data
}

/// The sender's own card, as it is stored.
#[derive(Deserialize)]
struct Card {
    name: Option<String>,
    phone: Option<String>,
}

/// A stored message as the agent hears it.
fn as_said(message: &Unread) -> Message {
    if let Some(card) = message.contact.as_deref().and_then(|card| serde_json::from_str::<Card>(card).ok()) {
        return Message::Contact { name: card.name, phone: card.phone, email: None };
    }
    match (&message.text, message.kind.as_str()) {
        (Some(text), "button" | "interactive") => Message::Button(text.clone()),
        // The words on somebody else's card are not the person's.
        (Some(text), kind) if kind != "contacts" => Message::Text(text.clone()),
        _ => Message::Other,
    }
}
