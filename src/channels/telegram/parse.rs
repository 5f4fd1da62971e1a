//! Parses the body of a webhook: one update. What is not known is kept as it is.

use serde_json::Value;
use serde_json::value::RawValue;

use super::content;
use crate::channels::json::{self, Fields, Malformed, at, clean, integer, items, text, time};
use crate::channels::{AccountUpdate, Content, Crowd, Deleted, Echo, Gesture, Inbound, InboundMessage, Reach};
use crate::domain::channel::{Person, PersonIds, Route};
use crate::domain::correlation::find_correlation_ids;

/// Messages of one notice that are marked as taken back.
const DELETED_MAX: usize = 100;

/// The bot that an update is for.
#[derive(Clone, Copy, Debug)]
pub struct Bot<'a> {
    /// Its handle, without `@`.
    pub username: &'a str,
}

/// Reads a body whose secret is verified.
pub fn parse(body: &[u8], bot: Bot<'_>) -> Result<Vec<Inbound>, Malformed> {
    let body = clean(body);
    let root: Fields<'_> = serde_json::from_str(&body).map_err(Malformed)?;
    let id = root.get("update_id").and_then(|raw| serde_json::from_str::<i64>(raw.get()).ok());
    let id = id.map_or_else(|| json::made_id("", &body), |id| id.to_string());
    let Some((kind, raw)) = root.iter().find(|(key, _)| *key != "update_id") else {
        return Ok(vec![Inbound::Other {
            external_id: Some(format!("u:{id}")),
            kind: String::new(),
            raw: body.into(),
        }]);
    };
    let update = Update { id, kind, raw, bot };
    let value = serde_json::from_str::<Value>(raw.get()).ok().filter(Value::is_object);
    Ok(value.and_then(|value| update.read(&value)).unwrap_or_else(|| vec![update.other(kind)]))
}

struct Update<'a> {
    id: String,
    kind: &'a str,
    raw: &'a RawValue,
    bot: Bot<'a>,
}

