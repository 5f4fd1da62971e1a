//! What needs a person: items that are opened, and closed once it is mended. What is wrong is read in `attention_facts`.

use std::collections::HashMap;

use super::locks::lock_names;
use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::attention::AttentionKind;
use crate::domain::ids::{AttentionId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// Something that needs a person, or needed one.
#[derive(Clone, Debug)]
pub struct AttentionItem {
    /// Row key.
    pub id: AttentionId,
    /// Its project; [`ProjectId::INSTANCE`] for the instance.
    pub project: ProjectId,
    /// What kind of thing it is.
    pub kind: AttentionKind,
    /// The row that it is about; 0 where that is the project itself.
    pub subject_id: i64,
    /// The row's name in addresses.
    pub subject: String,
    /// What is wrong, in a few words.
    pub title: String,
    /// What it means, and what to do.
    pub message: String,
    /// Since when it has been so.
    pub since: Timestamp,
    /// When it was noticed.
    pub opened_at: Timestamp,
    /// When it was mended.
    pub closed_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "a.id, a.project_id, a.kind, a.subject_id, a.subject, a.title, a.message, a.since, a.opened_at, a.closed_at"
    };
}
pub(super) use columns;

/// Columns of [`AttentionItem`].
pub(super) const COLUMNS: usize = 10;

pub(super) fn read(row: &Row<'_>) -> Result<AttentionItem> {
    Ok(AttentionItem {
        id: row.get(0)?,
        project: row.get(1)?,
        kind: AttentionKind::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        subject_id: row.get(3)?,
        subject: row.get(4)?,
        title: row.get(5)?,
        message: row.get(6)?,
        since: row.get(7)?,
        opened_at: row.get(8)?,
        closed_at: row.get(9)?,
    })
}

/// What an item starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// As in [`AttentionItem::project`].
    pub project: ProjectId,
    /// As in [`AttentionItem::kind`].
    pub kind: AttentionKind,
    /// As in [`AttentionItem::subject_id`].
    pub subject_id: i64,
    /// As in [`AttentionItem::subject`].
    pub subject: String,
    /// As in [`AttentionItem::title`].
    pub title: String,
    /// As in [`AttentionItem::message`].
    pub message: String,
    /// As in [`AttentionItem::since`].
    pub since: Timestamp,
}

/// Keeps other nodes from opening and closing until the end of the transaction: each would tell the same people, in another order.
pub async fn lock(tx: &Tx) -> Result<()> {
    lock_names(tx, &[(0, "attention")]).await
}

/// Opens an item; `None` where one of its kind and subject is open.
pub async fn open(tx: &Tx, new: &NewItem, now: Timestamp) -> Result<Option<AttentionItem>> {
    let id: Option<AttentionId> = tx
        .find(
            "INSERT INTO attention (project_id, kind, subject_id, subject, title, message, since, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (project_id, kind, subject_id, subject) WHERE closed_at IS NULL DO NOTHING
         RETURNING id",
            params![
                new.project,
                new.kind.as_str(),
                new.subject_id,
                &new.subject,
                &new.title,
                &new.message,
                new.since,
                now
            ],
            |row| row.get(0),
        )
        .await?;
    let NewItem { project, kind, subject_id, subject, title, message, since } = new.clone();
    let item = |id| AttentionItem {
        id,
        project,
        kind,
        subject_id,
        subject,
        title,
        message,
        since,
        opened_at: now,
        closed_at: None,
    };
    Ok(id.map(item))
}

/// Closes an item; `false` where it is closed already.
pub async fn close(tx: &Tx, project: ProjectId, id: AttentionId, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE attention SET closed_at = $3 WHERE project_id = $1 AND id = $2 AND closed_at IS NULL",
        params![project, id, now],
    )
    .await
}

/// The items of a project that are open, newest first, at most `most`.
pub async fn list_open(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<AttentionItem>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM attention AS a WHERE a.project_id = $1 AND a.kind >= '' AND a.closed_at IS NULL
              ORDER BY a.opened_at DESC, a.id DESC
              LIMIT $2"
        ),
        params![project, most],
        read,
    )
    .await
}

/// The open items of a kind, of all projects, at most `most`.
pub async fn open_of_kind(conn: &Conn, kind: AttentionKind, most: u32) -> Result<Vec<AttentionItem>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM attention AS a WHERE a.kind = $1 AND a.closed_at IS NULL ORDER BY a.id LIMIT $2"
        ),
        params![kind.as_str(), most],
        read,
    )
    .await
}

/// The items of a project, open or closed, newest first, those before `before`, at most `most`.
pub async fn page(conn: &Conn, project: ProjectId, before: AttentionId, most: u32) -> Result<Vec<AttentionItem>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM attention AS a WHERE a.project_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3"
        ),
        params![project, before, most],
        read,
    )
    .await
}

/// How many items of each of these projects are open.
pub async fn counts(conn: &Conn, projects: &[ProjectId]) -> Result<HashMap<ProjectId, i64>> {
    const COUNT: Sql = Sql {
        sqlite: "SELECT $1, COUNT(*) FROM attention WHERE project_id = $1 AND kind >= '' AND closed_at IS NULL",
        postgres: "SELECT project_id, COUNT(*)
                   FROM attention
                   WHERE project_id = ANY ($1::bigint[]) AND kind >= '' AND closed_at IS NULL
                   GROUP BY project_id",
    };
    let rows: Vec<_> = projects.iter().map(|project| [(*project).into()]).collect();
    let counts = conn.query_rows(COUNT, &rows, |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(counts.await?.into_iter().filter(|(_, count)| *count > 0).collect())
}

/// Removes up to `most` items that were closed before that, of every project, and what letters told of them. For the retention job.
pub async fn remove_old(tx: &Tx, closed_before: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM mail_attention
         WHERE attention_id IN (SELECT id FROM attention WHERE closed_at < $1 ORDER BY closed_at, id LIMIT $2)",
        params![closed_before, most],
    )
    .await?;
    tx.execute(
        "DELETE FROM attention
         WHERE id IN (SELECT id FROM attention WHERE closed_at < $1 ORDER BY closed_at, id LIMIT $2)",
        params![closed_before, most],
    )
    .await
}
