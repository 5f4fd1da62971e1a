//! Filters of lists that people of a project keep under a name: for themselves, or for everybody there.

use crate::db::{Conn, Error, Result, Tx};
use crate::domain::ids::{ProjectId, SavedViewId, UserId};
use crate::domain::saved_view::{SavedPage, ViewName};
use crate::domain::time::Timestamp;
use crate::params;

/// Views that a person sees on a list at most.
pub const VISIBLE_MAX: u32 = 100;

/// A view that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Row key.
    pub id: SavedViewId,
    /// As its maker calls it.
    pub name: String,
    /// The filter as it stands in the address, without `?`.
    pub query: String,
    /// Whether everybody of the project sees it.
    pub is_shared: bool,
}

/// A view to keep.
#[derive(Clone, Debug)]
pub struct NewSavedView {
    /// The list.
    pub page: SavedPage,
    /// Who sees it: everybody of the project where it is `None`.
    pub user: Option<UserId>,
    /// What it is called.
    pub name: ViewName,
    /// The filter as it stands in the address, without `?`.
    pub query: String,
}

/// The views of a list that a person sees: those of the project first, then their own, by name.
pub async fn visible(conn: &Conn, project: ProjectId, page: SavedPage, user: UserId) -> Result<Vec<SavedView>> {
    conn.query(
        "SELECT id, name, query, user_id IS NULL
         FROM saved_views
         WHERE project_id = $1 AND page = $2 AND (user_id IS NULL OR user_id = $3)
         ORDER BY user_id IS NOT NULL, name
         LIMIT $4",
        params![project, page.as_str(), user, VISIBLE_MAX],
        |row| Ok(SavedView { id: row.get(0)?, name: row.get(1)?, query: row.get(2)?, is_shared: row.get(3)? }),
    )
    .await
}

/// How many views of a list a person keeps, or everybody together where it is `None`.
pub async fn count(conn: &Conn, project: ProjectId, page: SavedPage, user: Option<UserId>) -> Result<i64> {
    conn.get(
        "SELECT COUNT(*) FROM saved_views WHERE project_id = $1 AND page = $2 AND COALESCE(user_id, 0) = $3",
        params![project, page.as_str(), user.unwrap_or(UserId(0))],
        |row| row.get(0),
    )
    .await
}

/// Keeps a view, in the place of one of the same name that the same people see.
pub async fn put(tx: &Tx, project: ProjectId, new: &NewSavedView, now: Timestamp) -> Result<SavedViewId> {
    tx.execute(
        "DELETE FROM saved_views WHERE project_id = $1 AND page = $2 AND COALESCE(user_id, 0) = $3 AND name = $4",
        params![project, new.page.as_str(), new.user.unwrap_or(UserId(0)), new.name.as_str()],
    )
    .await?;
    tx.get(
        "INSERT INTO saved_views (project_id, page, user_id, name, query, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING id",
        params![project, new.page.as_str(), new.user, new.name.as_str(), &new.query, now],
        |row| row.get(0),
    )
    .await
}

/// Who sees a view of a project: everybody where it is `Some(None)`; `None` where there is no such view.
pub async fn owner(conn: &Conn, project: ProjectId, id: SavedViewId) -> Result<Option<Option<UserId>>> {
    conn.find("SELECT user_id FROM saved_views WHERE project_id = $1 AND id = $2", params![project, id], |row| {
        row.get(0)
    })
    .await
}

/// Removes a view of a project, and gives its list and its name.
pub async fn remove(tx: &Tx, project: ProjectId, id: SavedViewId) -> Result<(SavedPage, String)> {
    tx.get(
        "DELETE FROM saved_views WHERE project_id = $1 AND id = $2 RETURNING page, name",
        params![project, id],
        |row| Ok((SavedPage::parse(&row.get::<String>(0)?).ok_or(Error::Column(0))?, row.get(1)?)),
    )
    .await
}
