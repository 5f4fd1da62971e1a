//! All that happened to a lead in one column, newest first: clicks, messages, events, deliveries, and what people did.

use serde_json::{Map, Value};

use crate::domain::delivery::DeliveryStatus;
use crate::domain::device::Device;
use crate::domain::lead::Activity;
use crate::domain::masked::mask;
use crate::domain::time::Timestamp;
use crate::store::lead_activity::Done;
use crate::store::lead_view::{LeadClick, LeadDelivery, LeadEvent};
use crate::store::talk::{Said, Writer};

/// Steps that are shown.
const STEPS_MAX: usize = 200;
/// Characters of a message that a step shows.
const WORDS_CHARS_MAX: usize = 120;

/// The kinds of steps, by their word in the address.
pub const KINDS: [(&str, &str); 5] = [
    ("clicks", "Clicks"),
    ("messages", "Messages"),
    ("events", "Events"),
    ("deliveries", "Deliveries"),
    ("people", "Notes and changes"),
];

/// Something that happened.
pub struct Step {
    /// Its icon.
    pub icon: &'static str,
    /// What.
    pub title: String,
    /// More of it.
    pub text: String,
    /// Where more is seen.
    pub href: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whether a person wrote the text for others to read.
    pub is_note: bool,
}

/// What steps are made of.
pub struct Happened {
    /// Clicks.
    pub clicks: Vec<LeadClick>,
    /// Ads that opened the chat.
    pub referrals: Vec<(Timestamp, Option<String>)>,
    /// Messages.
    pub said: Vec<Said>,
    /// Events.
    pub events: Vec<LeadEvent>,
    /// Deliveries.
    pub deliveries: Vec<LeadDelivery>,
    /// What people did.
    pub done: Vec<Done>,
}

/// The steps whose kinds are not among `hidden`, newest first.
pub fn steps(happened: &Happened, hidden: &[String], log: &str, masked: bool) -> Vec<Step> {
    let shows = |kind: &str| !hidden.iter().any(|hidden| hidden == kind);
    let mut steps = Vec::new();
    if shows("clicks") {
        steps.extend(happened.clicks.iter().map(click));
        steps.extend(happened.clicks.iter().filter_map(linked));
        steps.extend(happened.referrals.iter().map(referral));
    }
    if shows("messages") {
        steps.extend(happened.said.iter().map(|said| message(said, masked)));
    }
    if shows("events") {
        steps.extend(happened.events.iter().map(event));
    }
    if shows("deliveries") {
        steps.extend(happened.deliveries.iter().map(|one| delivery(one, &happened.events, log)));
    }
    if shows("people") {
        steps.extend(happened.done.iter().map(done));
    }
    steps.sort_by_key(|step| std::cmp::Reverse(step.at));
    steps.truncate(STEPS_MAX);
    steps
}

fn step(icon: &'static str, title: impl Into<String>, text: impl Into<String>, at: Timestamp) -> Step {
    Step { icon, title: title.into(), text: text.into(), href: None, at, is_note: false }
}

fn click(click: &LeadClick) -> Step {
    let page = click.click_url.as_deref().or(click.first_raw_url.as_deref()).map_or("a page that is not known", page);
    let params: Map<String, Value> = serde_json::from_str(&click.parsed_params).unwrap_or_default();
    let text = |key: &str| params.get(key).and_then(Value::as_str).map(str::to_owned);
    let from = [text("utm_source"), text("utm_campaign"), device(click.user_agent.as_deref())];
    let from: Vec<_> = from.into_iter().flatten().collect();
    step("mouse-pointer-click", format!("Click on the widget at {page}"), from.join(" · "), click.at)
}

fn linked(click: &LeadClick) -> Option<Step> {
    Some(step(
        "link",
        format!("Linked by {}", click.correlation_id),
        "the reference in their message",
        click.linked_at?,
    ))
}

fn referral((at, ad): &(Timestamp, Option<String>)) -> Step {
    step("mouse-pointer-click", "Came from an ad that opens the chat", ad.clone().unwrap_or_default(), *at)
}

