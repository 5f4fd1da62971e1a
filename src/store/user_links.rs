//! Links that are good once: the first run, a new password, an invitation. Only the hash of a link's token is stored.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::account::Role;
use crate::domain::ids::{ProjectId, UserId, UserLinkId};
use crate::domain::time::Timestamp;
use crate::params;

/// What a link is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To make the first account of the instance.
    FirstRun,
    /// To set a new password for that person.
    Password(UserId),
    /// To join a project.
    Invitation {
        /// The address that was invited.
        email: String,
        /// The project.
        project: ProjectId,
        /// What the person may do there.
        role: Role,
    },
}

impl Purpose {
    fn kind(&self) -> &'static str {
        match self {
            Self::FirstRun => "first_run",
            Self::Password(_) => "password",
            Self::Invitation { .. } => "invitation",
        }
    }
}

/// A link that was not used yet.
#[derive(Clone, Debug)]
pub struct UserLink {
    /// Row key.
    pub id: UserLinkId,
    /// What it is good for.
    pub purpose: Purpose,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, kind, user_id, email, project_id, role, created_at, expires_at"
    };
}

fn read(row: &Row<'_>) -> Result<UserLink> {
    let purpose = match row.get::<String>(1)?.as_str() {
        "first_run" => Purpose::FirstRun,
        "password" => Purpose::Password(row.get::<Option<UserId>>(2)?.ok_or(Error::Column(2))?),
        "invitation" => Purpose::Invitation {
            email: row.get::<Option<String>>(3)?.ok_or(Error::Column(3))?,
            project: row.get::<Option<ProjectId>>(4)?.ok_or(Error::Column(4))?,
            role: row.get::<Option<String>>(5)?.and_then(|role| Role::parse(&role)).ok_or(Error::Column(5))?,
        },
        _ => return Err(Error::Column(1)),
    };
    Ok(UserLink { id: row.get(0)?, purpose, created_at: row.get(6)?, expires_at: row.get(7)? })
}

/// Stores a link.
pub async fn insert(
    tx: &Tx,
    purpose: &Purpose,
    token_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<u64> {
    let (user, email, project, role) = match purpose {
        Purpose::FirstRun => (None, None, None, None),
        Purpose::Password(user) => (Some(*user), None, None, None),
        Purpose::Invitation { email, project, role } => {
            (None, Some(email.as_str()), Some(*project), Some(role.as_str()))
        }
    };
    tx.execute(
        "INSERT INTO user_links (token_hash, kind, user_id, email, project_id, role, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![token_hash, purpose.kind(), user, email, project, role, now, expires_at],
    )
    .await
}

/// The link of a token, where it is still good.
pub async fn find(conn: &Conn, token_hash: &str, now: Timestamp) -> Result<Option<UserLink>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM user_links WHERE token_hash = $1 AND expires_at > $2"),
        params![token_hash, now],
        read,
    )
    .await
}

/// The invitations of a project that nobody has taken up, newest first, at most `most`.
pub async fn invitations(conn: &Conn, project: ProjectId, now: Timestamp, most: u32) -> Result<Vec<UserLink>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM user_links WHERE project_id = $1 AND kind = 'invitation' AND expires_at > $2 ORDER BY id DESC LIMIT $3"
        ),
        params![project, now, most],
        read,
    )
    .await
}

/// The newest invitation of an address that nobody has taken up.
pub async fn find_invitation(conn: &Conn, email: &str, now: Timestamp) -> Result<Option<UserLink>> {
    conn.find(
        concat!(
            "SELECT ",
            columns!(),
            " FROM user_links WHERE email = $1 AND kind = 'invitation' AND expires_at > $2 ORDER BY id DESC LIMIT 1"
        ),
        params![email, now],
        read,
    )
    .await
}

/// Uses a link up: `false` where somebody else was faster.
pub async fn remove(tx: &Tx, link: UserLinkId) -> Result<bool> {
    tx.execute_one("DELETE FROM user_links WHERE id = $1", params![link]).await
}

/// Takes an invitation of a project back.
pub async fn remove_invitation(tx: &Tx, project: ProjectId, link: UserLinkId) -> Result<Option<String>> {
    tx.find(
        "DELETE FROM user_links WHERE project_id = $1 AND id = $2 AND kind = 'invitation' RETURNING email",
        params![project, link],
        |row| row.get(0),
    )
    .await
}

/// Removes the invitations of an address to a project: a new one takes their place.
pub async fn remove_invitations_of(tx: &Tx, project: ProjectId, email: &str) -> Result<u64> {
    tx.execute(
        "DELETE FROM user_links WHERE project_id = $1 AND kind = 'invitation' AND email = $2",
        params![project, email],
    )
    .await
}

/// Removes the links of a person for a new password.
pub async fn remove_passwords(tx: &Tx, user: UserId) -> Result<u64> {
    tx.execute("DELETE FROM user_links WHERE user_id = $1 AND kind = 'password'", params![user]).await
}

/// Removes links for the first run.
pub async fn remove_first_runs(tx: &Tx) -> Result<u64> {
    tx.execute("DELETE FROM user_links WHERE kind = 'first_run'", &[]).await
}

/// Removes links that are no good any more.
pub async fn remove_expired(tx: &Tx, now: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM user_links WHERE expires_at <= $1", params![now]).await
}
