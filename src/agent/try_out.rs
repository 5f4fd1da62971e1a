//! A conversation that is only tried: the agent's real turns on a form that may not be saved, with everything that lies between two
//! turns in one value.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Incoming, Input, Known, Message, State, TEXT_CHARS_MAX, turn};
use crate::domain::form::Form;
use crate::domain::phone::Region;
use crate::domain::text::cut;

/// Messages of a try-out; the oldest are forgotten.
const LINES_MAX: usize = 60;

/// What was said, and what the agent knows by now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TryOut {
    state: State,
    known: BTreeMap<String, Known>,
    lines: Vec<TryLine>,
}

/// One message of a try-out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TryLine {
    /// Whether the agent said it.
    pub by_agent: bool,
    /// The words.
    pub text: String,
}

impl TryOut {
    /// Says something as the visitor, and lets the agent reply.
    pub fn say(&mut self, form: &Form, (region, timezone): (Region, &TimeZone), now: Timestamp, text: &str) {
        let text = cut(text.trim(), TEXT_CHARS_MAX).to_owned();
        let messages = [Incoming::new(Message::Text(text.clone()), now)];
        let output = turn(&Input {
            form,
            known: &self.known,
            channel_phone: None,
            state: &self.state,
            messages: &messages,
            may_reply: true,
            region,
            timezone,
            prefilled_greeting: None,
            help: None,
            discloses: false,
        });
        for taken in &output.changes {
            self.known.insert(taken.key.clone(), Known::from(taken));
        }
        self.state = output.state;
        self.lines.push(TryLine { by_agent: false, text });
        self.lines.extend(output.reply.map(|text| TryLine { by_agent: true, text }));
        let over = self.lines.len().saturating_sub(LINES_MAX);
        self.lines.drain(..over);
    }

    /// What was said, the oldest first.
    pub fn lines(&self) -> &[TryLine] {
        &self.lines
    }

    /// What is known of a field.
    pub fn known(&self, key: &str) -> Option<&Known> {
        self.known.get(key)
    }

    /// Whether a field is being asked for.
    pub fn is_asked(&self, key: &str) -> bool {
        self.state.asked.as_deref() == Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_out_goes_on_where_it_was() {
        let form = Form::parse(r#"{"greeting":"Hello!","fields":[{"key":"outlet","type":"choice","required":true,"options":["Orchard","Bugis"]}]}"#)
            .expect("a form");
        let (place, now) = ((Region::SINGAPORE, &TimeZone::UTC), "2026-01-02T10:00:00Z".parse().expect("a time"));
        let mut talk = TryOut::default();
        talk.say(&form, place, now, "I am Robin, and I would like Bugis");
        let stored = serde_json::to_string(&talk).expect("serialises");
        let mut talk: TryOut = serde_json::from_str(&stored).expect("reads back");
        assert_eq!(talk.known("name").map(|known| known.value.as_str()), Some("Robin"));
        assert_eq!(talk.known("outlet").map(|known| known.value.as_str()), Some("Bugis"));
        assert!(talk.is_asked("email") && talk.lines()[1].by_agent && talk.lines()[1].text.starts_with("Hello!"));
        talk.say(&form, place, now, "robin@example.com");
        assert!(talk.is_asked("phone"));
        for _ in 0..100 {
            talk.say(&form, place, now, "hm");
        }
        assert!(talk.lines().len() <= LINES_MAX);
    }
}
