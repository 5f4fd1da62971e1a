//! Jobs that resend what a filter matches. A job is claimed by a slice, as other work is: see `due_at`.

use super::window::Position;
use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::closed_set::closed_set;
use crate::domain::ids::{ProjectId, ResendJobId, WebhookId};
use crate::domain::time::Timestamp;
use crate::params;

closed_set! {
    /// Where a job is.
    pub enum JobState {
        /// Slices are made due.
        Running = "running",
        /// All that matched was made due.
        Done = "done",
        /// Somebody stopped it.
        Stopped = "stopped",
    }
}

/// A job.
#[derive(Clone, Debug)]
pub struct ResendJob {
    /// Row key.
    pub id: ResendJobId,
    /// The tenant.
    pub project: ProjectId,
    /// Who started it: an e-mail address, or the kind of actor.
    pub started_by: String,
    /// The filter, as it stands in the address of the log.
    pub filter: String,
    /// What it came to when the job began, JSON.
    pub predicate: String,
    /// How many it matched when the job began.
    pub matched: i64,
    /// How many are due again so far.
    pub resent: i64,
    /// Where it is.
    pub state: JobState,
    /// Whose deliveries it resends.
    pub webhook: WebhookId,
    /// Behind which of its deliveries the next slice begins.
    pub after: Position,
    /// How often it was claimed: the fence of a slice.
    pub claims: i64,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, project_id, started_by, filter, predicate, matched, resent, state, webhook_id, after_at, after_id, claims, created_at,
         ended_at"
    };
}

fn read(row: &Row<'_>) -> Result<ResendJob> {
    let state: String = row.get(7)?;
    Ok(ResendJob {
        id: row.get(0)?,
        project: row.get(1)?,
        started_by: row.get(2)?,
        filter: row.get(3)?,
        predicate: row.get(4)?,
        matched: row.get(5)?,
        resent: row.get(6)?,
        state: JobState::parse(&state).ok_or(Error::Column(7))?,
        webhook: row.get(8)?,
        after: Position { created_at: row.get(9)?, id: row.get(10)? },
        claims: row.get(11)?,
        created_at: row.get(12)?,
        ended_at: row.get(13)?,
    })
}

/// What a job starts with.
#[derive(Clone, Debug)]
pub struct NewResendJob {
    /// As in [`ResendJob::started_by`].
    pub started_by: String,
    /// As in [`ResendJob::filter`].
    pub filter: String,
    /// As in [`ResendJob::predicate`].
    pub predicate: String,
    /// As in [`ResendJob::matched`].
    pub matched: i64,
    /// As in [`ResendJob::webhook`].
    pub webhook: WebhookId,
    /// Behind which delivery the first slice begins.
    pub after: Position,
}

/// Starts a job, which is due at once.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewResendJob, now: Timestamp) -> Result<ResendJobId> {
    tx.get(
        "INSERT INTO resend_jobs (project_id, started_by, filter, predicate, matched, resent, state, webhook_id, after_at,
                                  after_id, due_at, claims, created_at)
         VALUES ($1, $2, $3, $4, $5, 0, 'running', $6, $7, $8, $9, 0, $9)
         RETURNING id",
        params![
            project,
            &new.started_by,
            &new.filter,
            &new.predicate,
            new.matched,
            new.webhook,
            new.after.created_at,
            new.after.id,
            now
        ],
        |row| row.get(0),
    )
    .await
}

/// The newest jobs of a project.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<ResendJob>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM resend_jobs WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
        params![project, i64::MAX, most],
        read,
    )
    .await
}

/// Ends a job that runs, as done or stopped; `false` where the project has none of that key, or it has ended.
pub async fn end(tx: &Tx, project: ProjectId, job: ResendJobId, state: JobState, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE resend_jobs
         SET state = $3, due_at = NULL, ended_at = $4
         WHERE project_id = $1 AND id = $2 AND state = 'running'",
        params![project, job, state.as_str(), now],
    )
    .await
}

/// Claims the job of any project that is due first, until `lease_until`. For the worker, which works for every tenant.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp) -> Result<Option<ResendJob>> {
    const DUE: Sql = Sql {
        sqlite: "SELECT id FROM resend_jobs WHERE due_at <= $1 ORDER BY due_at LIMIT 1",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "SELECT id FROM resend_jobs WHERE due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
    };
    let Some(job) = tx.find(DUE, params![now], |row| row.get::<ResendJobId>(0)).await? else { return Ok(None) };
    tx.find(
        concat!("UPDATE resend_jobs SET due_at = $2, claims = claims + 1 WHERE id = $1 RETURNING ", columns!()),
        params![job, lease_until],
        read,
    )
    .await
}

/// What a slice made of its job.
#[derive(Clone, Copy, Debug)]
pub struct SliceEnd {
    /// How many it made due.
    pub resent: i64,
    /// Behind which delivery the next slice begins.
    pub after: Position,
    /// When the next slice is due.
    pub due_at: Timestamp,
}

/// Ends a slice; `false` where the job was claimed again or stopped meanwhile: then nothing of the slice may stay.
pub async fn end_slice(tx: &Tx, job: &ResendJob, end: SliceEnd) -> Result<bool> {
    tx.execute_one(
        "UPDATE resend_jobs
         SET resent = resent + $4, after_at = $5, after_id = $6, due_at = $7
         WHERE project_id = $1 AND id = $2 AND claims = $3 AND state = 'running'",
        params![job.project, job.id, job.claims, end.resent, end.after.created_at, end.after.id, end.due_at],
    )
    .await
}
