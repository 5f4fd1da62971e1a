//! People who use the console. They belong to no project; who may do what in a project is in `members`.

use super::{mails, tokens};
use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::account::Email;
use crate::domain::ids::UserId;
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "u.id, u.public_id, u.email, u.name, u.password_hash, u.sealed_totp, u.totp_step, u.is_operator, u.theme, u.time_zone,
         u.hot_keys, u.created_at"
    };
}
pub(super) use columns;

/// Columns of [`User`].
pub(super) const COLUMNS: usize = 12;

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    /// Row key.
    pub id: UserId,
    /// The UUID that people see.
    pub public_id: String,
    /// Lower case.
    pub email: String,
    /// As they call themselves.
    pub name: String,
    /// A PHC string; `None` where no password was set yet.
    pub password_hash: Option<String>,
    /// The sealed secret of the second factor; `None` where there is none.
    pub sealed_totp: Option<String>,
    /// The last step whose code was accepted.
    pub totp_step: Option<i64>,
    /// Whether they look after the whole instance.
    pub is_operator: bool,
    /// How pages look: `system`, `light` or `dark`.
    pub theme: String,
    /// IANA name; `None` for that of the project.
    pub time_zone: Option<String>,
    /// Whether keys of the keyboard are commands.
    pub hot_keys: bool,
    /// Since when there is an account.
    pub created_at: Timestamp,
}

/// Reads the columns from `first` on.
pub(super) fn read_from(row: &Row<'_>, first: usize) -> Result<User> {
    Ok(User {
        id: row.get(first)?,
        public_id: row.get(first + 1)?,
        email: row.get(first + 2)?,
        name: row.get(first + 3)?,
        password_hash: row.get(first + 4)?,
        sealed_totp: row.get(first + 5)?,
        totp_step: row.get(first + 6)?,
        is_operator: row.get(first + 7)?,
        theme: row.get(first + 8)?,
        time_zone: row.get(first + 9)?,
        hot_keys: row.get(first + 10)?,
        created_at: row.get(first + 11)?,
    })
}

fn read(row: &Row<'_>) -> Result<User> {
    read_from(row, 0)
}

/// What an account starts with.
pub struct NewUser<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// The address to sign in with.
    pub email: &'a Email,
    /// As they call themselves.
    pub name: &'a str,
    /// A PHC string, where there is a password.
    pub password_hash: Option<&'a str>,
    /// Whether they look after the whole instance.
    pub is_operator: bool,
}

/// Stores a person; `None` where the address has an account already.
pub async fn insert(tx: &Tx, new: &NewUser<'_>, now: Timestamp) -> Result<Option<User>> {
    let inserted = tx
        .execute(
            "INSERT INTO users (public_id, email, name, password_hash, is_operator, theme, hot_keys, created_at)
             VALUES ($1, $2, $3, $4, $5, 'system', TRUE, $6)
             ON CONFLICT (email) DO NOTHING",
            params![new.public_id, new.email.as_str(), new.name, new.password_hash, new.is_operator, now],
        )
        .await?;
    if inserted == 0 { Ok(None) } else { find_by_email(tx, new.email).await }
}

/// The person.
pub async fn get(conn: &Conn, user: UserId) -> Result<User> {
    conn.get(concat!("SELECT ", columns!(), " FROM users AS u WHERE u.id = $1"), params![user], read).await
}

/// The person with that address.
pub async fn find_by_email(conn: &Conn, email: &Email) -> Result<Option<User>> {
    conn.find(concat!("SELECT ", columns!(), " FROM users AS u WHERE u.email = $1"), params![email.as_str()], read)
        .await
}

/// The person with that UUID.
pub async fn find_public(conn: &Conn, public_id: &str) -> Result<Option<User>> {
    conn.find(concat!("SELECT ", columns!(), " FROM users AS u WHERE u.public_id = $1"), params![public_id], read).await
}

