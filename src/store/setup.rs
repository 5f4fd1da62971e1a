//! How far a project is set up: what each step is seen by.

use crate::db::{Conn, Result, Tx};
use crate::domain::attributed::Attributed;
use crate::domain::counts::Series;
use crate::domain::ids::ProjectId;
use crate::params;

/// What is seen of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether people can write somewhere.
    pub channel: bool,
    /// The newest button.
    pub widget: Option<String>,
    /// Whether a button was ever clicked.
    pub clicked: bool,
    /// Whether a visit came by an ad that told its campaign.
    pub ad: bool,
    /// A page to which an ad led with placeholders in its address.
    pub unfilled: Option<String>,
    /// Whether it is known of somebody who wrote where they came from.
    pub attributed: bool,
    /// Whether a lead had all that the form requires.
    pub complete: bool,
    /// Whether a webhook answered.
    pub answered: bool,
    /// Whether somebody was called qualified or won.
    pub sold: bool,
}

/// What is seen of a project.
pub async fn seen(conn: &Conn, project: ProjectId) -> Result<Seen> {
    let [by_id, mended, by_ad] = Attributed::KNOWN.map(Attributed::code);
    conn.get(
        "SELECT EXISTS (SELECT 1 FROM channels WHERE project_id = $1),
                (SELECT public_id FROM widgets WHERE project_id = $1 ORDER BY id DESC LIMIT 1),
                EXISTS (SELECT 1 FROM sources WHERE project_id = $1 AND widget_id IS NOT NULL),
                EXISTS (SELECT 1 FROM ads WHERE project_id = $1),
                (SELECT landing FROM sources WHERE trouble = 'macro' AND project_id = $1 ORDER BY id DESC LIMIT 1),
                EXISTS (SELECT 1 FROM lead_steps WHERE project_id = $1 AND complete_at > 0),
                EXISTS (
                    SELECT 1
                    FROM webhooks AS w
                    JOIN delivery_counts AS c ON c.webhook_id = w.id AND c.quarter > 0
                    WHERE w.project_id = $1 AND w.removed_at IS NULL AND c.delivered > 0
                ),
                EXISTS (SELECT 1 FROM lead_steps WHERE project_id = $1 AND qualified_at > 0),
                EXISTS (
                    SELECT 1
                    FROM counts
                    WHERE project_id = $1 AND series = $2 AND at > 0 AND subject IN ($3, $4, $5) AND conversations > 0
                )",
        params![project, Series::AttributedDay.as_i64(), by_id, mended, by_ad],
        |row| {
            Ok(Seen {
                channel: row.get(0)?,
                widget: row.get(1)?,
                clicked: row.get(2)?,
                ad: row.get(3)?,
                unfilled: row.get(4)?,
                complete: row.get(5)?,
                answered: row.get(6)?,
                sold: row.get(7)?,
                attributed: row.get(8)?,
            })
        },
    )
    .await
}

/// The steps that a project's people skipped, with spaces between.
pub async fn skipped(conn: &Conn, project: ProjectId) -> Result<String> {
    conn.get("SELECT setup_skipped FROM projects WHERE id = $1", params![project], |row| row.get(0)).await
}

/// Stores the steps that a project's people skipped.
pub async fn set_skipped(tx: &Tx, project: ProjectId, skipped: &str) -> Result<u64> {
    tx.execute("UPDATE projects SET setup_skipped = $2 WHERE id = $1", params![project, skipped]).await
}
