//! TLS built in: the account at a certificate authority, the certificate of a set of domains, and the answers to challenges. They are
//! the installation's, not a project's.

use crate::db::{Conn, Result, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// Rows that a rotation of the key reads. There is one for each set of domains that was ever served.
const ROWS_MAX: u32 = 10_000;

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// PEM, the server's own first.
    pub chain: String,
    /// Its private key, sealed.
    pub sealed_key: String,
    /// When it came.
    pub issued_at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
}

/// How a certificate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Until when the one that is there is valid.
    pub expires_at: Option<Timestamp>,
    /// When the next order is made.
    pub due_at: Timestamp,
    /// What was wrong with the last one.
    pub fault: Option<String>,
}

/// An order that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its number: the fence.
    pub attempt: i64,
    /// How many before it failed in a row.
    pub failures: i64,
}

/// The credentials of the account at an authority, sealed.
pub async fn account(conn: &Conn, directory: &str) -> Result<Option<String>> {
    conn.find("SELECT sealed_credentials FROM acme_accounts WHERE directory = $1", params![directory], |row| row.get(0))
        .await
}

/// Stores the account at an authority; one that is there stays.
pub async fn insert_account(tx: &Tx, directory: &str, sealed: &str, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO acme_accounts (directory, sealed_credentials, created_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (directory) DO NOTHING",
        params![directory, sealed, now],
    )
    .await
}

/// Forgets the account at an authority that does not know it any more.
pub async fn remove_account(tx: &Tx, directory: &str) -> Result<u64> {
    tx.execute("DELETE FROM acme_accounts WHERE directory = $1", params![directory]).await
}

/// Every account: its directory and its sealed credentials.
pub async fn accounts(conn: &Conn) -> Result<Vec<(String, String)>> {
    conn.query(
        "SELECT directory, sealed_credentials FROM acme_accounts ORDER BY directory LIMIT $1",
        params![ROWS_MAX],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// Replaces the sealed credentials of an account.
pub async fn reseal_account(tx: &Tx, directory: &str, sealed: &str) -> Result<u64> {
    tx.execute("UPDATE acme_accounts SET sealed_credentials = $2 WHERE directory = $1", params![directory, sealed])
        .await
}

/// The certificate for these names, if there is one.
pub async fn find(conn: &Conn, names: &str) -> Result<Option<Issued>> {
    conn.find(
        "SELECT chain, sealed_key, issued_at, expires_at FROM certificates WHERE names = $1 AND chain IS NOT NULL",
        params![names],
        |row| {
            let (chain, sealed_key) = (row.get(0)?, row.get(1)?);
            Ok(Issued { chain, sealed_key, issued_at: row.get(2)?, expires_at: row.get(3)? })
        },
    )
    .await
}

/// When the certificate for these names came: what tells whether another one is there.
pub async fn issued_at(conn: &Conn, names: &str) -> Result<Option<Timestamp>> {
    let found: Option<Option<Timestamp>> =
        conn.find("SELECT issued_at FROM certificates WHERE names = $1", params![names], |row| row.get(0)).await?;
    Ok(found.flatten())
}

/// How the certificate for these names stands; `None` where no server has looked after it yet.
pub async fn standing(conn: &Conn, names: &str) -> Result<Option<Standing>> {
    conn.find("SELECT expires_at, due_at, fault FROM certificates WHERE names = $1", params![names], |row| {
        Ok(Standing { expires_at: row.get(0)?, due_at: row.get(1)?, fault: row.get(2)? })
    })
    .await
}

/// Has a certificate for these names looked after, from now on.
pub async fn register(tx: &Tx, names: &str, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO certificates (names, due_at, attempt, failures)
         VALUES ($1, $2, 0, 0)
         ON CONFLICT (names) DO NOTHING",
        params![names, now],
    )
    .await
}

/// Brings an order that failed forward, where the last one was before `since`: whoever starts a server has mended something, perhaps.
pub async fn bring_forward(tx: &Tx, names: &str, since: Timestamp, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE certificates
         SET due_at = $3
         WHERE names = $1 AND failures > 0 AND attempted_at <= $2 AND due_at > $3",
        params![names, since, now],
    )
    .await
}

/// Claims the order for these names where it is due: no other node makes it before `lease_until`.
pub async fn claim(tx: &Tx, names: &str, now: Timestamp, lease_until: Timestamp) -> Result<Option<Claimed>> {
    tx.find(
        "UPDATE certificates
         SET attempt = attempt + 1, attempted_at = $2, due_at = $3
         WHERE names = $1 AND due_at <= $2
         RETURNING attempt, failures",
        params![names, now, lease_until],
        |row| Ok(Claimed { attempt: row.get(0)?, failures: row.get(1)? }),
    )
    .await
}

/// Stores what an order brought; `false` where another one was made meanwhile.
pub async fn settle_issued(tx: &Tx, (names, attempt): (&str, i64), issued: &Issued, due_at: Timestamp) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE certificates
             SET chain = $3, sealed_key = $4, issued_at = $5, expires_at = $6, due_at = $7, failures = 0, fault = NULL
             WHERE names = $1 AND attempt = $2",
            params![names, attempt, &issued.chain, &issued.sealed_key, issued.issued_at, issued.expires_at, due_at],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that an order failed, and when the next one is made.
pub async fn settle_failed(tx: &Tx, (names, attempt): (&str, i64), fault: &str, due_at: Timestamp) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE certificates
             SET failures = failures + 1, fault = $3, due_at = $4
             WHERE names = $1 AND attempt = $2",
            params![names, attempt, fault, due_at],
        )
        .await?;
    Ok(changed == 1)
}

/// Every private key: its names and the sealed key.
pub async fn keys(conn: &Conn) -> Result<Vec<(String, String)>> {
    conn.query(
        "SELECT names, sealed_key FROM certificates WHERE sealed_key IS NOT NULL ORDER BY names LIMIT $1",
        params![ROWS_MAX],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// Replaces the sealed key of a certificate.
pub async fn reseal_key(tx: &Tx, names: &str, sealed: &str) -> Result<u64> {
    tx.execute("UPDATE certificates SET sealed_key = $2 WHERE names = $1", params![names, sealed]).await
}

/// Stores the answer to a domain's challenge.
pub async fn put_challenge(tx: &Tx, domain: &str, digest: &str, expires_at: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO acme_challenges (domain, digest, expires_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (domain) DO UPDATE SET digest = excluded.digest, expires_at = excluded.expires_at",
        params![domain, digest, expires_at],
    )
    .await
}

/// The answer to a domain's challenge, while it is looked for.
pub async fn challenge(conn: &Conn, domain: &str, now: Timestamp) -> Result<Option<String>> {
    conn.find("SELECT digest FROM acme_challenges WHERE domain = $1 AND expires_at > $2", params![domain, now], |row| {
        row.get(0)
    })
    .await
}

/// Forgets the answer to a domain's challenge.
pub async fn remove_challenge(tx: &Tx, domain: &str) -> Result<u64> {
    tx.execute("DELETE FROM acme_challenges WHERE domain = $1", params![domain]).await
}
