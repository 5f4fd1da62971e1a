//! Jobs that resend all failed deliveries that a filter of the log matches.
//!
//! A job is started with the exact count, and runs in slices that the worker claims: each makes a few hundred deliveries due, in one
//! transaction behind the fence of its claim. How fast they are sent is a matter of their webhooks. What fails again meanwhile is
//! not resent a second time, since a job goes through the log once.

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::log_filter::LogFilter;
use crate::core::Core;
use crate::db::{Conn, Tx};
use crate::domain::actor::Actor;
use crate::domain::attempt_result::ResultRange;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::{ConversationId, DeliveryId, EventId, ProjectId, ResendJobId, WebhookId};
use crate::domain::time::{SignedDuration, Timestamp, from_microseconds};
use crate::notifier::Work;
use crate::store::delivery_list::{self, Filter};
use crate::store::resend_jobs::{self, JobState, NewResendJob, ResendJob, SliceEnd};
use crate::store::window::Position;
use crate::store::{audit, delivery_log, webhooks};

/// Deliveries of a slice.
const SLICE: u32 = 500;

/// How many failed deliveries a filter matches: exactly, and what [`start_resend`] would resend.
pub async fn count_matching(core: &Core, project: ProjectId, filter: &LogFilter) -> anyhow::Result<i64> {
    let (filter, now) = (filter.clone(), core.clock.now());
    let count = async move |conn: &Conn| match filter.resolve(conn, project, now).await? {
        Some(filter) => count(conn, project, &filter).await,
        None => Ok(0),
    };
    core.db.read(count).await
}

async fn count(conn: &Conn, project: ProjectId, filter: &Filter) -> anyhow::Result<i64> {
    if !is_of_failed(filter) {
        return Ok(0);
    }
    let mut matched = 0;
    for webhook in webhooks_of(conn, project, filter).await? {
        matched += delivery_list::count_failed(conn, project, webhook, filter).await?;
    }
    Ok(matched)
}

/// Only what failed is resent in bulk.
fn is_of_failed(filter: &Filter) -> bool {
    filter.status.is_none_or(|status| status == DeliveryStatus::Failed)
}

/// The webhooks that a filter is about, in the order of their keys.
async fn webhooks_of(conn: &Conn, project: ProjectId, filter: &Filter) -> anyhow::Result<Vec<WebhookId>> {
    let webhooks = webhooks::list(conn, project).await?.into_iter().map(|webhook| webhook.id);
    Ok(webhooks.filter(|id| filter.webhook.is_none_or(|wanted| wanted == *id)).collect())
}

/// Starts a job for what the filter matches now; `None` where that is nothing.
pub async fn start_resend(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    filter: &LogFilter,
) -> anyhow::Result<Option<ResendJobId>> {
    let (actor, now, address, log_filter) = (actor.clone(), core.clock.now(), filter.query(), filter.clone());
    let start = async move |tx: &Tx| {
        let Some(filter) = log_filter.resolve(tx, project, now).await? else { return Ok(None) };
        // Events of this very moment are counted too.
        let filter = Filter { until: filter.until.min(now + SignedDuration::from_micros(1)), ..filter };
        let matched = count(tx, project, &filter).await?;
        if matched == 0 {
            return Ok(None);
        }
        let started_by = match &actor {
            Actor::Person(person) => person.email.clone(),
            other => other.kind().to_owned(),
        };
        let predicate = serde_json::to_string(&Predicate::of(&filter))?;
        let new = NewResendJob { started_by, filter: address, predicate, matched };
        let job = resend_jobs::insert(tx, project, &new, now).await?;
        let change = Change::new(Action::StartResend, Object::Resend(job));
        let change = change.with(json!({"deliveries": matched, "filter": new.filter}));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Some(job))
    };
    core.db.write(start).await
}

