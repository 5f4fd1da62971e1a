//! Counts of attempts by webhook and quarter of an hour, and what waits: the health of webhooks.

use std::collections::HashMap;

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::latency::Latencies;
use crate::domain::time::Timestamp;
use crate::params;

/// Up to so many waiting deliveries are counted exactly.
pub const COUNTED_MAX: i64 = 10_000;

/// Attempts of a webhook in a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuarterCounts {
    /// Quarters since 1970, in UTC.
    pub quarter: i64,
    /// Attempts that delivered.
    pub delivered: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// How long responses took.
    pub latencies: Latencies,
}

/// The counts of all webhooks of a project from a quarter on, oldest first.
pub async fn since(conn: &Conn, project: ProjectId, quarter: i64) -> Result<HashMap<WebhookId, Vec<QuarterCounts>>> {
    let rows = conn
        .query(
            "SELECT c.webhook_id, c.quarter, CAST(SUM(c.delivered) AS BIGINT), CAST(SUM(c.failed) AS BIGINT),
                    CAST(SUM(c.b0) AS BIGINT), CAST(SUM(c.b1) AS BIGINT), CAST(SUM(c.b2) AS BIGINT),
                    CAST(SUM(c.b3) AS BIGINT), CAST(SUM(c.b4) AS BIGINT), CAST(SUM(c.b5) AS BIGINT),
                    CAST(SUM(c.b6) AS BIGINT), CAST(SUM(c.b7) AS BIGINT), CAST(SUM(c.b8) AS BIGINT),
                    CAST(SUM(c.b9) AS BIGINT), CAST(SUM(c.b10) AS BIGINT), CAST(SUM(c.b11) AS BIGINT)
             FROM webhooks AS w
             JOIN delivery_counts AS c ON c.webhook_id = w.id AND c.quarter >= $2
             WHERE w.project_id = $1 AND w.removed_at IS NULL
             GROUP BY c.webhook_id, c.quarter
             ORDER BY c.webhook_id, c.quarter",
            params![project, quarter],
            |row| {
                let mut latencies = Latencies::default();
                for (at, bucket) in latencies.0.iter_mut().enumerate() {
                    *bucket = row.get(4 + at)?;
                }
                let counts =
                    QuarterCounts { quarter: row.get(1)?, delivered: row.get(2)?, failed: row.get(3)?, latencies };
                Ok((row.get::<WebhookId>(0)?, counts))
            },
        )
        .await?;
    let mut of_webhooks: HashMap<_, Vec<_>> = HashMap::new();
    for (webhook, counts) in rows {
        of_webhooks.entry(webhook).or_default().push(counts);
    }
    Ok(of_webhooks)
}

/// What waits for a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingCount {
    /// Deliveries, at most one more than [`COUNTED_MAX`].
    pub deliveries: i64,
    /// When the event of the oldest of them happened.
    pub oldest_at: Option<Timestamp>,
}

/// What waits for some webhooks of a project.
pub async fn waiting(
    conn: &Conn,
    project: ProjectId,
    webhooks: &[WebhookId],
) -> Result<HashMap<WebhookId, WaitingCount>> {
    const WAITING: Sql = Sql {
        sqlite: "SELECT $2, COUNT(*), MIN(created_at)
                 FROM (
                     SELECT created_at
                     FROM deliveries
                     WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2) AND status = 'pending'
                     ORDER BY due_at
                     LIMIT $3
                 ) AS pending",
        postgres: "SELECT wanted.webhook_id, waiting.deliveries, waiting.oldest_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (project_id, webhook_id, most)
                   CROSS JOIN LATERAL (
                       SELECT COUNT(*) AS deliveries, MIN(created_at) AS oldest_at
                       FROM (
                           SELECT created_at
                           FROM deliveries
                           WHERE webhook_id = (
                               SELECT id FROM webhooks WHERE project_id = wanted.project_id AND id = wanted.webhook_id
                           ) AND status = 'pending'
                           ORDER BY due_at
                           LIMIT wanted.most
                       ) AS pending
                   ) AS waiting",
    };
    let rows: Vec<_> = webhooks.iter().map(|id| [project.into(), (*id).into(), (COUNTED_MAX + 1).into()]).collect();
    let counts = conn.query_rows(WAITING, &rows, |row| {
        Ok((row.get(0)?, WaitingCount { deliveries: row.get(1)?, oldest_at: row.get(2)? }))
    });
    Ok(counts.await?.into_iter().collect())
}

