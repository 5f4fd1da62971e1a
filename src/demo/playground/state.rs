//! The playground's memory, within limits; all of it is gone with the process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use tokio::sync::{Semaphore, watch};

use super::LISTENER_PATH;
use super::feed::Feed;
use super::message::Message;
use crate::core::Core;
use crate::domain::form::{Field, Form};
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::phone::PhoneNumber;
use crate::domain::random::Random;
use crate::http::error::Result;
use crate::store::projects;

/// Replies whose ids are remembered, so that one that is sent twice is shown once.
const REPLIES_MAX: usize = 1_000;
/// Events whose attempts are counted.
const EVENTS_MAX: usize = 1_000;
/// Messages that wait for their blue ticks.
const UNREAD_MAX: usize = 100;
/// Replies whose statuses are reported concurrently.
const REPORTS_MAX: usize = 16;

/// The demo's Telegram bot.
#[derive(Clone, Debug)]
pub struct BotStage {
    /// Row key of its channel.
    pub channel: ChannelId,
    /// Its id at the simulated platform.
    pub id: String,
    /// Its username.
    pub username: String,
    /// The public id of the widget that opens it.
    pub widget_id: String,
}

/// The chat on the shop's own pages.
#[derive(Clone, Debug)]
pub struct ChatStage {
    /// Row key of its channel.
    pub channel: ChannelId,
    /// The public id of the widget that opens it.
    pub widget_id: String,
}

/// What the playground is made of: the rows of `aurix demo`, and where the server is.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The demo's project.
    pub project: ProjectId,
    /// What the business is called in the chat.
    pub business_name: String,
    /// The public id of the widget in the shop.
    pub widget_id: String,
    /// Row key of the WhatsApp channel.
    pub channel: ChannelId,
    /// The channel's id at the simulated platform.
    pub phone_number_id: String,
    /// The number of the business.
    pub number: PhoneNumber,
    /// The bot beside it.
    pub bot: BotStage,
    /// The chat on the pages of the shop.
    pub chat: ChatStage,
    /// The public id of the webhook that leads to the listener.
    pub webhook: String,
    /// How browsers reach the server; no slash at the end.
    pub base_url: String,
    /// How the server reaches itself, on loopback; no slash at the end.
    pub inside_url: String,
}

/// The playground's memory.
pub struct Playground {
    pub(super) stage: Stage,
    pub(super) feed: Feed,
    pub(super) reports: Arc<Semaphore>,
    memory: Mutex<Memory>,
}

/// What a new visitor starts without.
#[derive(Default)]
struct Memory {
    /// Reply id and the id that the simulated platform gave it, oldest first.
    replies: VecDeque<(String, String)>,
    /// Attempts seen of each event.
    attempts: HashMap<String, u32>,
    /// What people wrote and the business has not read.
    unread: VecDeque<Message>,
    /// The lead as it was shown last.
    lead: String,
}

impl Playground {
    /// A playground in which nothing has happened. Its streams end when `stopping` turns true.
    pub fn new(stage: Stage, random: &Random, stopping: watch::Receiver<bool>) -> Self {
        Self {
            stage,
            feed: Feed::new(random.token("", 8), stopping),
            reports: Arc::new(Semaphore::new(REPORTS_MAX)),
            memory: Mutex::default(),
        }
    }

    /// The `Host` under which browsers reach the server.
    pub(super) fn host(&self) -> Option<&str> {
        self.stage.base_url.split_once("://").and_then(|(_, rest)| rest.split('/').next())
    }

    /// The platform's id of a reply, and whether it is new: the same reply id gets the same one again.
    pub(super) fn take_reply(&self, reply_id: &str, new_id: impl FnOnce() -> String) -> (String, bool) {
        let mut memory = self.memory();
        if let Some((_, known)) = memory.replies.iter().find(|(known, _)| known == reply_id) {
            return (known.clone(), false);
        }
        let platform_id = new_id();
        push(&mut memory.replies, (reply_id.to_owned(), platform_id.clone()), REPLIES_MAX);
        (platform_id, true)
    }

    /// Counts an attempt of an event: 1 for the first.
    pub(super) fn count_attempt(&self, event_id: &str) -> u32 {
        let mut memory = self.memory();
        if memory.attempts.len() >= EVENTS_MAX && !memory.attempts.contains_key(event_id) {
            memory.attempts.clear();
        }
        let seen = memory.attempts.entry(event_id.to_owned()).or_default();
        *seen = seen.saturating_add(1);
        *seen
    }