/// Host and path.
pub fn page(url: &str) -> &str {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    bare.split_once("://").map_or(bare, |(_, rest)| rest)
}

/// The kind of device of a click.
pub fn device(user_agent: Option<&str>) -> Option<String> {
    Device::of_user_agent(user_agent).name().map(str::to_owned)
}

fn message(said: &Said, masked: bool) -> Step {
    let (icon, title) = match &said.writer {
        Writer::Person => ("message-circle", "They wrote".to_owned()),
        Writer::Agent { .. } => ("message-circle", "The agent answered".to_owned()),
        Writer::Colleague(name) => ("send", format!("{} answered", name.as_deref().unwrap_or("A colleague"))),
        Writer::App => ("smartphone", "A colleague answered in the app".to_owned()),
    };
    let text = said.text.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let text = if masked { mask(&text) } else { text };
    let cut = text.chars().count() > WORDS_CHARS_MAX;
    let text: String = text.chars().take(WORDS_CHARS_MAX).chain(cut.then_some('…')).collect();
    Step { href: Some(format!("#m{}", said.id)), ..step(icon, title, text, said.at) }
}

/// An event as people call it.
pub fn event_name(event_type: &str) -> &str {
    match event_type {
        "widget.click" => "Widget click",
        "lead.correlated" => "Lead correlated",
        "lead.created" => "New Lead",
        "lead.updated" => "Lead updated",
        "lead.complete" => "Lead complete",
        "lead.abandoned" => "Lead abandoned",
        "lead.stage_changed" => "Stage changed",
        other => other,
    }
}

fn event(event: &LeadEvent) -> Step {
    step("file-text", event_name(&event.event_type), event.event_type.clone(), event.at)
}

fn delivery(delivery: &LeadDelivery, events: &[LeadEvent], log: &str) -> Step {
    let host = url::Url::parse(&delivery.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| "a webhook".to_owned());
    let event = events
        .iter()
        .find(|event| event.id == delivery.event)
        .map_or("An event", |event| event_name(&event.event_type));
    let (icon, state) = match delivery.status {
        DeliveryStatus::Delivered => ("check", "delivered"),
        DeliveryStatus::Failed => ("circle-alert", "failed"),
        DeliveryStatus::Pending => ("clock", "waits to be delivered"),
        DeliveryStatus::Cancelled => ("x", "cancelled"),
    };
    let attempts =
        if delivery.attempts == 1 { "1 attempt".to_owned() } else { format!("{} attempts", delivery.attempts) };
    let step = step(icon, format!("{event} to {host}: {state}"), attempts, delivery.at);
    Step { href: Some(format!("{log}/{}", delivery.id)), ..step }
}

fn done(done: &Done) -> Step {
    let who = done.user.as_deref().unwrap_or("A colleague");
    let (icon, title, text) = match done.activity {
        Activity::Note => ("pencil", format!("{who} noted"), done.text.as_str()),
        Activity::HandedOver => ("hand", "The agent handed over".to_owned(), done.text.as_str()),
        Activity::TookOver => ("hand", format!("{who} took over"), "the agent is silent until given back"),
        Activity::GaveBack => ("undo-2", format!("{who} gave the conversation back"), "the agent goes on"),
        Activity::WaitsAgain => ("clock", "Nobody answered".to_owned(), "waits for a person again"),
        Activity::AgentResumed => ("clock", "Nobody answered".to_owned(), "the agent went on"),
        Activity::Stage => ("tag", format!("{who} set the stage"), done.text.as_str()),
        Activity::Quality => ("tag", format!("{who} set the quality"), done.text.as_str()),
        Activity::Field => ("pencil", format!("{who} changed a field"), done.text.as_str()),
        Activity::Erased => ("trash-2", format!("{who} erased the person"), ""),
    };
    let text = match done.activity {
        Activity::Quality | Activity::Field => text.replace('_', " "),
        _ => text.to_owned(),
    };
    Step { is_note: done.activity == Activity::Note, ..step(icon, title, text, done.at) }
}