impl Update<'_> {
    fn read(&self, value: &Value) -> Option<Vec<Inbound>> {
        let one = |inbound| Some(vec![inbound]);
        match self.kind {
            "message" | "edited_message" | "business_message" | "edited_business_message" => one(self.message(value)?),
            "callback_query" => self.press(value),
            "my_chat_member" if is_private(&value["chat"]) => one(Inbound::Reach(Box::new(Reach {
                external_id: self.notice_id(),
                person: ids(text(value, &["chat", "id"])?),
                is_reachable: text(value, &["new_chat_member", "status"])? != "kicked",
                raw: self.raw(),
            }))),
            "my_chat_member" => {
                let status = text(value, &["new_chat_member", "status"])?;
                let is_joined = matches!(status.as_str(), "member" | "administrator" | "restricted");
                let group = text(value, &["chat", "id"]).filter(|_| is_joined)?;
                one(Inbound::Crowd(Box::new(Crowd { group, thread: None, is_to_us: false, is_joined })))
            }
            "business_connection" => one(self.account(value)?),
            "deleted_business_messages" => one(self.deleted(value)?),
            _ => None,
        }
    }

    fn other(&self, kind: &str) -> Inbound {
        Inbound::Other { external_id: Some(self.notice_id()), kind: kind.to_owned(), raw: self.raw() }
    }

    fn notice_id(&self) -> String {
        format!("u:{}", self.id)
    }

    fn raw(&self) -> String {
        self.raw.get().to_owned()
    }

    fn message(&self, message: &Value) -> Option<Inbound> {
        let chat = text(message, &["chat", "id"])?;
        if !is_private(&message["chat"]) {
            return Some(self.crowd(message, chat));
        }
        if message["sender_business_bot"].is_object() {
            return Some(self.other("message of a bot"));
        }
        let route = route(message);
        let original = message_id(&route, &chat, &text(message, &["message_id"])?);
        let from = text(message, &["from", "id"]).unwrap_or_else(|| chat.clone());
        let is_edit = self.kind.starts_with("edited_");
        let external_id = if is_edit { format!("{original}:e{}", self.id) } else { original.clone() };
        let content =
            if is_edit { Content::Edit { external_id: original } } else { content::read(message, Some(&from)) };
        let said = content::said(message, self.bot.username);
        let sent_at = time(message, if is_edit { &["edit_date"] } else { &["date"] }).filter(|at| at.as_second() > 0);
        if from != chat {
            // In a chat of the business's own account, whoever is not the other person is the business.
            let to = person(&message["chat"], chat);
            let echo = Echo { channel: None, external_id, to, route, sent_at, text: said, content, raw: self.raw() };
            return Some(Inbound::Echo(Box::new(echo)));
        }
        Some(Inbound::Message(Box::new(InboundMessage {
            channel: None,
            external_id,
            sender: person(&message["from"], from),
            route,
            sent_at,
            references: said.as_deref().map(find_correlation_ids).unwrap_or_default(),
            text: said,
            content,
            forwarded: message["forward_origin"].is_object(),
            referral: None,
            raw: self.raw(),
        })))
    }

    /// A message in a group or in public.
    fn crowd(&self, message: &Value, group: String) -> Inbound {
        let words = text(message, &["text"]).or_else(|| text(message, &["caption"])).unwrap_or_default();
        let (words, name) = (words.to_lowercase(), format!("@{}", self.bot.username.to_lowercase()));
        let is_command = content::is_start(&words) && (!words.contains('@') || words.contains(&name));
        let is_named = name.len() > 1 && words.contains(&name);
        let is_new = self.kind == "message";
        let thread = route(message).thread;
        Inbound::Crowd(Box::new(Crowd {
            group,
            thread,
            is_to_us: is_new && (is_command || is_named),
            is_joined: false,
        }))
    }

    /// A press on a button below a message. It says what stands on the button.
    fn press(&self, query: &Value) -> Option<Vec<Inbound>> {
        let id = text(query, &["id"])?;
        let below = text(query, &["message", "chat", "id"]).zip(text(query, &["message", "message_id"]));
        let acknowledge = Inbound::Gesture(Box::new(Gesture::Acknowledge { press: id.clone(), below }));
        let (from, data) = (text(query, &["from", "id"])?, text(query, &["data"]));
        let words = data.as_deref().and_then(|data| label(&query["message"], data));
        let is_theirs = text(query, &["message", "chat", "id"]).as_ref() == Some(&from);
        let (Some(words), true) = (words, is_theirs) else { return Some(vec![acknowledge, self.other(self.kind)]) };
        let message = InboundMessage {
            channel: None,
            external_id: format!("press:{id}"),
            sender: person(&query["from"], from),
            route: route(&query["message"]),
            sent_at: None,
            references: find_correlation_ids(&words),
            text: Some(words),
            content: Content::Choice { field: None },
            forwarded: false,
            referral: None,
            raw: self.raw(),
        };
        Some(vec![acknowledge, Inbound::Message(Box::new(message))])
    }

    fn account(&self, connection: &Value) -> Option<Inbound> {
        let flag = |path: &[&str]| at(connection, path).and_then(Value::as_bool);
        // Older servers name the right itself; where none is named, sending tells.
        let has_right = match &connection["rights"] {
            Value::Object(_) => flag(&["rights", "can_reply"]) == Some(true),
            _ => flag(&["can_reply"]) != Some(false),
        };
        Some(Inbound::Account(Box::new(AccountUpdate {
            external_id: self.notice_id(),
            account: text(connection, &["id"])?,
            username: text(connection, &["user", "username"]),
            may_reply: flag(&["is_enabled"]) == Some(true) && has_right,
            at: time(connection, &["date"]),
            raw: self.raw(),
        })))
    }

    fn deleted(&self, notice: &Value) -> Option<Inbound> {
        let chat = text(notice, &["chat", "id"])?;
        let route = route(notice);
        let ids_of = items(notice, &["message_ids"]).iter().take(DELETED_MAX).filter_map(|id| integer(id, &[]));
        Some(Inbound::Deleted(Box::new(Deleted {
            external_id: self.notice_id(),
            messages: ids_of.map(|id| message_id(&route, &chat, &id.to_string())).collect(),
            person: ids(chat),
            raw: self.raw(),
        })))
    }
}

/// The id of a message on the channel: Telegram counts them in each chat, and those of an account of the business's own apart.
pub(super) fn message_id(route: &Route, chat: &str, message_id: &str) -> String {
    match &route.account {
        Some(account) => format!("{account}:{chat}:{message_id}"),
        None => format!("{chat}:{message_id}"),
    }
}

/// A group says what it is; where nothing is said, one person talks.
fn is_private(chat: &Value) -> bool {
    chat["type"].as_str().unwrap_or("private") == "private"
}

fn route(message: &Value) -> Route {
    // Telegram names the thread of any reply; only topics take messages.
    let is_topic = message["is_topic_message"].as_bool() == Some(true);
    Route {
        thread: text(message, &["message_thread_id"]).filter(|_| is_topic),
        account: text(message, &["business_connection_id"]),
    }
}

fn ids(user: String) -> PersonIds {
    PersonIds { external_user_id: Some(user), external_phone_id: None }
}

fn person(user: &Value, id: String) -> Person {
    let names = [text(user, &["first_name"]), text(user, &["last_name"])];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Person {
        ids: ids(id),
        phone: None,
        profile_name: (!name.is_empty()).then_some(name),
        username: text(user, &["username"]),
        language: text(user, &["language_code"]).filter(|tag| tag.len() <= 35),
    }
}

/// What stands on the button with that data.
fn label(message: &Value, data: &str) -> Option<String> {
    let rows = items(message, &["reply_markup", "inline_keyboard"]);
    let mut buttons = rows.iter().flat_map(|row| items(row, &[]));
    let pressed = buttons.find(|button| text(button, &["callback_data"]).as_deref() == Some(data))?;
    text(pressed, &["text"])
}

#[cfg(test)]
mod tests;
