//! Browsers that people are signed in with. Only the hash of a session's token is stored.

use super::users::{self, User, read_from};
use crate::db::{Conn, Result, Row, Tx};
use crate::domain::ids::{UserId, UserSessionId};
use crate::domain::time::Timestamp;
use crate::params;

/// A browser that a person is signed in with.
#[derive(Clone, Debug)]
pub struct UserSession {
    /// Row key.
    pub id: UserSessionId,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub last_seen_at: Timestamp,
    /// When the person last proved who they are.
    pub confirmed_at: Timestamp,
    /// Where it was last used.
    pub ip_address: Option<String>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

const COLUMNS: usize = 6;
macro_rules! columns {
    () => {
        "s.id, s.created_at, s.last_seen_at, s.confirmed_at, s.ip_address, s.user_agent"
    };
}

fn read(row: &Row<'_>) -> Result<UserSession> {
    Ok(UserSession {
        id: row.get(0)?,
        created_at: row.get(1)?,
        last_seen_at: row.get(2)?,
        confirmed_at: row.get(3)?,
        ip_address: row.get(4)?,
        user_agent: row.get(5)?,
    })
}

/// Where a browser signs in from.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// Its address.
    pub ip_address: Option<String>,
    /// What it calls itself.
    pub user_agent: Option<String>,
}

/// Stores a session.
pub async fn insert(tx: &Tx, user: UserId, token_hash: &str, browser: &Browser, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO user_sessions (user_id, token_hash, created_at, last_seen_at, confirmed_at, ip_address, user_agent)
         VALUES ($1, $2, $3, $3, $3, $4, $5)",
        params![user, token_hash, now, browser.ip_address.as_deref(), browser.user_agent.as_deref()],
    )
    .await
}

/// The session of a token, and its person.
pub async fn find(conn: &Conn, token_hash: &str) -> Result<Option<(UserSession, User)>> {
    conn.find(
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            users::columns!(),
            " FROM user_sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.token_hash = $1"
        ),
        params![token_hash],
        |row| Ok((read(row)?, read_from(row, COLUMNS)?)),
    )
    .await
}

/// The sessions of a person, the last used first, at most `most`.
pub async fn list(conn: &Conn, user: UserId, most: u32) -> Result<Vec<UserSession>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM user_sessions AS s WHERE s.user_id = $1 ORDER BY s.last_seen_at DESC, s.id DESC LIMIT $2"
        ),
        params![user, most],
        read,
    )
    .await
}

/// Says that a session was used.
pub async fn touch(tx: &Tx, session: UserSessionId, ip_address: Option<&str>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE user_sessions SET last_seen_at = $2, ip_address = COALESCE($3, ip_address) WHERE id = $1",
        params![session, now, ip_address],
    )
    .await
}

/// Says that the person of a session proved who they are.
pub async fn confirm(tx: &Tx, session: UserSessionId, now: Timestamp) -> Result<u64> {
    tx.execute("UPDATE user_sessions SET confirmed_at = $2 WHERE id = $1", params![session, now]).await
}

/// Ends one session of a person.
pub async fn remove(tx: &Tx, user: UserId, session: UserSessionId) -> Result<bool> {
    tx.execute_one("DELETE FROM user_sessions WHERE user_id = $1 AND id = $2", params![user, session]).await
}

/// Ends all sessions of a person but `kept`.
pub async fn remove_others(tx: &Tx, user: UserId, kept: Option<UserSessionId>) -> Result<u64> {
    let kept = kept.unwrap_or(UserSessionId(0));
    tx.execute("DELETE FROM user_sessions WHERE user_id = $1 AND id <> $2", params![user, kept]).await
}

/// Ends sessions that were last used before `seen_before` or begun before `begun_before`.
pub async fn remove_expired(tx: &Tx, seen_before: Timestamp, begun_before: Timestamp) -> Result<u64> {
    let idle = tx.execute("DELETE FROM user_sessions WHERE last_seen_at < $1", params![seen_before]).await?;
    Ok(idle + tx.execute("DELETE FROM user_sessions WHERE created_at < $1", params![begun_before]).await?)
}