    /// Remembers a person's message until it is read.
    pub(super) fn keep_unread(&self, message: Message) {
        push(&mut self.memory().unread, message, UNREAD_MAX);
    }

    /// What the person wrote that was unread.
    pub(super) fn take_unread(&self, person: &str) -> Vec<Message> {
        let mut memory = self.memory();
        let (read, unread) =
            std::mem::take(&mut memory.unread).into_iter().partition(|message| message.person == person);
        memory.unread = unread;
        Vec::from(read)
    }

    /// Whether the lead differs from the one shown last.
    pub(super) fn lead_changed(&self, lead: String) -> bool {
        let mut memory = self.memory();
        let changed = memory.lead != lead;
        memory.lead = lead;
        changed
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push<T>(kept: &mut VecDeque<T>, new: T, most: usize) {
    if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(new);
}

/// What the pages get once.
#[derive(Serialize)]
pub(super) struct Shown {
    widget_id: String,
    bot_widget_id: String,
    chat_widget_id: String,
    bot: String,
    number: String,
    business_name: String,
    listener_url: String,
    fields: Vec<Field>,
}

/// `GET /playground/state`
pub(super) async fn show(
    State(core): State<Core>,
    Extension(playground): Extension<Arc<Playground>>,
) -> Result<Json<Shown>> {
    let stage = &playground.stage;
    Ok(Json(Shown {
        widget_id: stage.widget_id.clone(),
        bot_widget_id: stage.bot.widget_id.clone(),
        chat_widget_id: stage.chat.widget_id.clone(),
        bot: stage.bot.username.clone(),
        number: stage.number.as_e164().to_owned(),
        business_name: stage.business_name.clone(),
        listener_url: format!("{}{LISTENER_PATH}", stage.inside_url),
        fields: form(&core, stage.project).await?.fields,
    }))
}

/// The project's form as it is now: it can be changed by command meanwhile.
pub(super) async fn form(core: &Core, project: ProjectId) -> anyhow::Result<Form> {
    let project = core.db.read(async move |conn| Ok(projects::get(conn, project).await?)).await?;
    match project.form {
        Some(form) => Form::parse(&form).context("reading the demo's form"),
        None => Ok(Form::default_form()),
    }
}

/// `POST /playground/reset`: forgets what was shown. What the database has of it stays.
pub(super) async fn reset(Extension(playground): Extension<Arc<Playground>>) -> StatusCode {
    playground.feed.clear();
    *playground.memory() = Memory::default();
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playground() -> Playground {
        let stage = Stage {
            project: ProjectId(1),
            business_name: "A shop".to_owned(),
            widget_id: "wgt_1".to_owned(),
            channel: ChannelId(1),
            phone_number_id: "100".to_owned(),
            number: PhoneNumber::from_e164("+6591234567").unwrap(),
            bot: BotStage {
                channel: ChannelId(2),
                id: "200".to_owned(),
                username: "a_bot".to_owned(),
                widget_id: "wgt_2".to_owned(),
            },
            chat: ChatStage { channel: ChannelId(3), widget_id: "wgt_3".to_owned() },
            webhook: "wh_1".to_owned(),
            base_url: "http://localhost:8080".to_owned(),
            inside_url: "http://127.0.0.1:8080".to_owned(),
        };
        Playground::new(stage, &Random::seeded(1), watch::channel(false).1)
    }

    #[test]
    fn a_reply_that_is_sent_twice_is_the_same_reply() {
        let playground = playground();
        assert_eq!(playground.take_reply("r1", || "wamid.1".to_owned()), ("wamid.1".to_owned(), true));
        assert_eq!(playground.take_reply("r2", || "wamid.2".to_owned()), ("wamid.2".to_owned(), true));
        assert_eq!(playground.take_reply("r1", || "wamid.3".to_owned()), ("wamid.1".to_owned(), false));
    }

    #[test]
    fn memory_has_an_end() {
        let playground = playground();
        for number in 0..REPLIES_MAX + 5 {
            playground.take_reply(&number.to_string(), String::new);
            playground.count_attempt(&number.to_string());
        }
        let memory = playground.memory();
        assert_eq!(memory.replies.len(), REPLIES_MAX);
        assert!(memory.attempts.len() <= EVENTS_MAX);
    }

    #[test]
    fn attempts_are_counted_per_event() {
        let playground = playground();
        let counted = ["a", "b", "a", "a"].map(|event| playground.count_attempt(event));
        assert_eq!(counted, [1, 1, 2, 3]);
    }

    #[test]
    fn the_host_is_the_one_that_links_have() {
        assert_eq!(playground().host(), Some("localhost:8080"));
    }
}
