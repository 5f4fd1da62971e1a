//! Tokens of the management API. Only a hash of a token is stored.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::ids::{TokenId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::token::{TokenOwner, TokenScope};
use crate::params;

macro_rules! columns {
    () => {
        "id, public_id, project_id, user_id, name, scope, prefix, created_by, created_at, expires_at, revoked_at, last_used_at"
    };
}

/// What is stored of a token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Row key.
    pub id: TokenId,
    /// The UUID that people see.
    pub public_id: String,
    /// Whose it is.
    pub owner: TokenOwner,
    /// What its maker calls it.
    pub name: String,
    /// What it allows.
    pub scope: TokenScope,
    /// The start of the token, to tell tokens apart.
    pub prefix: String,
    /// Who made it, as the audit log names them.
    pub created_by: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops being valid.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to a few minutes.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// Whether requests with it are served at that time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

fn read(row: &Row<'_>) -> Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        public_id: row.get(1)?,
        owner: TokenOwner::of(row.get(2)?, row.get(3)?),
        name: row.get(4)?,
        scope: TokenScope::parse(&row.get::<String>(5)?).ok_or(Error::Column(5))?,
        prefix: row.get(6)?,
        created_by: row.get(7)?,
        created_at: row.get(8)?,
        expires_at: row.get(9)?,
        revoked_at: row.get(10)?,
        last_used_at: row.get(11)?,
    })
}

/// What is stored of a new token.
pub struct NewToken<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// As in [`Token::name`].
    pub name: &'a str,
    /// As in [`Token::scope`].
    pub scope: TokenScope,
    /// The start of the token.
    pub prefix: &'a str,
    /// The token's SHA-256 in hex.
    pub hash: &'a str,
    /// As in [`Token::created_by`].
    pub created_by: Option<&'a str>,
    /// As in [`Token::expires_at`].
    pub expires_at: Option<Timestamp>,
}

/// Stores a token.
pub async fn insert(tx: &Tx, owner: TokenOwner, new: &NewToken<'_>, now: Timestamp) -> Result<Token> {
    let (project, user) = owner.columns();
    tx.get(
        concat!(
            "INSERT INTO tokens (public_id, project_id, user_id, name, scope, prefix, hash, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             RETURNING ",
            columns!()
        ),
        params![
            new.public_id,
            project,
            user,
            new.name,
            new.scope.as_str(),
            new.prefix,
            new.hash,
            new.created_by,
            now,
            new.expires_at
        ],
        read,
    )
    .await
}

/// The token of that SHA-256, valid or not.
pub async fn find_by_hash(conn: &Conn, hash: &str) -> Result<Option<Token>> {
    conn.find(concat!("SELECT ", columns!(), " FROM tokens WHERE hash = $1"), params![hash], read).await
}

/// The tokens of one, newest first, those that are not valid any more too, at most `most`.
pub async fn list(conn: &Conn, owner: TokenOwner, most: u32) -> Result<Vec<Token>> {
    let (project, user) = owner.columns();
    conn.query(
        concat!("SELECT ", columns!(), " FROM tokens WHERE project_id = $1 AND user_id = $2 ORDER BY id DESC LIMIT $3"),
        params![project, user, most],
        read,
    )
    .await
}

/// Whose a token is: for the operator's commands, which name no project.
pub async fn owner_of(conn: &Conn, public_id: &str) -> Result<Option<TokenOwner>> {
    conn.find("SELECT project_id, user_id FROM tokens WHERE public_id = $1", params![public_id], |row| {
        Ok(TokenOwner::of(row.get(0)?, row.get(1)?))
    })
    .await
}

/// Says that a token was used.
pub async fn touch(tx: &Tx, owner: TokenOwner, id: TokenId, now: Timestamp) -> Result<u64> {
    let (project, user) = owner.columns();
    tx.execute(
        "UPDATE tokens SET last_used_at = $4 WHERE project_id = $1 AND user_id = $2 AND id = $3",
        params![project, user, id, now],
    )
    .await
}

/// Revokes a token; `false` where its owner has no such one, or revoked it before.
pub async fn revoke(tx: &Tx, owner: TokenOwner, public_id: &str, now: Timestamp) -> Result<bool> {
    let (project, user) = owner.columns();
    tx.execute_one(
        "UPDATE tokens
         SET revoked_at = $4
         WHERE project_id = $1 AND user_id = $2 AND public_id = $3 AND revoked_at IS NULL",
        params![project, user, public_id, now],
    )
    .await
}

/// Removes the tokens of a person, with what their calls were answered.
pub async fn remove_of_user(tx: &Tx, user: UserId) -> Result<()> {
    let (project, user) = TokenOwner::Person(user).columns();
    tx.execute(
        "DELETE FROM idempotency_keys
         WHERE token_id IN (SELECT id FROM tokens WHERE project_id = $1 AND user_id = $2)",
        params![project, user],
    )
    .await?;
    tx.execute("DELETE FROM tokens WHERE project_id = $1 AND user_id = $2", params![project, user]).await?;
    Ok(())
}
