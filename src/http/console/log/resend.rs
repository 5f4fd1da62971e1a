//! Resending all failed deliveries that the filter of the log matches: asked back with the exact count, then a job.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::form::Form;
use super::super::frame::Frame;
use super::super::view::{go, page};
use super::super::webhook::health::grouped;
use super::super::who::{Member, Needs, Resend};
use super::{log_path, read_filter};
use crate::deliveries::log_filter::LogFilter;
use crate::deliveries::resend_matching::{count_matching, start_resend, stop_resend};
use crate::domain::account::Permission;
use crate::domain::ids::ResendJobId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::store::delivery_list;
use crate::store::resend_jobs::{self, JobState, ResendJob};

/// Jobs that are looked at.
const JOBS_MAX: u32 = 20;
/// How long a job is shown after its end.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// A job as the log shows it.
pub struct JobRow {
    /// The key, in addresses.
    pub id: ResendJobId,
    /// What its webhook is called.
    pub webhook: String,
    /// The address of what it matched.
    pub filter: String,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub created_at: Timestamp,
    /// How many it matched.
    pub matched: String,
    /// How many are due again.
    pub resent: String,
    /// Whether it goes on.
    pub is_running: bool,
    /// Whether somebody stopped it.
    pub is_stopped: bool,
}

impl JobRow {
    fn new(job: ResendJob, webhook: String) -> Self {
        let text = |number: i64| grouped(number.unsigned_abs());
        Self {
            id: job.id,
            webhook,
            filter: job.filter,
            started_by: job.started_by,
            created_at: job.created_at,
            matched: text(job.matched),
            resent: text(job.resent),
            is_running: job.state == JobState::Running,
            is_stopped: job.state == JobState::Stopped,
        }
    }
}

/// The jobs on a page.
pub struct Jobs(Vec<JobRow>);

impl Jobs {
    /// All of them, the newest first.
    pub fn rows(&self) -> &[JobRow] {
        &self.0
    }

    /// Whether the page has to look again.
    pub fn are_running(&self) -> bool {
        self.0.iter().any(|job| job.is_running)
    }
}

/// The jobs that run or ended a short time ago.
pub async fn jobs_of<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<Jobs> {
    let (project, now) = (member.project.id, engines.core.clock.now());
    let read = engines.core.db.read(async move |conn| {
        Ok((resend_jobs::list(conn, project, JOBS_MAX).await?, delivery_list::webhooks(conn, project).await?))
    });
    let (jobs, webhooks) = read.await?;
    let titles: HashMap<_, _> = webhooks.into_iter().map(|webhook| (webhook.id, webhook.title)).collect();
    let is_shown = |job: &ResendJob| job.ended_at.is_none_or(|ended_at| now < ended_at + SHOWN_FOR);
    let row = |job: ResendJob| {
        let webhook = titles.get(&job.webhook).cloned().unwrap_or_default();
        JobRow::new(job, webhook)
    };
    Ok(Jobs(jobs.into_iter().filter(is_shown).map(row).collect()))
}

#[derive(Template)]
#[template(path = "log/jobs_part.html")]
struct JobsPart {
    frame: Frame,
    jobs: Jobs,
}

#[derive(Template)]
#[template(path = "log/resend.html")]
struct ResendPage {
    frame: Frame,
    filter: LogFilter,
    matched: i64,
    matched_text: String,
}

pub async fn jobs(State(engines): State<Engines>, member: Member) -> Result<Response> {
    let frame = Frame::of_member(&engines.core, &member, "log").await?;
    page(&JobsPart { jobs: jobs_of(&engines, &member).await?, frame })
}

/// Asks back, with the exact count.
pub async fn ask(State(engines): State<Engines>, member: Member<Resend>, query: Query) -> Result<Response> {
    let filter = read_filter(&query);
    let matched = count_matching(&engines.core, member.project.id, &filter).await?;
    page(&ResendPage {
        frame: Frame::of_member(&engines.core, &member, "log").await?,
        filter,
        matched,
        matched_text: grouped(matched.unsigned_abs()),
    })
}

pub async fn start(State(engines): State<Engines>, member: Member<Resend>, form: Form) -> Result<Response> {
    let filter = LogFilter::read(|name| Some(form.text(name)));
    start_resend(&engines.core, &member.actor(), member.project.id, &filter).await?;
    Ok(go(&format!("{}?{}", log_path(&member), filter.query())))
}

pub async fn stop(
    State(engines): State<Engines>,
    member: Member<Resend>,
    Path((_, job)): Path<(String, String)>,
) -> Result<Response> {
    let Ok(job) = job.parse() else { return Err(no_such_path().await) };
    if !stop_resend(&engines.core, &member.actor(), member.project.id, job).await?
        && !has_ended(&engines, &member, job).await?
    {
        return Err(no_such_path().await);
    }
    Ok(go(&log_path(&member)))
}

/// Whether the job is one of the project's that ended before somebody pressed Stop.
async fn has_ended(engines: &Engines, member: &Member<Resend>, job: ResendJobId) -> Result<bool> {
    let project = member.project.id;
    let jobs = engines.core.db.read(async move |conn| Ok(resend_jobs::list(conn, project, JOBS_MAX).await?)).await?;
    Ok(jobs.iter().any(|one| one.id == job))
}