/// All people, by address, at most `most`.
pub async fn list(conn: &Conn, most: u32) -> Result<Vec<User>> {
    conn.query(concat!("SELECT ", columns!(), " FROM users AS u ORDER BY u.email LIMIT $1"), params![most], read).await
}

/// How many people there are.
pub async fn count(conn: &Conn) -> Result<i64> {
    conn.get("SELECT COUNT(*) FROM users", &[], |row| row.get(0)).await
}

/// How many operators there are besides that person.
pub async fn count_other_operators(conn: &Conn, user: UserId) -> Result<i64> {
    conn.get("SELECT COUNT(*) FROM users WHERE is_operator AND id <> $1", params![user], |row| row.get(0)).await
}

/// Sets what a password hashes to.
pub async fn set_password(tx: &Tx, user: UserId, hash: &str) -> Result<bool> {
    tx.execute_one("UPDATE users SET password_hash = $2 WHERE id = $1", params![user, hash]).await
}

/// Sets how a person is called and how pages look to them.
pub async fn update(tx: &Tx, user: &User) -> Result<bool> {
    tx.execute_one(
        "UPDATE users SET name = $2, theme = $3, time_zone = $4, hot_keys = $5 WHERE id = $1",
        params![user.id, &user.name, &user.theme, user.time_zone.as_deref(), user.hot_keys],
    )
    .await
}

/// Sets or removes the second factor, and with it all recovery codes.
pub async fn set_totp(tx: &Tx, user: UserId, sealed: Option<&str>, step: Option<i64>) -> Result<bool> {
    tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", params![user]).await?;
    tx.execute_one("UPDATE users SET sealed_totp = $2, totp_step = $3 WHERE id = $1", params![user, sealed, step]).await
}

/// Stores the secret of a second factor as it is sealed with another key.
pub async fn reseal_totp(tx: &Tx, user: UserId, sealed: &str) -> Result<bool> {
    tx.execute_one("UPDATE users SET sealed_totp = $2 WHERE id = $1", params![user, sealed]).await
}

/// Uses the code of a step up: `false` where that step, or a later one, was used before.
pub async fn use_totp_step(tx: &Tx, user: UserId, step: i64) -> Result<bool> {
    tx.execute_one(
        "UPDATE users SET totp_step = $2 WHERE id = $1 AND sealed_totp IS NOT NULL AND COALESCE(totp_step, 0) < $2",
        params![user, step],
    )
    .await
}

/// Stores the hash of a recovery code.
pub async fn insert_recovery_code(tx: &Tx, user: UserId, hash: &str) -> Result<u64> {
    tx.execute("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)", params![user, hash]).await
}

/// Uses a recovery code up: `false` where there is none such.
pub async fn use_recovery_code(tx: &Tx, user: UserId, hash: &str) -> Result<bool> {
    tx.execute_one("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2", params![user, hash]).await
}

/// How many recovery codes are left.
pub async fn count_recovery_codes(conn: &Conn, user: UserId) -> Result<i64> {
    conn.get("SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1", params![user], |row| row.get(0)).await
}

/// Removes a person with all that is theirs alone.
pub async fn remove(tx: &Tx, user: UserId) -> Result<()> {
    tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", params![user]).await?;
    tx.execute("DELETE FROM user_sessions WHERE user_id = $1", params![user]).await?;
    tx.execute("DELETE FROM user_links WHERE user_id = $1", params![user]).await?;
    tx.execute("DELETE FROM members WHERE user_id = $1", params![user]).await?;
    tx.execute("DELETE FROM saved_views WHERE user_id = $1", params![user]).await?;
    tx.execute("DELETE FROM writers WHERE user_id = $1", params![user]).await?;
    tokens::remove_of_user(tx, user).await?;
    mails::remove_of_user(tx, user).await?;
    if tx.execute_one("DELETE FROM users WHERE id = $1", params![user]).await? { Ok(()) } else { Err(Error::NoRow) }
}
