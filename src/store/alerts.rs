//! Who is told by e-mail of what needs a person.

use super::users::{self, User, read_from};
use crate::db::{Conn, Error, Result, Tx};
use crate::domain::account::Role;
use crate::domain::attention::Alerts;
use crate::domain::ids::{ProjectId, UserId};
use crate::params;

/// A member of a project, and of what they are told.
#[derive(Clone, Debug)]
pub struct ToldMember {
    /// The person.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// Of what they are told.
    pub alerts: Alerts,
    /// Whether somebody chose that; if not, it is what their role is told of.
    pub is_chosen: bool,
}

/// The members of a project in the order of their row keys, at most `most`.
pub async fn members(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<ToldMember>> {
    conn.query(
        concat!(
            "SELECT ",
            users::columns!(),
            ", m.role, m.alerts FROM members AS m JOIN users AS u ON u.id = m.user_id
             WHERE m.project_id = $1 ORDER BY u.id LIMIT $2"
        ),
        params![project, most],
        |row| {
            let role = Role::parse(&row.get::<String>(users::COLUMNS)?).ok_or(Error::Column(users::COLUMNS))?;
            let chosen: Option<String> = row.get(users::COLUMNS + 1)?;
            Ok(ToldMember {
                user: read_from(row, 0)?,
                role,
                alerts: Alerts::of_member(role, chosen.as_deref()),
                is_chosen: chosen.is_some(),
            })
        },
    )
    .await
}

/// Sets of what a member is told; `false` where they are none.
pub async fn set(tx: &Tx, project: ProjectId, user: UserId, alerts: &Alerts) -> Result<bool> {
    tx.execute_one(
        "UPDATE members SET alerts = $3 WHERE project_id = $1 AND user_id = $2",
        params![project, user, &alerts.to_text()],
    )
    .await
}

/// The operators who are told of the instance, in the order of their row keys, at most `most`.
pub async fn operators(conn: &Conn, most: u32) -> Result<Vec<User>> {
    conn.query(
        concat!(
            "SELECT ",
            users::columns!(),
            " FROM users AS u WHERE u.is_operator AND u.is_told ORDER BY u.id LIMIT $1"
        ),
        params![most],
        |row| read_from(row, 0),
    )
    .await
}

/// Whether an operator is told of the instance.
pub async fn is_told(conn: &Conn, user: UserId) -> Result<bool> {
    conn.get("SELECT is_told FROM users WHERE id = $1", params![user], |row| row.get(0)).await
}

/// Sets [`is_told`].
pub async fn set_told(tx: &Tx, user: UserId, is_told: bool) -> Result<bool> {
    tx.execute_one("UPDATE users SET is_told = $2 WHERE id = $1", params![user, is_told]).await
}
