//! What was said, as rows: when, how it came through, and what the platform sent of it.

use serde_json::json;

use super::block::Block;
use super::calendar::{DAY, SECOND};
use super::draw::Draw;
use super::keys::{Side, row_key, uuid_at};
use super::lead::Story;
use super::rows::{MessageRow, Time};
use super::talk::{Line, Who};
use aurix::domain::channel::{MessageKind, MessageStatus};
use aurix::domain::ids::MessageId;

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// What, and by whom.
    pub line: Line,
    /// Its row key.
    pub id: MessageId,
    /// When.
    pub at: Time,
    /// Whether it came as a card of the person's own.
    is_card: bool,
}

impl Spoken {
    /// All of a conversation that began after one time and ended before another: its pauses are shorter where it would not have.
    pub fn all(lines: Vec<Line>, (after, before): (Time, Time), key: impl Fn(Time) -> MessageId) -> Vec<Self> {
        let whole: i64 = lines.iter().map(|line| line.after).sum();
        let room = before - after - SECOND;
        let mut passed = 0;
        let spoken = lines.into_iter().map(|line| {
            passed += line.after;
            let since =
                if whole > room { (i128::from(passed) * i128::from(room) / i128::from(whole)) as i64 } else { passed };
            let at = (after + since) / 1_000 * 1_000;
            Self { line, id: key(at), at, is_card: false }
        });
        spoken.collect()
    }
}

