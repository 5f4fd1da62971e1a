//! The audit log: who changed what, written in the transaction of the change. Rows are never changed and never removed.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::actor::Actor;
use crate::domain::audit::Change;
use crate::domain::ids::{AuditId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "a.id, a.at, COALESCE(p.public_id, ''), a.actor_kind, COALESCE(k.public_id, u.public_id, t.public_id), a.actor_name, a.action,
         a.object_kind, a.object_id, a.detail"
    };
}

macro_rules! tables {
    () => {
        "audit AS a
         LEFT JOIN projects AS p ON p.id = a.project_id
         LEFT JOIN api_keys AS k ON k.id = a.actor_id AND a.actor_kind = 'key'
         LEFT JOIN tokens AS t ON t.id = a.actor_id AND a.actor_kind = 'token'
         LEFT JOIN users AS u ON u.id = a.actor_id AND a.actor_kind = 'person'"
    };
}

/// A row of the log. Its words are those that were stored: another version of Aurix may know more of them.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Row key: a page begins below the last one of the page before.
    pub id: AuditId,
    /// When the change was made.
    pub at: Timestamp,
    /// The project's UUID; empty for what belongs to none.
    pub project: String,
    /// `command`, `key`, `token`, `person` or `system`: see [`Actor::kind`].
    pub actor_kind: String,
    /// The UUID of the key, the token or the person.
    pub actor_id: Option<String>,
    /// The user who ran the command, the service of the key, the name of the token, or the person's e-mail address.
    pub actor_name: Option<String>,
    /// `webhook.add`, …: see [`crate::domain::audit::Action`].
    pub action: String,
    /// `webhook`, …: see [`crate::domain::audit::Object`].
    pub object_kind: String,
    /// The id that people see.
    pub object_id: String,
    /// A JSON object.
    pub detail: String,
}

fn read(row: &Row<'_>) -> Result<Entry> {
    Ok(Entry {
        id: row.get(0)?,
        at: row.get(1)?,
        project: row.get(2)?,
        actor_kind: row.get(3)?,
        actor_id: row.get(4)?,
        actor_name: row.get(5)?,
        action: row.get(6)?,
        object_kind: row.get(7)?,
        object_id: row.get(8)?,
        detail: row.get(9)?,
    })
}

/// Writes a change of a project into the log. To an actor of another project there is nothing here: [`Error::NoRow`], which
/// takes the change back with the transaction.
pub async fn record(tx: &Tx, project: ProjectId, actor: &Actor, change: &Change, now: Timestamp) -> Result<()> {
    if !actor.may_change(project) {
        return Err(Error::NoRow);
    }
    let actor_id = match actor {
        Actor::Key(holder) => Some(holder.key_id.0),
        Actor::Token(holder) => Some(holder.token_id.0),
        Actor::Person(person) => Some(person.user.0),
        Actor::Command { .. } | Actor::System => None,
    };
    tx.execute(
        "INSERT INTO audit (project_id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            project,
            now,
            actor.kind(),
            actor_id,
            actor.name(),
            change.action.as_str(),
            change.object.kind(),
            &change.object.id(),
            &change.detail.to_string()
        ],
    )
    .await
    .map(|_| ())
}

/// The project's changes before the row `before`, newest first, at most `most`.
pub async fn page(conn: &Conn, project: ProjectId, before: AuditId, most: u32) -> Result<Vec<Entry>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM ",
            tables!(),
            " WHERE a.project_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3"
        ),
        params![project, before, most],
        read,
    )
    .await
}

/// [`page`] for all projects: for the operator's commands.
pub async fn page_of_all(conn: &Conn, before: AuditId, most: u32) -> Result<Vec<Entry>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM ", tables!(), " WHERE a.id < $1 ORDER BY a.id DESC LIMIT $2"),
        params![before, most],
        read,
    )
    .await
}
