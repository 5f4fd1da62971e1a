//! A lead as a row of the list, and what of it goes into a file.

use serde_json::{Map, Value};

use crate::domain::ids::LeadId;
use crate::domain::lead::Quality;
use crate::domain::time::Timestamp;
use crate::http::console::lead_name::{Fields, Known, LeadName, pill};
use crate::http::console::view::Html;
use crate::store::lead_pages::ListedLead;

/// Characters of what was said that a row shows.
const WORDS_CHARS_MAX: usize = 80;

/// A row.
pub struct Row {
    /// The lead.
    pub id: LeadId,
    /// What the person is called by.
    pub name: LeadName,
    /// Where it stands.
    pub pill: Html,
    /// `won`, …
    pub stage: Option<String>,
    /// What people say of it.
    pub quality: Quality,
    /// Where the first click came from.
    pub source: Option<String>,
    /// The campaign of that.
    pub campaign: Option<String>,
    /// The reference.
    pub correlation_id: Option<String>,
    /// What the person came for, or said last.
    pub words: String,
    /// When something was last said.
    pub at: Timestamp,
}

impl Row {
    /// The buttons for its quality: what each says when it is pressed, its name, its icon, and whether it is what is said.
    pub fn qualities(&self) -> [(&'static str, &'static str, &'static str, bool); 3] {
        let buttons = [
            (Quality::Good, "Good", "check"),
            (Quality::Poor, "Poor", "chevron-down"),
            (Quality::NotALead, "Not a lead", "x"),
        ];
        buttons.map(|(quality, name, icon)| {
            let is_said = quality == self.quality;
            let says = if is_said { Quality::Unknown } else { quality };
            (says.as_str(), name, icon, is_said)
        })
    }

    /// The row of a lead, for somebody who may read numbers and addresses, or may not.
    pub fn new(lead: ListedLead, masked: bool) -> Self {
        let fields = Fields::parse(&lead.fields);
        let name = name_of(&lead, &fields, masked);
        let params = params_of(&lead);
        let text = |key: &str| params.get(key).and_then(Value::as_str).map(str::to_owned);
        let words = lead.intent.as_deref().or(lead.last_words.as_deref()).unwrap_or_default();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = if masked { crate::domain::masked::mask(&words) } else { words };
        Self {
            id: lead.id,
            pill: pill(lead.status, lead.handling, lead.handler.as_deref(), lead.erased_at.is_some()),
            source: text("utm_source").or_else(|| lead.parsed_params.as_ref().map(|_| "direct".to_owned())),
            campaign: text("utm_campaign").or_else(|| text("utm_medium")),
            words: cut(&words),
            name,
            stage: lead.stage,
            quality: lead.quality,
            correlation_id: lead.correlation_id,
            at: lead.last_message_at,
        }
    }
}

/// What the person of a row is called by.
pub fn name_of(lead: &ListedLead, fields: &Fields, masked: bool) -> LeadName {
    LeadName::of(Known {
        fields,
        profile_name: lead.profile_name.as_deref(),
        saved_name: None,
        phone: lead.phone.as_deref(),
        channel: &lead.channel,
        is_erased: lead.erased_at.is_some(),
        masked,
    })
}

/// Campaign parameters of the first click.
pub fn params_of(lead: &ListedLead) -> Map<String, Value> {
    lead.parsed_params.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WORDS_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(WORDS_CHARS_MAX - 1).chain(['…']).collect()
}
