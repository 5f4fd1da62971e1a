//! Clicks that are not counted yet: noted in the transaction of the click, taken out in the one that counts them.

use crate::db::{Conn, Result, Row, Sql, Tx, Value};
use crate::domain::ids::{AdId, ClickId, ProjectId, SourceId};
use crate::domain::time::Timestamp;
use crate::params;

/// A click as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedClick {
    /// Its project.
    pub project: ProjectId,
    /// Row key.
    pub id: ClickId,
    /// Where its session came from.
    pub source: SourceId,
    /// The ad that its session came by.
    pub ad: Option<AdId>,
    /// When it happened.
    pub at: Timestamp,
    /// Whether it began its session.
    pub begins: bool,
}

/// Notes clicks that are to be counted.
pub async fn insert(tx: &Tx, clicks: &[CountedClick]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO uncounted_clicks (project_id, click_id, source_id, ad, clicked_at, begins)
                 VALUES ($1, $2, $3, $4, $5, $6)",
        postgres: "INSERT INTO uncounted_clicks (project_id, click_id, source_id, ad, clicked_at, begins)
                   SELECT *
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[])",
    };
    let values = |click: &CountedClick| -> [Value<'static>; 6] {
        let (source, ad) = (click.source.into(), click.ad.into());
        [click.project.into(), click.id.into(), source, ad, click.at.into(), click.begins.into()]
    };
    tx.execute_rows(INSERT, &clicks.iter().map(values).collect::<Vec<_>>()).await
}

/// A project that has clicks which are not counted.
pub async fn first_project(conn: &Conn) -> Result<Option<ProjectId>> {
    conn.find("SELECT project_id FROM uncounted_clicks ORDER BY project_id, click_id LIMIT 1", &[], |row| row.get(0))
        .await
}

/// Takes out up to `most` clicks of a project that no other transaction takes out: this one counts them.
pub async fn take(tx: &Tx, project: ProjectId, most: u32) -> Result<Vec<CountedClick>> {
    const FIRST: Sql = Sql {
        sqlite: "SELECT project_id, click_id, source_id, ad, clicked_at, begins
                 FROM uncounted_clicks
                 WHERE project_id = $1
                 ORDER BY click_id
                 LIMIT $2",
        postgres: "SELECT project_id, click_id, source_id, ad, clicked_at, begins
                   FROM uncounted_clicks
                   WHERE project_id = $1
                   ORDER BY click_id
                   LIMIT $2
                   FOR UPDATE SKIP LOCKED",
    };
    const REMOVE: Sql = Sql {
        // There is one writer: these are all up to the last of them.
        sqlite: "DELETE FROM uncounted_clicks WHERE project_id = $1 AND click_id <= $2",
        postgres: "DELETE FROM uncounted_clicks
                   USING unnest($1::bigint[], $2::bigint[]) AS taken (project_id, click_id)
                   WHERE uncounted_clicks.project_id = taken.project_id AND uncounted_clicks.click_id = taken.click_id",
    };
    let clicks = tx.query(FIRST, params![project, most], read).await?;
    // SQLite has one statement for each row: one for the last is enough.
    let named = if tx.is_postgres() { &clicks[..] } else { clicks.last().map_or(&[][..], std::slice::from_ref) };
    let taken: Vec<_> = named.iter().map(|click| [click.project.into(), click.id.into()]).collect();
    tx.execute_rows(REMOVE, &taken).await?;
    Ok(clicks)
}

fn read(row: &Row<'_>) -> Result<CountedClick> {
    Ok(CountedClick {
        project: row.get(0)?,
        id: row.get(1)?,
        source: row.get(2)?,
        ad: row.get(3)?,
        at: row.get(4)?,
        begins: row.get(5)?,
    })
}