impl Story<'_> {
    /// An answer came as a card of the person's own.
    pub fn share_card(&mut self, id: MessageId) {
        self.spoken.iter_mut().filter(|one| one.id == id).for_each(|one| one.is_card = true);
    }

    /// Makes the rows of what was said.
    pub fn write_messages(&self, block: &mut Block, draw: &mut Draw) {
        for one in &self.spoken {
            let row = match one.line.who {
                Who::Person => self.inbound(one, draw),
                Who::App => self.echo(one),
                Who::Agent | Who::Colleague(_) => self.reply(one, draw),
            };
            let is_free = one.line.who == Who::Person && one.line.answers.is_none();
            let changed = if is_free { draw.below(1000) } else { u64::MAX };
            match changed {
                0..=2 => self.revoke(block, row),
                3..=5 => self.correct(block, row),
                _ => block.messages.push(row),
            }
        }
    }

    fn row(&self, one: &Spoken) -> MessageRow {
        MessageRow {
            id: one.id,
            conversation: self.conversation,
            direction: "out",
            reply_id: None,
            external_id: None,
            original_id: None,
            kind: MessageKind::Text.as_str(),
            text: Some(one.line.text.clone()),
            contact: None,
            raw: None,
            status: MessageStatus::Sent.as_str(),
            error: None,
            attempts: 0,
            retries_from: 0,
            sent_at: None,
            revoked_at: None,
            created_at: one.at,
            user: None,
            waited: None,
        }
    }

    /// The platform's id of a message.
    fn external_id(&self, at: Time) -> String {
        format!("wamid.HBgLNjU5MTIz{:012X}{:08X}", at / 1_000, self.number)
    }

    fn inbound(&self, one: &Spoken, draw: &mut Draw) -> MessageRow {
        let (id, from, seconds) = (self.external_id(one.at), self.person.digits(), one.at / SECOND);
        let row = MessageRow {
            direction: "in",
            status: MessageStatus::Received.as_str(),
            sent_at: Some(seconds * SECOND),
            ..self.row(one)
        };
        let (kind, text, content) = if one.is_card {
            let card =
                json!([{"name": {"formatted_name": self.person.name}, "emails": [{"email": self.person.email}]}]);
            (MessageKind::Contacts, None, json!({"type": "contacts", "contacts": card}))
        } else if one.line.text.is_empty() {
            let image = json!({"mime_type": "image/jpeg", "id": (draw.below(1 << 50)).to_string()});
            (MessageKind::Media, None, json!({"type": "image", "image": image}))
        } else if one.line.answers == Some("service") && draw.is_one_of_thousand(400) {
            let button = json!({"type": "button_reply", "button_reply": {"id": "service", "title": one.line.text}});
            (MessageKind::Choice, row.text.clone(), json!({"type": "interactive", "interactive": button}))
        } else {
            (MessageKind::Text, row.text.clone(), json!({"type": "text", "text": {"body": one.line.text}}))
        };
        let card = json!({"name": self.person.name, "phone": null, "email": self.person.email});
        let mut raw = json!({"from": from, "id": id, "timestamp": seconds.to_string()});
        if let (Some(raw), Some(content)) = (raw.as_object_mut(), content.as_object()) {
            raw.extend(content.clone());
        }
        MessageRow {
            kind: kind.as_str(),
            text,
            contact: one.is_card.then(|| card.to_string()),
            raw: Some(raw.to_string()),
            external_id: Some(id),
            ..row
        }
    }

    fn echo(&self, one: &Spoken) -> MessageRow {
        let (id, seconds) = (self.external_id(one.at), one.at / SECOND);
        let raw = json!({"to": self.person.digits(), "id": id, "timestamp": seconds.to_string(), "type": "text",
                         "text": {"body": one.line.text}});
        MessageRow {
            raw: Some(raw.to_string()),
            external_id: Some(id),
            sent_at: Some(seconds * SECOND),
            ..self.row(one)
        }
    }

    fn reply(&self, one: &Spoken, draw: &mut Draw) -> MessageRow {
        let is_old = self.world.calendar.now - one.at > DAY;
        let (status, error) = match draw.below(100) {
            0 => (MessageStatus::Failed, Some("WhatsApp did not deliver it: the person's phone cannot be reached.")),
            1 if one.line.who == Who::Agent && self.course.colleague.is_some() => (
                MessageStatus::Cancelled,
                Some("A person of the business wrote to the customer before the reply was sent."),
            ),
            2..=4 => (MessageStatus::Sent, None),
            5..=30 => (MessageStatus::Delivered, None),
            _ if is_old || draw.is_one_of_thousand(600) => (MessageStatus::Read, None),
            _ => (MessageStatus::Delivered, None),
        };
        let is_sent = !matches!(status, MessageStatus::Cancelled);
        let was_resent = status == MessageStatus::Failed && draw.is_one_of_thousand(100);
        MessageRow {
            reply_id: Some(uuid_at(one.at, draw)),
            external_id: is_sent.then(|| self.external_id(one.at)),
            status: status.as_str(),
            error,
            attempts: i64::from(is_sent) + i64::from(was_resent),
            retries_from: i64::from(was_resent),
            user: match one.line.who {
                Who::Colleague(place) => Some(self.world.people[place].0),
                _ => None,
            },
            waited: self.waited(one),
            ..self.row(one)
        }
    }

    /// How long the person had waited for a colleague's line: since what was said before it, by somebody else.
    fn waited(&self, one: &Spoken) -> Option<Time> {
        let is_colleague = |one: &Spoken| matches!(one.line.who, Who::Colleague(_) | Who::App);
        let before = self.spoken.iter().rev().find(|other| other.at < one.at);
        before.filter(|before| is_colleague(one) && !is_colleague(before)).map(|before| one.at - before.at)
    }

    /// A message, and that its sender took it back.
    fn revoke(&self, block: &mut Block, row: MessageRow) {
        let at = row.created_at + SECOND;
        block.messages.push(self.follow(&row, at, MessageKind::Revoke, None));
        block.messages.push(MessageRow { revoked_at: Some(at), ..row });
    }

    /// A message, and its sender's correction.
    fn correct(&self, block: &mut Block, row: MessageRow) {
        let text = row.text.as_ref().map(|text| format!("{text}!"));
        block.messages.push(self.follow(&row, row.created_at + SECOND, MessageKind::Edit, text));
        block.messages.push(row);
    }

    /// What changes an earlier message.
    fn follow(&self, of: &MessageRow, at: Time, kind: MessageKind, text: Option<String>) -> MessageRow {
        // The next message may be of the same moment.
        let id = format!("{}C", self.external_id(at));
        let raw = json!({"from": self.person.digits(), "id": id, "timestamp": (at / SECOND).to_string(),
                         "type": kind.as_str(), "message_id": of.external_id});
        MessageRow {
            id: row_key(at, Side::Changes, self.number),
            conversation: self.conversation,
            direction: "in",
            reply_id: None,
            external_id: Some(id),
            original_id: of.external_id.clone(),
            kind: kind.as_str(),
            text,
            contact: None,
            raw: Some(raw.to_string()),
            status: MessageStatus::Received.as_str(),
            error: None,
            attempts: 0,
            retries_from: 0,
            sent_at: Some(at / SECOND * SECOND),
            revoked_at: None,
            created_at: at,
            user: None,
            waited: None,
        }
    }
}
