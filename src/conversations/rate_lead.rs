//! What people of the business say of leads: the stage, what it is worth, and the quality. Of one, or of many at once.

use std::collections::BTreeMap;

use serde_json::{Number, json};

use super::decide_turn::lead_data;
use super::edit_lead::{EditRefused, correlation_id};
use crate::agent::Known;
use crate::core::Core;
use crate::counts::leads::{ChangedLeads, count_leads};
use crate::db::Tx;
use crate::deliveries::emit::{emit_all, event_id};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::event::{Event, StageChangedData};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead::{Activity, Amount, Quality, Stage};
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::lead_rating::{self, Rating};
use crate::store::lead_view::{self, ViewedLead};
use crate::store::{audit, handling, lead_activity};

/// Characters of a reason.
pub const REASON_CHARS_MAX: usize = 300;
/// Leads that are rated at once.
pub const LEADS_MAX: usize = 10_000;
/// Leads of one transaction.
const SLICE: usize = 100;

/// Sets what people say of a lead. Webhooks that choose it are told of another stage.
pub async fn rate_lead(
    core: &Core,
    actor: &Actor,
    (project, lead): (ProjectId, LeadId),
    rating: Rating,
) -> Result<(), EditRefused> {
    if rating.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        return Err(EditRefused::Length(REASON_CHARS_MAX));
    }
    let (inside, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let rated = core.db.write(async move |tx| {
        let Some(before) = locked(tx, project, lead).await? else { return Ok(Err(EditRefused::Unknown)) };
        set(tx, &inside, &actor, (project, &before), &rating, now).await?;
        count_leads(tx, &inside, ChangedLeads::of(project, before.conversation), now).await?;
        Ok(Ok(()))
    });
    rated.await??;
    core.notifier.notify(Work::Deliveries);
    Ok(())
}

/// What is said of many leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkRating {
    /// How far they came; `None` while they are open. What a lead is worth is said of that lead alone.
    Stage(Option<Stage>),
    /// How good they are. A reason is said of one lead alone.
    Quality(Quality),
}

impl BulkRating {
    /// What is said of a lead then; `None` where that was said before.
    fn of(self, lead: &ViewedLead) -> Option<Rating> {
        let before = Rating {
            stage: lead.stage.as_deref().and_then(Stage::parse),
            amount: stored_amount(lead),
            quality: lead.quality,
            reason: lead.quality_reason.clone(),
        };
        match self {
            Self::Stage(stage) if stage != before.stage => Some(Rating { stage, amount: None, ..before }),
            Self::Quality(quality) if quality != before.quality => Some(Rating { quality, reason: None, ..before }),
            _ => None,
        }
    }
}

/// What came of rating many leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RatedLeads {
    /// Leads that were changed.
    pub changed: u64,
    /// Leads that were so before.
    pub same: u64,
}

/// Says one thing of many leads of a project, at most [`LEADS_MAX`], each with its conversation, as if it were said of each. Leads that
/// are not there any more are left out. Where it breaks off, those before are changed: doing it again does the rest.
pub async fn rate_leads(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    mut leads: Vec<(ConversationId, LeadId)>,
    said: BulkRating,
) -> anyhow::Result<RatedLeads> {
    let mut rated = RatedLeads::default();
    leads.truncate(LEADS_MAX);
    // In the order of their conversations, as everything locks several.
    leads.sort_unstable();
    for slice in leads.chunks(SLICE) {
        let (inside, actor, slice, now) = (core.clone(), actor.clone(), slice.to_vec(), core.clock.now());
        let done = core.db.write(async move |tx| {
            let mut rated = RatedLeads::default();
            let mut changed = ChangedLeads::default();
            for (conversation, lead) in slice {
                let Some(before) = locked(tx, project, lead).await? else { continue };
                match said.of(&before) {
                    None => rated.same += 1,
                    Some(rating) => {
                        set(tx, &inside, &actor, (project, &before), &rating, now).await?;
                        rated.changed += 1;
                        changed.conversations.push((project, conversation));
                    }
                }
            }
            count_leads(tx, &inside, changed, now).await?;
            Ok(rated)
        });
        let done = done.await?;
        rated.changed += done.changed;
        rated.same += done.same;
        core.notifier.notify(Work::Deliveries);
    }
    Ok(rated)
}

/// A lead that nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &Tx, project: ProjectId, lead: LeadId) -> anyhow::Result<Option<ViewedLead>> {
    if handling::lock(tx, project, lead).await?.is_none() {
        return Ok(None);
    }
    Ok(lead_view::find(tx, project, lead).await?)
}

async fn set(
    tx: &Tx,
    core: &Core,
    actor: &Actor,
    (project, before): (ProjectId, &ViewedLead),
    rating: &Rating,
    now: Timestamp,
) -> anyhow::Result<()> {
    let lead = before.id;
    lead_rating::set(tx, project, lead, rating, now).await?;
    let stage = rating.stage.map_or("open", Stage::as_str);
    let amount = rating.amount.as_ref();
    if before.stage.as_deref() != rating.stage.map(Stage::as_str) || stored_amount(before).as_ref() != amount {
        let event = stage_changed(tx, core, (project, before), rating, now).await?;
        emit_all(tx, &core.row_keys, &[(project, &event)]).await?;
        let text = amount.map_or(stage.to_owned(), |sum| format!("{stage} {} {}", sum.number(), sum.currency));
        lead_activity::insert(tx, project, lead, (Activity::Stage, &text, actor.user()), now).await?;
    }
    if before.quality != rating.quality {
        let quality = rating.quality.as_str();
        lead_activity::insert(tx, project, lead, (Activity::Quality, quality, actor.user()), now).await?;
    }
    let detail = json!({
        "stage": stage, "value": amount.map(Amount::number), "currency": amount.map(|sum| &sum.currency),
        "quality": rating.quality.as_str(),
    });
    let change = Change::new(Action::RateLead, Object::Lead(lead)).with(detail);
    audit::record(tx, project, actor, &change, now).await?;
    Ok(())
}

fn stored_amount(lead: &ViewedLead) -> Option<Amount> {
    Some(Amount { hundredths: lead.stage_value?, currency: lead.currency.clone()? })
}

async fn stage_changed(
    tx: &Tx,
    core: &Core,
    (project, lead): (ProjectId, &ViewedLead),
    rating: &Rating,
    now: Timestamp,
) -> anyhow::Result<Event> {
    let known: BTreeMap<String, Known> = serde_json::from_str(&lead.fields)?;
    let number = |sum: &Amount| -> Option<Number> {
        if sum.hundredths % 100 == 0 { Some((sum.hundredths / 100).into()) } else { sum.number().parse().ok() }
    };
    let correlation_id = correlation_id(tx, project, lead.conversation).await?;
    let data = StageChangedData {
        correlation_id: correlation_id.as_deref(),
        conversation_id: lead.conversation,
        stage: rating.stage.map(Stage::as_str),
        value: rating.amount.as_ref().and_then(number),
        currency: rating.amount.as_ref().map(|sum| sum.currency.as_str()),
        lead_data: &lead_data(&known, lead.intent.as_deref()),
    };
    Ok(Event::lead_stage_changed(event_id(&core.random, now), &data, now))
}
