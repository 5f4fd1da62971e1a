//! Jobs that resend all failed deliveries that a filter of the log matches.
//!
//! A job is of one webhook, so that a slow one delays no other. It is started with the exact count, and runs in slices that the
//! worker claims: each makes a few hundred deliveries due, in one transaction behind the fence of its claim. The next one waits
//! until most of these are sent, so that a job goes as fast as its webhook takes them, and stopping it keeps the rest from being
//! sent. What fails again meanwhile is not resent a second time, since a job goes through the log once.

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
use crate::domain::ids::{ConversationId, DeliveryId, ProjectId, ResendJobId, WebhookId};
use crate::domain::time::{SignedDuration, Timestamp, from_microseconds};
use crate::notifier::Work;
use crate::store::delivery_filter::Filter;
use crate::store::resend_jobs::{self, JobState, NewResendJob, ResendJob, SliceEnd};
use crate::store::webhooks::{self, Webhook};
use crate::store::window::Position;
use crate::store::{audit, delivery_counts, delivery_log, failed_deliveries};

/// Deliveries of a slice.
const SLICE: u32 = 500;
/// While so many of a webhook are due, its jobs wait.
const DUE_MAX: u32 = 250;
/// How long a job waits before it looks again.
const WAIT: SignedDuration = SignedDuration::from_secs(1);

/// How many failed deliveries a filter matches: exactly, and what [`start_resend`] would resend.
pub async fn count_matching(core: &Core, project: ProjectId, filter: &LogFilter) -> anyhow::Result<i64> {
    count_matching_up_to(core, project, filter, i64::MAX).await
}

/// [`count_matching`], counted up to `most`.
pub async fn count_matching_up_to(
    core: &Core,
    project: ProjectId,
    filter: &LogFilter,
    most: i64,
) -> anyhow::Result<i64> {
    let (filter, now) = (filter.clone(), core.clock.now());
    let count = async move |conn: &Conn| match filter.resolve(conn, project, now).await? {
        Some(filter) => count(conn, project, &filter, most).await,
        None => Ok(0),
    };
    core.db.read(count).await
}

async fn count(conn: &Conn, project: ProjectId, filter: &Filter, most: i64) -> anyhow::Result<i64> {
    if !is_of_failed(filter) {
        return Ok(0);
    }
    let mut matched = 0;
    for webhook in webhooks_of(conn, project, filter).await? {
        matched += failed_deliveries::count(conn, project, webhook.id, filter, most - matched).await?;
    }
    Ok(matched)
}

/// Only what failed is resent in bulk.
fn is_of_failed(filter: &Filter) -> bool {
    filter.status.is_none_or(|status| status == DeliveryStatus::Failed)
}

/// The webhooks that a filter is about, in the order of their keys.
async fn webhooks_of(conn: &Conn, project: ProjectId, filter: &Filter) -> anyhow::Result<Vec<Webhook>> {
    let webhooks = webhooks::list(conn, project).await?.into_iter();
    Ok(webhooks.filter(|webhook| filter.webhook.is_none_or(|wanted| wanted == webhook.id)).collect())
}

