//! What calls with an `Idempotency-Key` were answered. A key is of one token.

use crate::db::{Result, Row, Tx};
use crate::domain::ids::TokenId;
use crate::domain::time::Timestamp;
use crate::params;

/// What is kept of a call.
#[derive(Clone, Debug)]
pub struct KeptCall {
    /// SHA-256 of the request.
    pub request_hash: String,
    /// When it began.
    pub created_at: Timestamp,
    /// What it was answered; `None` while it has not ended.
    pub answer: Option<KeptAnswer>,
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status code.
    pub status: u16,
    /// Empty where there is no body.
    pub content_type: String,
    /// The body, sealed.
    pub sealed_body: String,
}

fn read(row: &Row<'_>) -> Result<KeptCall> {
    let status: Option<i64> = row.get(2)?;
    let (content_type, sealed_body): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let answer = status.and_then(|status| u16::try_from(status).ok()).map(|status| KeptAnswer {
        status,
        content_type: content_type.unwrap_or_default(),
        sealed_body: sealed_body.unwrap_or_default(),
    });
    Ok(KeptCall { request_hash: row.get(0)?, created_at: row.get(1)?, answer })
}

/// Begins a call under a key; `false` where that key of the token is taken.
pub async fn begin(tx: &Tx, token: TokenId, name: &str, request_hash: &str, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO idempotency_keys (token_id, name, request_hash, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (token_id, name) DO NOTHING",
        params![token, name, request_hash, now],
    )
    .await
}

/// The call under a key of the token.
pub async fn find(tx: &Tx, token: TokenId, name: &str) -> Result<Option<KeptCall>> {
    tx.find(
        "SELECT request_hash, created_at, status, content_type, sealed_body
         FROM idempotency_keys
         WHERE token_id = $1 AND name = $2",
        params![token, name],
        read,
    )
    .await
}

/// Keeps what the call that began then was answered.
pub async fn end(tx: &Tx, token: TokenId, name: &str, begun_at: Timestamp, answer: &KeptAnswer) -> Result<bool> {
    tx.execute_one(
        "UPDATE idempotency_keys
         SET status = $4, content_type = $5, sealed_body = $6
         WHERE token_id = $1 AND name = $2 AND created_at = $3",
        params![token, name, begun_at, i64::from(answer.status), &answer.content_type, &answer.sealed_body],
    )
    .await
}

/// Forgets the call that began then.
pub async fn forget(tx: &Tx, token: TokenId, name: &str, begun_at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "DELETE FROM idempotency_keys WHERE token_id = $1 AND name = $2 AND created_at = $3",
        params![token, name, begun_at],
    )
    .await
}

/// Removes calls that began before a time, at most `most`, and returns how many.
pub async fn remove_old(tx: &Tx, before: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM idempotency_keys
         WHERE (token_id, name) IN (
             SELECT token_id, name FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2
         )",
        params![before, most],
    )
    .await
}
