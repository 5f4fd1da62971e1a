//! Erases a person: what they said, what is known of them, and what was sent of that. Rows keep their times, their campaign and their
//! stage, so that numbers stay true. Webhooks that got something of it keep what they got.

use serde_json::{Map, Value, json};

use crate::core::Core;
use crate::db::{Conn, Tx};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead::Activity;
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::erasure::{self, PersonalClick};
use crate::store::window::Position;
use crate::store::{audit, chats, handling, lead_activity, lead_search, lead_view, media, past_messages};

/// Why nobody is erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseRefused {
    /// There is no such lead.
    #[error("there is no such lead in this project")]
    Unknown,
    /// It was done before.
    #[error("this person was erased before")]
    Erased,
    /// Erasing failed; nothing was changed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// What goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Messages whose words go.
    pub messages: u64,
    /// Values of fields, older ones too.
    pub values: u64,
    /// Notes.
    pub notes: u64,
    /// Clicks whose address, browser and page parameters go.
    pub clicks: u64,
    /// Events whose bodies go.
    pub events: u64,
    /// Deliveries of these.
    pub deliveries: u64,
}

/// What would go if a lead's person were erased; `None` where the project has no such lead.
pub async fn preview_erasure(core: &Core, project: ProjectId, lead: LeadId) -> anyhow::Result<Option<Erasure>> {
    core.db
        .read(async move |conn| {
            let Some(found) = lead_view::find(conn, project, lead).await? else { return Ok(None) };
            let clicks = erasure::clicks(conn, project, found.conversation).await?;
            let events = events_of(conn, project, found.conversation, &clicks).await?;
            let mut deliveries = 0;
            for event in &events {
                deliveries += erasure::deliveries(conn, project, *event).await?;
            }
            let counts = counts(conn, project, (lead, found.conversation)).await?;
            Ok(Some(erasure_of(counts, &clicks, &events, deliveries)))
        })
        .await
}

/// How many messages, past ones among them, values and notes there are.
async fn counts(
    conn: &Conn,
    project: ProjectId,
    (lead, conversation): (LeadId, ConversationId),
) -> anyhow::Result<(i64, i64, i64)> {
    let (messages, values, notes) = erasure::counts(conn, project, (lead, conversation)).await?;
    Ok((messages + past_messages::count(conn, project, conversation).await?, values, notes))
}

fn erasure_of(
    (messages, values, notes): (i64, i64, i64),
    clicks: &[PersonalClick],
    events: &[Position],
    deliveries: u64,
) -> Erasure {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Erasure {
        messages: count(messages),
        values: count(values),
        notes: count(notes),
        clicks: clicks.len() as u64,
        events: events.len() as u64,
        deliveries,
    }
}

async fn events_of(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    clicks: &[PersonalClick],
) -> anyhow::Result<Vec<Position>> {
    let mut events = erasure::events(conn, project, conversation).await?;
    for click in clicks {
        events.extend(erasure::event_of_click(conn, project, click).await?);
    }
    Ok(events)
}

/// Erases the person of a lead, and gives what went.
pub async fn erase_person(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    lead: LeadId,
) -> Result<Erasure, EraseRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let erased = core.db.write(async move |tx| {
        let Some(handled) = handling::lock(tx, project, lead).await? else { return Ok(Err(EraseRefused::Unknown)) };
        let viewed = lead_view::find(tx, project, lead).await?;
        if viewed.is_some_and(|lead| lead.erased_at.is_some()) {
            return Ok(Err(EraseRefused::Erased));
        }
        let erasure = erase(tx, project, (lead, handled.conversation), now).await?;
        lead_activity::insert(tx, project, lead, (Activity::Erased, "", actor.user()), now).await?;
        let detail = json!({
            "messages": erasure.messages, "values": erasure.values, "notes": erasure.notes, "clicks": erasure.clicks,
            "events": erasure.events, "deliveries": erasure.deliveries,
        });
        let change = Change::new(Action::ErasePerson, Object::Lead(lead)).with(detail);
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(erasure))
    });
    let erased = erased.await?;
    core.notifier.notify(Work::Chats);
    erased
}

async fn erase(
    tx: &Tx,
    project: ProjectId,
    (lead, conversation): (LeadId, ConversationId),
    now: Timestamp,
) -> anyhow::Result<Erasure> {
    let counts = counts(tx, project, (lead, conversation)).await?;
    let clicks = erasure::clicks(tx, project, conversation).await?;
    let events = events_of(tx, project, conversation, &clicks).await?;
    past_messages::erase(tx, project, conversation).await?;
    erasure::empty_conversation(tx, project, conversation).await?;
    erasure::empty_messages(tx, project, conversation).await?;
    media::remove_of_conversation(tx, project, conversation).await?;
    erasure::empty_lead(tx, project, (lead, conversation), now).await?;
    lead_search::remove(tx, lead).await?;
    for click in &clicks {
        erasure::empty_click(tx, project, &without_person(click)).await?;
    }
    let mut deliveries = 0;
    for event in &events {
        deliveries += erasure::empty_event(tx, project, *event).await?;
    }
    // The last one: who writes at the same time locks a chat behind all else, too.
    chats::remove(tx, project, conversation).await?;
    Ok(erasure_of(counts, &clicks, &events, deliveries))
}

/// The click with pages without their parameters, and of the campaign what names no click.
fn without_person(click: &PersonalClick) -> PersonalClick {
    let page =
        |url: &Option<String>| url.as_deref().map(|url| url.split(['?', '#']).next().unwrap_or_default().to_owned());
    let params: Map<String, Value> = serde_json::from_str(&click.parsed_params).unwrap_or_default();
    let campaign: Map<String, Value> = params.into_iter().filter(|(name, _)| name.starts_with("utm_")).collect();
    PersonalClick {
        click_url: page(&click.click_url),
        first_raw_url: page(&click.first_raw_url),
        parsed_params: Value::Object(campaign).to_string(),
        ..click.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClickId;

    #[test]
    fn of_a_click_the_campaign_stays() {
        let click = PersonalClick {
            id: ClickId(1),
            created_at: Timestamp::UNIX_EPOCH,
            correlation_id: "O-aB3dE9z".to_owned(),
            click_url: Some("https://shop.example/a?email=mei@example.com#x".to_owned()),
            first_raw_url: None,
            parsed_params: r#"{"utm_source":"google","gclid":"abc"}"#.to_owned(),
        };
        let left = without_person(&click);
        assert_eq!(left.click_url.as_deref(), Some("https://shop.example/a"));
        assert_eq!(left.parsed_params, r#"{"utm_source":"google"}"#);
    }
}