/// Starts a job for each webhook of which the filter matches something now.
pub async fn start_resend(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    filter: &LogFilter,
) -> anyhow::Result<Vec<ResendJobId>> {
    let (actor, now, log_filter) = (actor.clone(), core.clock.now(), filter.clone());
    let start = async move |tx: &Tx| {
        let mut jobs = Vec::new();
        let Some(filter) = log_filter.resolve(tx, project, now).await? else { return Ok(jobs) };
        if !is_of_failed(&filter) {
            return Ok(jobs);
        }
        // Events of this very moment are counted too.
        let filter = Filter { until: filter.until.min(now + SignedDuration::from_micros(1)), ..filter };
        for webhook in webhooks_of(tx, project, &filter).await? {
            let matched = failed_deliveries::count(tx, project, webhook.id, &filter, i64::MAX).await?;
            if matched == 0 {
                continue;
            }
            let of_webhook = LogFilter { webhook: Some(webhook.public_id), ..log_filter.clone() };
            let new = NewResendJob {
                started_by: name_of(&actor),
                filter: of_webhook.query(),
                predicate: serde_json::to_string(&Predicate::of(&filter))?,
                matched,
                webhook: webhook.id,
                after: Position::before(filter.from),
            };
            let job = resend_jobs::insert(tx, project, &new, now).await?;
            let change = Change::new(Action::StartResend, Object::Resend(job));
            let change = change.with(json!({"deliveries": matched, "filter": new.filter}));
            audit::record(tx, project, &actor, &change, now).await?;
            jobs.push(job);
        }
        Ok(jobs)
    };
    core.db.write(start).await
}

/// An e-mail address, or the kind of actor.
fn name_of(actor: &Actor) -> String {
    match actor {
        Actor::Person(person) => person.email.clone(),
        other => other.kind().to_owned(),
    }
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

/// Claims a job that is due and takes its next step; `false` where none is.
pub async fn run_slice(core: &Core) -> anyhow::Result<bool> {
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    let claimed = core.db.write(async move |tx| Ok(resend_jobs::claim(tx, now, lease_until).await?)).await?;
    let Some(job) = claimed else { return Ok(false) };
    let filter = serde_json::from_str::<Predicate>(&job.predicate).context("the filter of a job")?.filter();
    let looked = job.clone();
    // Found by reading: a long search blocks no other write.
    let step = core.db.read(async move |conn| next_step(conn, &looked, &filter, now).await).await?;
    core.db.write(async move |tx| take_step(tx, &job, &step, now).await).await?;
    core.notifier.notify(Work::Deliveries);
    Ok(true)
}

/// What there is to do for a job.
enum Step {
    /// These are made due.
    Resend(Vec<Position>),
    /// Enough of the webhook is due.
    Wait,
    /// Nothing is left.
    End,
}

async fn next_step(conn: &Conn, job: &ResendJob, filter: &Filter, now: Timestamp) -> anyhow::Result<Step> {
    let failed = failed_deliveries::behind(conn, job.project, job.webhook, filter, (job.after, SLICE)).await?;
    if failed.is_empty() {
        return Ok(Step::End);
    }
    let is_busy = delivery_counts::has_due(conn, job.project, job.webhook, now, DUE_MAX).await?;
    Ok(if is_busy { Step::Wait } else { Step::Resend(failed) })
}

async fn take_step(tx: &Tx, job: &ResendJob, step: &Step, now: Timestamp) -> anyhow::Result<()> {
    let mut end = SliceEnd { resent: 0, after: job.after, due_at: now };
    match step {
        Step::End => {
            resend_jobs::end(tx, job.project, job.id, JobState::Done, now).await?;
            return Ok(());
        }
        Step::Wait => end.due_at = now + WAIT,
        Step::Resend(failed) => {
            for delivery in failed {
                let is_due = delivery_log::resend_if_failed(tx, job.project, DeliveryId(delivery.id), now).await?;
                end.resent += i64::from(is_due);
            }
            end.after = failed.last().copied().context("a slice has deliveries")?;
        }
    }
    if !resend_jobs::end_slice(tx, job, end).await? {
        bail!("the job was stopped, or claimed again");
    }
    if end.resent > 0 {
        let change = Change::new(Action::ResendDeliveries, Object::Resend(job.id));
        audit::record(tx, job.project, &Actor::System, &change.with(json!({"deliveries": end.resent})), now).await?;
    }
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
    /// The time and the row key of each.
    events: Vec<(i64, i64)>,
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
            events: filter.events.iter().map(|at| (at.created_at, at.id)).collect(),
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
            events: self.events.into_iter().map(|(created_at, id)| Position { created_at, id }).collect(),
        }
    }
}
