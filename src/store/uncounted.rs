//! Clicks and sessions as they are counted anew: where sessions came from that are older than counts, and how many clicks a day had.

use std::ops::Range;

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{AdId, ChannelId, ProjectId, SessionId, SourceId, WidgetId};
use crate::domain::time::Timestamp;
use crate::params;

/// A session of which nobody found out yet where it came from, with its first click.
#[derive(Clone, Debug)]
pub struct UncountedSession {
    /// Row key.
    pub id: SessionId,
    /// When it began.
    pub started_at: Timestamp,
    /// Its first click; `None` where that is gone.
    pub click: Option<FirstClick>,
}

/// The first click of a session.
#[derive(Clone, Debug)]
pub struct FirstClick {
    /// The widget that was clicked.
    pub widget: WidgetId,
    /// The channel that the widget leads to now.
    pub channel: Option<ChannelId>,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// The page before that.
    pub referrer: Option<String>,
    /// Campaign parameters, a JSON object.
    pub parsed_params: String,
    /// As the browser sent it.
    pub user_agent: Option<String>,
}

/// The sessions of a project above `after` that have no source, at most `most` rows looked at, in the order of their row keys.
pub async fn sessions(conn: &Conn, project: ProjectId, after: SessionId, most: u32) -> Result<Vec<UncountedSession>> {
    conn.query(
        "SELECT s.id, s.started_at, k.widget_id, w.channel, k.click_url, k.first_raw_url, k.referrer, k.parsed_params,
                k.user_agent
         FROM (
             SELECT id, started_at
             FROM sessions
             WHERE +project_id = $1 AND id > $2 AND source_id IS NULL
             ORDER BY id
             LIMIT $3
         ) AS s
         LEFT JOIN clicks AS k ON k.id = (SELECT MIN(id) FROM clicks WHERE session_id = s.id) AND k.session_id = s.id
         LEFT JOIN widgets AS w ON w.id = k.widget_id
         ORDER BY s.id",
        params![project, after, most],
        |row| {
            let widget: Option<WidgetId> = row.get(2)?;
            let click = widget.map(|widget| {
                Ok::<_, crate::db::Error>(FirstClick {
                    widget,
                    channel: row.get(3)?,
                    click_url: row.get(4)?,
                    first_raw_url: row.get(5)?,
                    referrer: row.get(6)?,
                    parsed_params: row.get(7)?,
                    user_agent: row.get(8)?,
                })
            });
            Ok(UncountedSession { id: row.get(0)?, started_at: row.get(1)?, click: click.transpose()? })
        },
    )
    .await
}

/// Notes where sessions came from.
pub async fn set_sources(tx: &Tx, project: ProjectId, sessions: &[(SessionId, SourceId, Option<AdId>)]) -> Result<u64> {
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE sessions SET source_id = $3, ad = $4 WHERE project_id = $1 AND id = $2",
        postgres: "UPDATE sessions
                   SET source_id = new.source, ad = new.ad
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS new (project_id, id, source, ad)
                   WHERE sessions.project_id = new.project_id AND sessions.id = new.id",
    };
    let rows: Vec<_> = sessions
        .iter()
        .map(|(session, source, ad)| [project.into(), (*session).into(), (*source).into(), (*ad).into()])
        .collect();
    tx.execute_rows(UPDATE, &rows).await
}

/// The last session of all, for how far a recount is.
pub async fn last_session(conn: &Conn) -> Result<i64> {
    conn.get("SELECT COALESCE(MAX(id), 0) FROM sessions", &[], |row| row.get(0)).await
}

/// The last lead of all.
pub async fn last_lead(conn: &Conn) -> Result<i64> {
    conn.get("SELECT COALESCE(MAX(id), 0) FROM leads", &[], |row| row.get(0)).await
}

/// The first click of a project that is there.
pub async fn earliest_click(conn: &Conn, project: ProjectId) -> Result<Option<Timestamp>> {
    conn.find(
        "SELECT created_at
         FROM clicks
         WHERE project_id = $1 AND created_at > $2
         ORDER BY created_at, id
         LIMIT 1",
        params![project, Timestamp::UNIX_EPOCH],
        |row| row.get(0),
    )
    .await
}

/// Clicks of a source and ad in a quarter of an hour.
#[derive(Clone, Copy, Debug)]
pub struct QuarterClicks {
    /// Where their sessions came from.
    pub source: SourceId,
    /// The ad that these came by.
    pub ad: Option<AdId>,
    /// Quarters since 1970, in UTC.
    pub quarter: i64,
    /// How many.
    pub clicks: i64,
    /// How many sessions began with them.
    pub sessions: i64,
}

/// The clicks of a project between two times, the second excluded, that are to be counted, but for those that are only noted: in one
/// statement, since people go on clicking meanwhile.
pub async fn clicks(conn: &Conn, project: ProjectId, within: &Range<Timestamp>) -> Result<Vec<QuarterClicks>> {
    conn.query(
        "SELECT s.source_id, s.ad, k.created_at / 900000000, COUNT(*),
                COUNT(DISTINCT CASE WHEN k.created_at = s.started_at THEN s.id END)
         FROM clicks AS k JOIN sessions AS s ON s.id = k.session_id
         WHERE k.project_id = $1 AND k.created_at >= $2 AND k.created_at < $3 AND s.source_id IS NOT NULL
           AND NOT s.is_internal
         GROUP BY s.source_id, s.ad, k.created_at / 900000000
         UNION ALL
         SELECT u.source_id, u.ad, u.clicked_at / 900000000, -COUNT(*), -SUM(CASE WHEN u.begins THEN 1 ELSE 0 END)
         FROM uncounted_clicks AS u
         WHERE u.project_id = $1 AND u.clicked_at >= $2 AND u.clicked_at < $3
         GROUP BY u.source_id, u.ad, u.clicked_at / 900000000",
        params![project, within.start, within.end],
        |row| {
            Ok(QuarterClicks {
                source: row.get(0)?,
                ad: row.get(1)?,
                quarter: row.get(2)?,
                clicks: row.get(3)?,
                sessions: row.get(4)?,
            })
        },
    )
    .await
}
