//! A delivery as the log shows it: its state as a pill, whom it is about, and its reference.

use serde_json::Value;

use super::super::event_names::name_of;
use super::super::frame::Frame;
use super::super::view::{Html, escape};
use super::super::webhook::cause::{cause, short_text};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::time::Timestamp;
use crate::store::delivery_rows::ListedDelivery;

/// A row of the log.
pub struct Row {
    /// The key, in addresses.
    pub id: String,
    /// When the event happened.
    pub created_at: Timestamp,
    /// The state, as a pill.
    pub pill: Html,
    /// `New Lead`
    pub event: String,
    /// `lead.created`
    pub event_word: String,
    /// What its webhook is called.
    pub webhook: String,
    /// Whom it is about, where that is known and may be seen.
    pub person: Option<String>,
    /// The reference.
    pub reference: Option<String>,
    /// Attempts that were begun.
    pub attempts: u32,
    /// What the last one came to: `401`.
    pub answer: String,
    /// Whether that is a failure.
    pub is_bad: bool,
    /// How long it took.
    pub took: String,
}

impl Row {
    /// From a delivery and the name of its webhook.
    pub fn new(frame: &Frame, delivery: ListedDelivery, webhook: String, is_masked: bool) -> Self {
        let about = About::of(&delivery.body, delivery.lead_fields.as_deref());
        let state = State::of(&delivery);
        Self {
            id: delivery.id.to_string(),
            created_at: delivery.created_at,
            pill: state.pill(frame),
            event: name_of(&delivery.event_type),
            event_word: delivery.event_type,
            webhook,
            person: about.person.filter(|_| !is_masked),
            reference: delivery.correlation_id.or(about.reference),
            attempts: delivery.attempts,
            answer: delivery.result.map_or_else(|| "–".to_owned(), short_text),
            is_bad: delivery.result.is_some_and(|result| cause(result).is_some()),
            took: delivery.duration_ms.map_or_else(|| "–".to_owned(), took),
        }
    }
}

/// How long an attempt took: `238 ms`, `15.00 s`.
pub fn took(ms: i64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10) }
}

/// Where a delivery is, in the words of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was tried yet.
    Waiting,
    /// An attempt runs.
    Sending,
    /// The next attempt is due then.
    Retrying(Option<Timestamp>),
    /// A receiver took it.
    Delivered,
    /// It waits for a person.
    Failed,
    /// It is not sent any more.
    Cancelled,
}

impl State {
    /// Of a delivery in the list.
    pub fn of(delivery: &ListedDelivery) -> Self {
        let is_running = delivery.duration_ms.is_none();
        match delivery.status {
            DeliveryStatus::Pending if delivery.attempts == 0 => Self::Waiting,
            DeliveryStatus::Pending if is_running => Self::Sending,
            DeliveryStatus::Pending => Self::Retrying(delivery.due_at),
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Failed => Self::Failed,
            DeliveryStatus::Cancelled => Self::Cancelled,
        }
    }

    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Sending => "Sending",
            Self::Retrying(_) => "Retrying",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// As a pill.
    pub fn pill(self, frame: &Frame) -> Html {
        let class = match self {
            Self::Waiting => "dash",
            Self::Sending => "info tri",
            Self::Retrying(_) => "warn ring",
            Self::Delivered => "good plain dot",
            Self::Failed => "bad diamond",
            Self::Cancelled => "plain line",
        };
        let text = match self {
            Self::Retrying(Some(at)) => format!("Retrying {}", frame.times.seconds(at)),
            _ => self.word().to_owned(),
        };
        Html(format!(r#"<span class="pill {class}">{}</span>"#, escape(&text)))
    }
}

/// Whom an event is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The person's name.
    pub person: Option<String>,
    /// The reference.
    pub reference: Option<String>,
}

impl About {
    /// From the body of an event, and from what is known of the lead by now.
    pub fn of(body: &str, lead_fields: Option<&str>) -> Self {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let fields: Value = lead_fields.and_then(|fields| serde_json::from_str(fields).ok()).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let in_body = text(&body["lead"]["name"]).or_else(|| text(&body["data"]["lead_data"]["name"]));
        Self { person: text(&fields["name"]["value"]).or(in_body), reference: text(&body["data"]["correlation_id"]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_an_event_is_about_is_read_from_it() {
        let about = |body: &str, fields: Option<&str>| {
            let about = About::of(body, fields);
            (about.person.unwrap_or_default(), about.reference.unwrap_or_default())
        };
        let known = Some(r#"{"name": {"value": "Arjun Nair", "words": "Arjun"}}"#);
        let click = r#"{"data": {"correlation_id": "O-uh5DDIb"}}"#;
        assert_eq!(about(click, known), ("Arjun Nair".to_owned(), "O-uh5DDIb".to_owned()));
        assert_eq!(about(r#"{"lead": {"name": "Mei"}}"#, None), ("Mei".to_owned(), String::new()));
        assert_eq!(about("no JSON", Some("neither")), (String::new(), String::new()));
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!([0, 238, 999, 1_000, 15_004].map(took), ["0 ms", "238 ms", "999 ms", "1.00 s", "15.00 s"]);
    }
}
