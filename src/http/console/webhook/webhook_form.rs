//! The form of a webhook: what is on it, and what was sent with it.

use super::super::event_names::{self, EventName};
use super::super::form::{Form, Mistakes};
use super::warnings;
use crate::core::Core;
use crate::domain::delivery::Policy;
use crate::domain::event::EventType;
use crate::domain::rate_limit::{CONCURRENCY_MAX, Limits, RATE_MAX};
use crate::outbound::headers::{self, HEADERS_MAX};
use crate::projects::add_webhook::NewWebhook;
use crate::projects::update_webhook::WebhookSettings;
use crate::store::webhooks::Webhook;

/// Rows for headers beyond the ones that may be set, so that the page can say that there are too many.
const ROWS_MAX: usize = HEADERS_MAX + 1 + SPARE_ROWS;
/// Empty rows besides the one that is ready.
const SPARE_ROWS: usize = 4;

/// A row of the custom headers.
#[derive(Clone, Debug, Default)]
pub struct HeaderRow {
    /// From 1.
    pub number: usize,
    /// The name.
    pub name: String,
    /// The value, as it was typed. One that is kept is not shown.
    pub value: String,
    /// Whether a value is kept that cannot be read again.
    pub is_kept: bool,
}

impl HeaderRow {
    /// The id of the field for the name.
    pub fn id(&self) -> String {
        format!("header-{}-name", self.number)
    }
}

/// What stands in the fields.
#[derive(Clone, Debug)]
pub struct WebhookForm {
    /// What people call it.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// Whether it is told of what needs attention, and not of visitors.
    pub is_operational: bool,
    /// The words of the ticked events.
    pub events: Vec<String>,
    /// A row for each header, and empty ones.
    pub headers: Vec<HeaderRow>,
    /// What happens when an attempt fails.
    pub policy: Policy,
    /// Deliveries per second.
    pub rate: String,
    /// Deliveries at once.
    pub concurrency: String,
    /// What receives it, where somebody chose that; empty otherwise.
    pub receiver: String,
    /// The warnings that were shown, by their keys: saving again saves.
    pub seen: String,
}

impl Default for WebhookForm {
    /// New Lead alone is ticked.
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            is_operational: false,
            events: vec![EventType::LeadCreated.as_str().to_owned()],
            headers: numbered(Vec::new()),
            policy: Policy::Retry,
            rate: String::new(),
            concurrency: String::new(),
            receiver: String::new(),
            seen: String::new(),
        }
    }
}

impl WebhookForm {
    /// For a webhook that is told of what needs attention: both events are ticked.
    pub fn operational() -> Self {
        let events = EventType::OPERATIONAL.map(|event| event.as_str().to_owned()).to_vec();
        Self { is_operational: true, events, ..Self::default() }
    }

    /// What a webhook is now, with the names of its headers.
    pub fn of(webhook: &Webhook, header_names: Vec<String>) -> Self {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let row = |name| HeaderRow { name, is_kept: true, ..HeaderRow::default() };
        Self {
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            is_operational: event_names::is_operational(&webhook.events),
            events: webhook.events.clone(),
            headers: numbered(header_names.into_iter().map(row).collect()),
            policy: webhook.policy,
            rate: number(webhook.limits.rate_per_second),
            concurrency: number(webhook.limits.concurrency),
            receiver: String::new(),
            seen: String::new(),
        }
    }

    /// What was sent.
    pub fn read(form: &Form) -> Self {
        let is_ticked = |event: &EventName| form.has(&format!("event-{}", event.word));
        let rows = (1..=ROWS_MAX).map(|number| HeaderRow {
            number,
            name: form.text(&format!("header-{number}-name")).to_owned(),
            value: form.text(&format!("header-{number}-value")).to_owned(),
            is_kept: form.has(&format!("header-{number}-kept")),
        });
        let rows = rows.filter(|row| !row.name.is_empty() || !row.value.is_empty());
        let is_operational = form.text("for") == "attention";
        Self {
            name: form.text("name").to_owned(),
            url: form.text("url").to_owned(),
            is_operational,
            events: event_names::family(is_operational)
                .iter()
                .filter(|event| is_ticked(event))
                .map(|event| event.word.to_owned())
                .collect(),
            headers: numbered(rows.collect()),
            policy: Policy::parse(form.text("policy")).unwrap_or_default(),
            rate: form.text("rate").to_owned(),
            concurrency: form.text("concurrency").to_owned(),
            receiver: form.text("receiver").to_owned(),
            seen: form.text("seen").to_owned(),
        }
    }

    /// The rows that are there, and one that is ready.
    pub fn shown_headers(&self) -> &[HeaderRow] {
        &self.headers[..self.headers.len() - SPARE_ROWS]
    }

    /// Rows for more of them.
    pub fn more_headers(&self) -> &[HeaderRow] {
        &self.headers[self.headers.len() - SPARE_ROWS..]
    }

    /// The events that can be ticked.
    pub fn choices(&self) -> Vec<EventName> {
        event_names::family(self.is_operational)
    }

    /// The id of the first of them.
    pub fn first_event(&self) -> String {
        self.choices().first().map(|event| format!("event-{}", event.word)).unwrap_or_default()
    }

    /// Whether an event is ticked.
    pub fn is_ticked(&self, word: &str) -> bool {
        self.events.iter().any(|event| event == word)
    }

    /// What a webhook is to be, where nothing is wrong.
    pub fn settings(&self, core: &Core, mistakes: &mut Mistakes) -> Option<WebhookSettings> {
        if let Some(text) = warnings::mistake(&self.url, core.webhook_client.policy()) {
            mistakes.add("url", text);
        }
        if self.events.is_empty() {
            mistakes.add(&self.first_event(), "choose at least one event: the first one, for example");
        }
        let rate_per_second = number(&self.rate, "rate", RATE_MAX, mistakes);
        let concurrency = number(&self.concurrency, "concurrency", CONCURRENCY_MAX, mistakes);
        let mut settings = WebhookSettings::default();
        for row in self.headers.iter().filter(|row| !row.name.is_empty() || !row.value.is_empty()) {
            if row.is_kept && row.value.is_empty() {
                settings.kept_headers.push(row.name.clone());
                continue;
            }
            match headers::check(&row.name, &row.value) {
                Ok(()) => settings.new.headers.push((row.name.clone(), row.value.clone())),
                Err(error) => mistakes.add(&row.id(), error),
            }
        }
        let given: Vec<_> = settings.kept_headers.iter().map(|name| (name.clone(), String::new())).collect();
        if mistakes.is_empty()
            && let Err(error) = headers::check_all(&[given, settings.new.headers.clone()].concat())
        {
            mistakes.add("header-1-name", error);
        }
        settings.new = NewWebhook {
            url: self.url.clone(),
            events: self.events.clone(),
            policy: self.policy,
            limits: Limits { rate_per_second, concurrency },
            name: self.name.clone(),
            headers: settings.new.headers,
        };
        mistakes.is_empty().then_some(settings)
    }
}

/// The rows with their numbers, and empty ones behind.
fn numbered(mut rows: Vec<HeaderRow>) -> Vec<HeaderRow> {
    rows.resize(rows.len() + 1 + SPARE_ROWS, HeaderRow::default());
    rows.iter_mut().enumerate().for_each(|(at, row)| row.number = at + 1);
    rows
}

fn number(text: &str, field: &str, most: u32, mistakes: &mut Mistakes) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    if number.is_none() {
        mistakes.add(field, format!("write a number from 1 to {most}, or leave it empty for no limit"));
    }
    number
}
