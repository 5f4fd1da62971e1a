//! Clicks on widgets, and the counts of requests for a widget's link that were no click.

use super::locks::lock_names;
use super::window::Position;
use crate::db::{Conn, Result, Sql, Tx, Value};
use crate::domain::ids::{ChannelId, ClickId, LeadId, ProjectId, SessionId, SourceId, WidgetId};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::params;

/// A click to store.
#[derive(Clone, Debug)]
pub struct NewClick<'a> {
    /// Its row key.
    pub id: ClickId,
    /// Its project.
    pub project: ProjectId,
    /// Its session.
    pub session_id: SessionId,
    /// The widget that was clicked.
    pub widget_id: WidgetId,
    /// The page of the click.
    pub click_url: Option<&'a str>,
    /// The first page of the visit.
    pub first_raw_url: Option<&'a str>,
    /// Where the visit came from.
    pub referrer: Option<&'a str>,
    /// A JSON object.
    pub parsed_params: &'a str,
    /// As the project's policy allows.
    pub ip_address: Option<&'a str>,
    /// As the browser sent it.
    pub user_agent: Option<&'a str>,
    /// When it happened.
    pub created_at: Timestamp,
    /// Its session is linked to a conversation.
    pub linked: bool,
}

impl<'a> NewClick<'a> {
    fn values(&self) -> [Value<'a>; 12] {
        [
            self.id.into(),
            self.project.into(),
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

/// Serialises clicks of a visitor until the end of the transaction: the second sees the session of the first, and a replayed
/// one sees whether it is stored already. Each visitor by the project and an id there.
pub async fn lock_visitors(tx: &Tx, visitors: &[(ProjectId, &str)]) -> Result<()> {
    let names: Vec<_> = visitors.iter().map(|(project, visitor)| (project.0, *visitor)).collect();
    lock_names(tx, &names).await
}

/// Stores clicks.
pub async fn insert(tx: &Tx, clicks: &[NewClick<'_>]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite:
            "INSERT INTO clicks (id, project_id, session_id, widget_id, click_url, first_raw_url, referrer,
                                     parsed_params, ip_address, user_agent, created_at, linked)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        postgres:
            "INSERT INTO clicks (id, project_id, session_id, widget_id, click_url, first_raw_url, referrer,
                                       parsed_params, ip_address, user_agent, created_at, linked)
                   SELECT *
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                               $8::text[], $9::text[], $10::text[], $11::bigint[], $12::boolean[])",
    };
    let rows: Vec<_> = clicks.iter().map(NewClick::values).collect();
    tx.execute_rows(INSERT, &rows).await
}

/// How far the clocks of nodes may differ: clicks of a session are searched so much around its time.
pub(super) const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Marks the clicks of a session as linked. They happened between `began_at` and `ended_at`: PostgreSQL searches only these
/// partitions.
pub async fn link(
    tx: &Tx,
    project: ProjectId,
    session: SessionId,
    began_at: Timestamp,
    ended_at: Timestamp,
) -> Result<u64> {
    tx.execute(
        // `+`: SQLite is to find the clicks by their session, which has far fewer than the project.
        "UPDATE clicks
         SET linked = TRUE
         WHERE +project_id = $1 AND session_id = $2 AND NOT linked AND created_at >= $3 AND created_at <= $4",
        params![project, session, began_at - CLOCK_SKEW_MAX, ended_at + CLOCK_SKEW_MAX],
    )
    .await
}

/// Automated requests for a widget's link on one day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AutomatedRequestCounter {
    /// Its project.
    pub project: ProjectId,
    /// The widget.
    pub widget: WidgetId,
    /// `2026-01-31`
    pub day: String,
    /// `crawler`, `prefetch`, `head`, `over_limit` or `paused`.
    pub kind: &'static str,
}

/// Adds to a counter of automated requests.
pub async fn count_automated_requests(tx: &Tx, counter: &AutomatedRequestCounter, requests: i64) -> Result<u64> {
    let AutomatedRequestCounter { project, widget, day, kind } = counter;
    tx.execute(
        "INSERT INTO automated_requests (project_id, widget_id, day, kind, requests)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, widget_id, day, kind)
         DO UPDATE SET requests = automated_requests.requests + excluded.requests",
        params![*project, *widget, day, *kind, requests],
    )
    .await
}

/// Whether a widget of the channel was clicked since `since` by somebody who has not written yet, as far as the newest clicks tell.
pub async fn has_unlinked(conn: &Conn, project: ProjectId, channel: ChannelId, since: Timestamp) -> Result<bool> {
    conn.exists(
        "SELECT 1
         FROM (
             SELECT widget_id
             FROM clicks
             WHERE project_id = $1 AND created_at >= $3 AND NOT linked
             ORDER BY created_at DESC, id DESC
             LIMIT 1000
         ) AS recent
         JOIN widgets ON widgets.id = recent.widget_id
         WHERE widgets.channel = $2",
        params![project, channel, since],
    )
    .await
}

/// Requests for a project's buttons between two days (`2026-01-31`, both included) that were no clicks, by kind.
pub async fn automated_requests(
    conn: &Conn,
    project: ProjectId,
    (from, to): (&str, &str),
) -> Result<Vec<(String, i64)>> {
    conn.query(
        "SELECT kind, CAST(SUM(requests) AS BIGINT)
         FROM automated_requests
         WHERE project_id = $1 AND day >= $2 AND day <= $3
         GROUP BY kind
         ORDER BY kind",
        params![project, from, to],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// When the newest click came, until now.
pub async fn newest(conn: &Conn, project: ProjectId, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.find(
        "SELECT created_at
         FROM clicks
         WHERE project_id = $1 AND created_at <= $2
         ORDER BY created_at DESC, id DESC
         LIMIT 1",
        params![project, now],
        |row| row.get(0),
    )
    .await
}

/// A click of a list that goes by its source.
#[derive(Clone, Debug)]
pub struct SourcedClick {
    /// Row key.
    pub id: ClickId,
    /// When it happened.
    pub created_at: Timestamp,
    /// Where its session came from; `None` while that was not found out.
    pub source: Option<SourceId>,
    /// Whether it is counted: not of the business's own people.
    pub is_counted: bool,
    /// The reference of its session.
    pub correlation_id: String,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The lead that its session led to.
    pub lead: Option<LeadId>,
}

/// Clicks not before `from` and before a position, the newest first, at most `most`.
pub async fn sourced(
    conn: &Conn,
    project: ProjectId,
    (from, before): (Timestamp, Position),
    most: u32,
) -> Result<Vec<SourcedClick>> {
    conn.query(
        "SELECT k.id, k.created_at, s.source_id, NOT s.is_internal, s.correlation_id, k.click_url, l.id
         FROM (
             SELECT id, created_at, session_id, click_url
             FROM clicks
             WHERE project_id = $1 AND created_at >= $2 AND (created_at, id) < ($3, $4)
             ORDER BY created_at DESC, id DESC
             LIMIT $5
         ) AS k
         JOIN sessions AS s ON s.id = k.session_id
         LEFT JOIN leads AS l ON l.conversation_id = s.conversation_id
         ORDER BY k.created_at DESC, k.id DESC",
        params![project, from, before.created_at, before.id, most],
        |row| {
            Ok(SourcedClick {
                id: row.get(0)?,
                created_at: row.get(1)?,
                source: row.get(2)?,
                is_counted: row.get(3)?,
                correlation_id: row.get(4)?,
                click_url: row.get(5)?,
                lead: row.get(6)?,
            })
        },
    )
    .await
}
