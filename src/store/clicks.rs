//! Clicks: every press of a widget, and the requests that were no press.

use crate::db::{Result, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// What is stored of a press.
#[derive(Clone, Debug)]
pub struct NewClick<'a> {
    /// Row key of its session.
    pub session_id: i64,
    /// Row key of the widget.
    pub widget_id: i64,
    /// The page of the press.
    pub click_url: Option<&'a str>,
    /// The first page of the visit.
    pub first_raw_url: Option<&'a str>,
    /// Where the visit came from.
    pub referrer: Option<&'a str>,
    /// A JSON object.
    pub parsed_params: &'a str,
    /// As the project's policy allows.
    pub ip_address: Option<&'a str>,
    /// As the browser told it.
    pub user_agent: Option<&'a str>,
}

/// Stores a press.
pub async fn insert(tx: &Tx, project: ProjectId, click: &NewClick<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO clicks (project_id, session_id, widget_id, click_url, first_raw_url, referrer, parsed_params,
                             ip_address, user_agent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            project.0,
            click.session_id,
            click.widget_id,
            click.click_url,
            click.first_raw_url,
            click.referrer,
            click.parsed_params,
            click.ip_address,
            click.user_agent,
            now
        ],
    )
    .await
}

/// Counts requests that were no press of a person. `day` is `2026-01-31`, `kind` for example `crawler`.
pub async fn add_uncounted(tx: &Tx, widget: i64, day: &str, kind: &str, visits: i64) -> Result<u64> {
    tx.execute(
        "INSERT INTO uncounted_visits (widget_id, day, kind, visits)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (widget_id, day, kind) DO UPDATE SET visits = uncounted_visits.visits + excluded.visits",
        params![widget, day, kind, visits],
    )
    .await
}