/// Stops a job: what it made due already is sent. `false` where the project has no such job that runs.
pub async fn stop_resend(core: &Core, actor: &Actor, project: ProjectId, job: ResendJobId) -> anyhow::Result<bool> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let stop = async move |tx: &Tx| {
        if !resend_jobs::end(tx, project, job, JobState::Stopped, now).await? {
            return Ok(false);
        }
        audit::record(tx, project, &actor, &Change::new(Action::StopResend, Object::Resend(job)), now).await?;
        Ok(true)
    };
    core.db.write(stop).await
}

/// Claims a job that is due and makes its next slice due; `false` where none is.
pub async fn run_slice(core: &Core) -> anyhow::Result<bool> {
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    let claimed = core.db.write(async move |tx| Ok(resend_jobs::claim(tx, now, lease_until).await?)).await?;
    let Some(job) = claimed else { return Ok(false) };
    let filter = serde_json::from_str::<Predicate>(&job.predicate).context("the filter of a job")?.filter();
    let looked = job.clone();
    // Found by reading: a long search blocks no other write.
    let slice = core.db.read(async move |conn| next_slice(conn, &looked, &filter).await).await?;
    core.db.write(async move |tx| end_slice(tx, &job, slice, now).await).await?;
    core.notifier.notify(Work::Deliveries);
    Ok(true)
}

/// What a slice makes due.
struct Slice {
    webhook: WebhookId,
    failed: Vec<Position>,
}

/// The next slice of a job; `None` where nothing is left.
async fn next_slice(conn: &Conn, job: &ResendJob, filter: &Filter) -> anyhow::Result<Option<Slice>> {
    for webhook in webhooks_of(conn, job.project, filter).await?.into_iter().filter(|id| *id >= job.webhook) {
        let after = if webhook == job.webhook { job.after } else { Position::before(filter.from) };
        let failed = delivery_list::failed(conn, job.project, webhook, filter, (after, SLICE)).await?;
        if !failed.is_empty() {
            return Ok(Some(Slice { webhook, failed }));
        }
    }
    Ok(None)
}

async fn end_slice(tx: &Tx, job: &ResendJob, slice: Option<Slice>, now: Timestamp) -> anyhow::Result<()> {
    let Some(Slice { webhook, failed }) = slice else {
        resend_jobs::end(tx, job.project, job.id, JobState::Done, now).await?;
        return Ok(());
    };
    let mut resent = 0_i64;
    for delivery in &failed {
        resent += i64::from(delivery_log::resend_if_failed(tx, job.project, DeliveryId(delivery.id), now).await?);
    }
    let after = failed.last().copied().context("a slice has deliveries")?;
    if !resend_jobs::end_slice(tx, job, SliceEnd { resent, webhook, after, due_at: now }).await? {
        bail!("the job was stopped, or claimed again");
    }
    let change = Change::new(Action::ResendDeliveries, Object::Resend(job.id)).with(json!({"deliveries": resent}));
    audit::record(tx, job.project, &Actor::System, &change, now).await?;
    Ok(())
}

/// A [`Filter`] as a job keeps it.
#[derive(Serialize, Deserialize)]
struct Predicate {
    webhook: Option<WebhookId>,
    event_type: Option<String>,
    results: (i64, i64),
    from_us: i64,
    until_us: i64,
    conversations: Vec<ConversationId>,
    event: Option<EventId>,
    body_like: String,
}

impl Predicate {
    fn of(filter: &Filter) -> Self {
        Self {
            webhook: filter.webhook,
            event_type: filter.event_type.map(|event| event.as_str().to_owned()),
            results: (filter.results.least, filter.results.most),
            from_us: filter.from.as_microsecond(),
            until_us: filter.until.as_microsecond(),
            conversations: filter.conversations.clone(),
            event: filter.event,
            body_like: filter.body_like.clone(),
        }
    }

    fn filter(self) -> Filter {
        Filter {
            webhook: self.webhook,
            status: Some(DeliveryStatus::Failed),
            event_type: self.event_type.as_deref().and_then(EventType::parse),
            results: ResultRange { least: self.results.0, most: self.results.1 },
            from: from_microseconds(self.from_us),
            until: from_microseconds(self.until_us),
            conversations: self.conversations,
            event: self.event,
            body_like: self.body_like,
        }
    }
}
