//! The agent takes its turn in a conversation: reads the burst, keeps what it learned, queues one reply, tells the webhooks.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::agent::{self, Input, Known, Message, Outcome};
use crate::app::App;
use crate::db::Tx;
use crate::domain::event::{CompleteData, CreatedLead, Event};
use crate::domain::form::{EMAIL, Form, NAME, PHONE};
use crate::domain::phone::{PhoneNumber, Region};
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::flows::emit_event::{emit, event_id};
use crate::store::channels::{self, Channel};
use crate::store::conversations::{self, Conversation};
use crate::store::leads::{self, Lead};
use crate::store::messages::{self, Unread};
use crate::store::projects::{self, Project};
use crate::store::{sessions, widgets};
use crate::wake::Work;

/// Messages of one turn; what is left is the next one's.
const MESSAGES_MAX: u32 = 50;

/// Claims conversations that wait for the agent.
pub async fn claim_turns(app: &App, most: u32) -> anyhow::Result<Vec<i64>> {
    let now = app.clock.now();
    let lease_until = now + app.config.lease;
    app.db.write(async move |tx| Ok(tx.last(conversations::claim(tx, now, lease_until, most)).await?)).await
}

/// When the next conversation falls due that is not due now.
pub async fn next_turn_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    app.db.read(async move |conn| Ok(conversations::next_due(conn, now).await?)).await
}

/// Takes the turn: one transaction, because the built-in agent needs no network.
pub async fn take_turn(app: &App, conversation: i64) -> anyhow::Result<()> {
    // Not in the transaction: others would wait for it.
    static WARM: OnceCell<()> = OnceCell::const_new();
    WARM.get_or_try_init(|| tokio::task::spawn_blocking(agent::warm_up)).await.context("warming the agent up")?;
    let (now, random) = (app.clock.now(), app.random.clone());
    app.db
        .write(async move |tx| {
            let conversation = conversations::get_for_update(tx, conversation).await?;
            let (id, answered_up_to) = (conversation.id, conversation.answered_up_to);
            let (scene, unread) = tokio::join!(
                biased;
                Scene::set(tx, conversation),
                messages::unread(tx, id, answered_up_to, MESSAGES_MAX)
            );
            let (scene, unread) = (scene?, unread?);
            scene.play(tx, &unread, &random, now).await
        })
        .await?;
    app.wake.ring(Work::Replies);
    app.wake.ring(Work::Deliveries);
    Ok(())
}

/// All that a turn is about.
struct Scene {
    conversation: Conversation,
    channel: Channel,
    project: Project,
    lead: Lead,
    form: Form,
    greeting: Option<String>,
}

impl Scene {
    async fn set(tx: &Tx, conversation: Conversation) -> anyhow::Result<Self> {
        let (project, channel, lead, greetings) = tokio::join!(
            biased;
            projects::get(tx, conversation.project),
            channels::get(tx, conversation.channel),
            leads::of_conversation(tx, conversation.project, conversation.id),
            widgets::greetings_of_channel(tx, conversation.channel, 1)
        );
        let project = project?;
        let form = match &project.form {
            Some(form) => Form::parse(form).context("reading the project's form")?,
            None => Form::default_form(),
        };
        Ok(Self { channel: channel?, lead: lead?, greeting: greetings?.pop(), project, conversation, form })
    }

    async fn play(mut self, tx: &Tx, unread: &[Unread], random: &Random, now: Timestamp) -> anyhow::Result<()> {
        let mut known: BTreeMap<String, Known> =
            serde_json::from_str(&self.lead.fields).context("reading a lead's fields")?;
        let channel_phone = self.conversation.phone.as_deref().and_then(|phone| PhoneNumber::from_e164(phone).ok());
        let messages: Vec<Message> = unread.iter().map(as_said).collect();
        let turn = agent::turn(&Input {
            form: &self.form,
            known: &known,
            channel_phone: channel_phone.as_ref(),
            state: &serde_json::from_str(&self.conversation.agent_state).context("reading the agent's state")?,
            messages: &messages,
            region: Region::parse(&self.project.region)?,
            timezone: &jiff::tz::TimeZone::get(&self.project.time_zone)?,
            now,
            prefilled_greeting: self.greeting.as_deref(),
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
        self.tell(tx, &known, turn.outcome, random, now).await?;
        let (project, conversation) = (self.conversation.project, self.conversation.id);
        let reply_id = random.uuid().to_string();
        let reply = async {
            match &turn.reply {
                Some(reply) => {
                    messages::insert_reply(tx, project, self.channel.id, conversation, &reply_id, reply, now).await
                }
                None => Ok(0),
            }
        };
        let answered_up_to = unread.last().map_or(self.conversation.answered_up_to, |message| message.id);
        let state = serde_json::to_string(&turn.state)?;
        let rest = async {
            if unread.len() == MESSAGES_MAX as usize {
                return conversations::call_agent(tx, conversation, now, now).await;
            }
            Ok(0)
        };
        let all = async {
            let (lead, reply, answered, rest) = tokio::join!(
                biased;
                leads::update(tx, project, &self.lead, now),
                reply,
                conversations::answered(tx, conversation, &state, answered_up_to),
                rest
            );
            lead.and(reply).and(answered).and(rest)
        };
        tx.last(all).await?;
        Ok(())
    }

    /// `lead.created` with the first contact detail, `lead.complete` when all that is required is there. Each once.
    async fn tell(
        &mut self,
        tx: &Tx,
        known: &BTreeMap<String, Known>,
        outcome: Outcome,
        random: &Random,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let project = self.conversation.project;
        let value = |key: &str| known.get(key).map(|known| known.value.as_str());
        let has_contact = [NAME, EMAIL, PHONE].into_iter().any(|key| known.contains_key(key));
        if has_contact && self.lead.contacted_at.is_none() {
            self.lead.contacted_at = Some(now);
            let lead = CreatedLead {
                name: value(NAME),
                phone: value(PHONE),
                email: value(EMAIL),
                message: self.lead.intent.as_deref(),
                channel: &self.channel.kind,
                conversation_id: &self.conversation.public_id,
            };
            let (id, conversation) = (event_id(random, now), self.conversation.id);
            emit(tx, project, &Event::lead_created(id, &self.project.public_id, conversation, lead, now)).await?;
        }
        if outcome == Outcome::Completed && self.lead.completed_at.is_none() {
            self.lead.completed_at = Some(now);
            self.lead.status = "complete".to_owned();
            let correlation_id = match self.lead.session_id {
                Some(session) => sessions::correlation_id(tx, project, session).await?,
                None => None,
            };
            let data = CompleteData {
                correlation_id: correlation_id.as_deref(),
                conversation_id: self.conversation.id,
                lead_status: "complete",
                lead_data: &lead_data(known, self.lead.intent.as_deref()),
            };
            emit(tx, project, &Event::lead_complete(event_id(random, now), &data, now)).await?;
        }
        Ok(())
    }
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