/// Whether at least so many deliveries of a project's webhook are due.
pub async fn has_due(conn: &Conn, project: ProjectId, webhook: WebhookId, now: Timestamp, least: u32) -> Result<bool> {
    let last = conn
        .find(
            "SELECT due_at
             FROM deliveries
             WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2) AND status = 'pending'
               AND due_at <= $3
             ORDER BY due_at
             LIMIT 1 OFFSET $4",
            params![project, webhook, now, least.saturating_sub(1)],
            |row| row.get::<Timestamp>(0),
        )
        .await?;
    Ok(last.is_some())
}

/// Deliveries of a webhook that fail alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailingGroup {
    /// The webhook.
    pub webhook: WebhookId,
    /// What their last attempts came to, as [`crate::domain::attempt_result::AttemptResult::code`] has it.
    pub result: i64,
    /// How many are tried again.
    pub retried: i64,
    /// How many wait for a person.
    pub failed: i64,
    /// When the next of them is tried.
    pub next_at: Option<Timestamp>,
    /// When the event of the oldest happened.
    pub since: Timestamp,
}

const FAILING: Sql = Sql {
    sqlite: "SELECT $2, result, SUM(status = 'pending'), SUM(status = 'failed'), MIN(due_at), MIN(created_at)
             FROM (
                 SELECT * FROM (
                     SELECT result, status, NULL AS due_at, created_at
                     FROM deliveries
                     WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2)
                       AND status = 'failed' AND created_at >= $3
                     ORDER BY created_at DESC
                     LIMIT $4
                 )
                 UNION ALL
                 SELECT * FROM (
                     SELECT result, status, due_at, created_at
                     FROM deliveries
                     WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2)
                       AND status = 'pending'
                     ORDER BY due_at DESC
                     LIMIT $4
                 )
                 WHERE created_at >= $3 AND result <> 0
             ) AS found
             GROUP BY result",
    postgres: "SELECT wanted.webhook_id, found.*
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                   AS wanted (project_id, webhook_id, since, most)
               JOIN webhooks AS w ON w.project_id = wanted.project_id AND w.id = wanted.webhook_id
               CROSS JOIN LATERAL (
                   SELECT result, COUNT(*) FILTER (WHERE status = 'pending'),
                          COUNT(*) FILTER (WHERE status = 'failed'), MIN(due_at), MIN(created_at)
                   FROM (
                       (
                           SELECT result, status, CAST(NULL AS BIGINT) AS due_at, created_at
                           FROM deliveries
                           WHERE webhook_id = w.id AND status = 'failed' AND created_at >= wanted.since
                           ORDER BY created_at DESC
                           LIMIT wanted.most
                       )
                       UNION ALL
                       SELECT * FROM (
                           SELECT result, status, due_at, created_at
                           FROM deliveries
                           WHERE webhook_id = w.id AND status = 'pending'
                           ORDER BY due_at DESC
                           LIMIT wanted.most
                       ) AS pending
                       WHERE created_at >= wanted.since AND result <> 0
                   ) AS either
                   GROUP BY result
               ) AS found",
};

/// Those of some webhooks of a project, of events from `since` on. Of each webhook, and of each of both states, the newest
/// [`COUNTED_MAX`] are looked at.
pub async fn failing(
    conn: &Conn,
    project: ProjectId,
    webhooks: &[WebhookId],
    since: Timestamp,
) -> Result<Vec<FailingGroup>> {
    let row = |id: &WebhookId| [project.into(), (*id).into(), since.into(), COUNTED_MAX.into()];
    let rows: Vec<_> = webhooks.iter().map(row).collect();
    conn.query_rows(FAILING, &rows, |row| {
        Ok(FailingGroup {
            webhook: row.get(0)?,
            result: row.get(1)?,
            retried: row.get(2)?,
            failed: row.get(3)?,
            next_at: row.get(4)?,
            since: row.get(5)?,
        })
    })
    .await
}

/// Removes up to `most` counts of quarters before `quarter`, of every project: for the retention job.
pub async fn remove_old(tx: &Tx, quarter: i64, most: u32) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM delivery_counts
                 WHERE rowid IN (SELECT rowid FROM delivery_counts WHERE quarter < $1 ORDER BY quarter LIMIT $2)",
        postgres: "DELETE FROM delivery_counts AS old
                   USING (
                       SELECT webhook_id, quarter, slot FROM delivery_counts WHERE quarter < $1 ORDER BY quarter LIMIT $2
                   ) AS found
                   WHERE old.webhook_id = found.webhook_id AND old.quarter = found.quarter AND old.slot = found.slot",
    };
    tx.execute(REMOVE, params![quarter, most]).await
}
