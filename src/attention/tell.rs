//! Tells people and operational webhooks of an item.

use crate::core::Core;
use crate::db::Tx;
use crate::deliveries::emit::{emit_but_to, event_id};
use crate::domain::attention::AttentionKind;
use crate::domain::event::{AttentionData, AttentionSubject, Event, EventType};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::{Timestamp, with_milliseconds};
use crate::mails;
use crate::store::attention::AttentionItem;
use crate::store::{alerts, projects};

/// People who are told of one item: all that a project may have.
const PEOPLE_MAX: u32 = 500;

/// Tells that an item was opened, or closed, in the transaction that did it.
pub(super) async fn tell(core: &Core, tx: &Tx, item: &AttentionItem, now: Timestamp) -> anyhow::Result<()> {
    if item.project == ProjectId::INSTANCE {
        let operators = alerts::operators(tx, PEOPLE_MAX).await?;
        return write(core, tx, item, operators.iter().map(|user| (user.id, user.email.as_str())), now).await;
    }
    emit(core, tx, item, now).await?;
    if core.mailer.is_none() {
        return Ok(());
    }
    let members = alerts::members(tx, item.project, PEOPLE_MAX).await?;
    let told = members.iter().filter(|member| member.alerts.has(item.kind));
    write(core, tx, item, told.map(|member| (member.user.id, member.user.email.as_str())), now).await
}

async fn write<'a>(
    core: &Core,
    tx: &Tx,
    item: &AttentionItem,
    people: impl Iterator<Item = (crate::domain::ids::UserId, &'a str)>,
    now: Timestamp,
) -> anyhow::Result<()> {
    for person in people {
        mails::tell(core, tx, person, (item.id, item.closed_at.is_some()), now).await?;
    }
    Ok(())
}

/// A webhook is not told of what is wrong with itself: it would fail at that too.
async fn emit(core: &Core, tx: &Tx, item: &AttentionItem, now: Timestamp) -> anyhow::Result<()> {
    let project = projects::get(tx, item.project).await?;
    let page = item.kind.page(&item.subject);
    let data = AttentionData {
        attention_id: item.id,
        project_id: &project.public_id,
        kind: item.kind.as_str(),
        subject: AttentionSubject {
            kind: item.kind.subject_kind(),
            id: if item.subject.is_empty() { &project.public_id } else { &item.subject },
        },
        title: &item.title,
        message: &item.message,
        since: with_milliseconds(item.since),
        closed_at: item.closed_at.map(with_milliseconds),
        url: &format!("{}/p/{}/{page}", core.config.base_url, project.public_id),
    };
    let event_type = if item.closed_at.is_some() { EventType::AttentionClosed } else { EventType::AttentionOpened };
    let event = Event::attention(event_type, event_id(&core.random, now), &data, now);
    let is_of_webhook = matches!(item.kind, AttentionKind::WebhookOff | AttentionKind::WebhookFailing);
    let but_to = is_of_webhook.then_some(WebhookId(item.subject_id));
    Ok(emit_but_to(tx, &core.row_keys, &[(item.project, &event)], but_to).await?)
}
