//! Clicks: every press of a widget, and the requests that were no press.

use super::locks::lock_names;
use crate::db::{Result, Sql, Tx, Value};
use crate::domain::ids::ProjectId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::params;

/// What is stored of a press.
#[derive(Clone, Debug)]
pub struct NewClick<'a> {
    /// Whose it is.
    pub project: ProjectId,
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
    /// When it was pressed.
    pub created_at: Timestamp,
    /// Its session is linked to a conversation.
    pub linked: bool,
}

impl<'a> NewClick<'a> {
    fn values(&self) -> [Value<'a>; 11] {
        [
            self.project.0.into(),
            self.session_id.into(),
            self.widget_id.into(),
            self.click_url.into(),
            self.first_raw_url.into(),
            self.referrer.into(),
            self.parsed_params.into(),
            self.ip_address.into(),
            self.user_agent.into(),
            self.created_at.into(),
            self.linked.into(),
        ]
    }
}

/// Keeps clicks of a visitor apart until the end of the transaction: the second sees the first's session, and what is stored
/// late sees whether it is stored already. Each visitor by the project's row key and an id there.
pub async fn lock_visitors(tx: &Tx, visitors: &[(i64, &str)]) -> Result<()> {
    lock_names(tx, visitors).await
}

/// Stores presses.
pub async fn insert(tx: &Tx, clicks: &[NewClick<'_>]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite:
            "INSERT INTO clicks (project_id, session_id, widget_id, click_url, first_raw_url, referrer, parsed_params,
                                     ip_address, user_agent, created_at, linked)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        postgres:
            "INSERT INTO clicks (project_id, session_id, widget_id, click_url, first_raw_url, referrer, parsed_params,
                                       ip_address, user_agent, created_at, linked)
                   SELECT *
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                               $8::text[], $9::text[], $10::bigint[], $11::boolean[])",
    };
    let rows: Vec<_> = clicks.iter().map(NewClick::values).collect();
    tx.execute_rows(INSERT, &rows).await
}

/// How far the clock of another node, or before it was set, may have been from this one's: clicks of a session are looked for
/// so much around it.
const CLOCKS_APART: SignedDuration = SignedDuration::from_hours(24);

/// Marks the clicks of a session as linked. They are of the time from `began_at` until `ended_at`: PostgreSQL looks only there.
pub async fn link(tx: &Tx, session: i64, began_at: Timestamp, ended_at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE clicks
         SET linked = TRUE
         WHERE session_id = $1 AND NOT linked AND created_at >= $2 AND created_at <= $3",
        params![session, began_at - CLOCKS_APART, ended_at + CLOCKS_APART],
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
