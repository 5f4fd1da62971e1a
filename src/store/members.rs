//! Who may do what in a project.

use super::users::{self, User, read_from};
use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::account::Role;
use crate::domain::ids::{ProjectId, UserId};
use crate::domain::time::Timestamp;
use crate::params;
use crate::store::projects::{self, Project};

/// A person in a project.
#[derive(Clone, Debug)]
pub struct Member {
    /// The person.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// When one of their browsers was last seen.
    pub last_seen_at: Option<Timestamp>,
}

fn role(row: &Row<'_>, column: usize) -> Result<Role> {
    Role::parse(&row.get::<String>(column)?).ok_or(Error::Column(column))
}

/// The role of a person in a project.
pub async fn find_role(conn: &Conn, project: ProjectId, user: UserId) -> Result<Option<Role>> {
    conn.find("SELECT role FROM members WHERE project_id = $1 AND user_id = $2", params![project, user], |row| {
        role(row, 0)
    })
    .await
}

/// The members of a project, by address, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<Member>> {
    conn.query(
        concat!(
            "SELECT ",
            users::columns!(),
            ", m.role, (SELECT MAX(s.last_seen_at) FROM user_sessions AS s WHERE s.user_id = u.id)
             FROM members AS m JOIN users AS u ON u.id = m.user_id
             WHERE m.project_id = $1 ORDER BY u.email LIMIT $2"
        ),
        params![project, most],
        |row| {
            Ok(Member {
                user: read_from(row, 0)?,
                role: role(row, users::COLUMNS)?,
                last_seen_at: row.get(users::COLUMNS + 1)?,
            })
        },
    )
    .await
}

/// The projects of a person, by name, with their role in each, at most `most`.
pub async fn projects_of(conn: &Conn, user: UserId, most: u32) -> Result<Vec<(Project, Role)>> {
    conn.query(
        concat!(
            "SELECT ",
            projects::columns!(),
            ", m.role FROM members AS m JOIN projects ON projects.id = m.project_id
             WHERE m.user_id = $1 ORDER BY projects.name, projects.id LIMIT $2"
        ),
        params![user, most],
        |row| Ok((projects::read(row)?, role(row, projects::COLUMNS)?)),
    )
    .await
}

/// Makes a person a member, or gives them another role. `true` where they are new.
pub async fn put(tx: &Tx, project: ProjectId, user: UserId, role: Role, now: Timestamp) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE members SET role = $3 WHERE project_id = $1 AND user_id = $2",
            params![project, user, role.as_str()],
        )
        .await?;
    if changed > 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO members (project_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        params![project, user, role.as_str(), now],
    )
    .await?;
    Ok(true)
}

/// Removes a person from a project.
pub async fn remove(tx: &Tx, project: ProjectId, user: UserId) -> Result<bool> {
    tx.execute_one("DELETE FROM members WHERE project_id = $1 AND user_id = $2", params![project, user]).await
}

/// How many owners a project has besides that person.
pub async fn count_other_owners(conn: &Conn, project: ProjectId, user: UserId) -> Result<i64> {
    conn.get(
        "SELECT COUNT(*) FROM members WHERE project_id = $1 AND role = 'owner' AND user_id <> $2",
        params![project, user],
        |row| row.get(0),
    )
    .await
}
