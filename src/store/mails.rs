//! E-mail. Each is its own job: `due_at` says when it is sent, or when the lease of who has claimed it ends.

use super::attention::{self, AttentionItem, COLUMNS, read};
use crate::db::{Conn, Error, Result, Sql, Tx};
use crate::domain::ids::{AttentionId, MailId, UserId};
use crate::domain::mail::{MailKind, MailStatus};
use crate::domain::time::Timestamp;
use crate::params;

/// Up to so many waiting ones are counted.
pub const COUNTED_MAX: i64 = 1_000;

/// What a mail starts with.
pub struct NewMail<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// What it is for.
    pub kind: MailKind,
    /// Whom it is for, where they have an account.
    pub user: Option<UserId>,
    /// Their address.
    pub recipient: &'a str,
    /// The letter, sealed; `None` for one that collects what it tells.
    pub sealed_letter: Option<&'a str>,
    /// When it is to be sent.
    pub due_at: Timestamp,
}

/// Queues a mail.
pub async fn insert(tx: &Tx, new: &NewMail<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO mails (public_id, kind, user_id, recipient, sealed_letter, collects, status, due_at, attempts, created_at)
         VALUES ($1, $2, $3, $4, $5, FALSE, 'pending', $6, 0, $7)",
        params![new.public_id, new.kind.as_str(), new.user, new.recipient, new.sealed_letter, new.due_at, now],
    )
    .await
}

/// The mail to a person that still collects; the new one where there is none.
pub async fn collecting(tx: &Tx, user: UserId, new: &NewMail<'_>, now: Timestamp) -> Result<MailId> {
    tx.get(
        "INSERT INTO mails (public_id, kind, user_id, recipient, collects, status, due_at, attempts, created_at)
         VALUES ($1, $2, $3, $4, TRUE, 'pending', $5, 0, $6)
         ON CONFLICT (user_id) WHERE collects DO UPDATE SET due_at = mails.due_at
         RETURNING id",
        params![new.public_id, new.kind.as_str(), user, new.recipient, new.due_at, now],
        |row| row.get(0),
    )
    .await
}

/// Adds to what a mail tells.
pub async fn add_attention(tx: &Tx, mail: MailId, item: AttentionId, is_closed: bool) -> Result<u64> {
    tx.execute(
        "INSERT INTO mail_attention (mail_id, attention_id, is_closed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        params![mail, item, is_closed],
    )
    .await
}

/// A mail that was claimed for sending.
#[derive(Clone, Debug)]
pub struct LeasedMail {
    /// Row key.
    pub id: MailId,
    /// Its UUID.
    pub public_id: String,
    /// What it is for.
    pub kind: MailKind,
    /// Whom it is for, where they have an account.
    pub user: Option<UserId>,
    /// Their address.
    pub recipient: String,
    /// The letter, sealed; `None` for one that is made now.
    pub sealed_letter: Option<String>,
    /// The number of this attempt, from 1: whoever settles must hold it.
    pub attempt: u32,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Claims up to `most` mails until `lease_until`. They collect no more.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<LeasedMail>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE mails
                 SET due_at = $2, attempts = attempts + 1, collects = FALSE
                 WHERE id IN (SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3)
                 RETURNING id, public_id, kind, user_id, recipient, sealed_letter, attempts, created_at",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE mails
                   SET due_at = $2, attempts = attempts + 1, collects = FALSE
                   WHERE id IN (
                       SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
                   )
                   RETURNING id, public_id, kind, user_id, recipient, sealed_letter, attempts, created_at",
    };
    tx.query(CLAIM, params![now, lease_until, most], |row| {
        Ok(LeasedMail {
            id: row.get(0)?,
            public_id: row.get(1)?,
            kind: MailKind::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
            user: row.get(3)?,
            recipient: row.get(4)?,
            sealed_letter: row.get(5)?,
            attempt: row.get(6)?,
            created_at: row.get(7)?,
        })
    })
    .await
}

/// Whether a mail is due.
pub async fn has_due(conn: &Conn, now: Timestamp) -> Result<bool> {
    conn.exists("SELECT 1 FROM mails WHERE due_at <= $1 LIMIT 1", params![now]).await
}

/// When the next mail falls due that is not due now.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.find("SELECT due_at FROM mails WHERE due_at > $1 ORDER BY due_at LIMIT 1", params![now], |row| row.get(0))
        .await
}

/// Something that a mail tells.
#[derive(Clone, Debug)]
pub struct ToldItem {
    /// The item.
    pub item: AttentionItem,
    /// Whether it tells that the item was closed.
    pub is_closed: bool,
    /// The project's UUID, name and time zone; `None` for the instance.
    pub project: Option<(String, String, String)>,
}

/// What a mail tells its person, by project, at most `most`: of projects where they still are a member, and of the instance while
/// they look after it.
pub async fn told(conn: &Conn, mail: MailId, user: UserId, most: u32) -> Result<Vec<ToldItem>> {
    let links: Vec<(AttentionId, bool)> = conn
        .query(
            "SELECT attention_id, is_closed FROM mail_attention WHERE mail_id = $1 ORDER BY attention_id, is_closed LIMIT $2",
            params![mail, most],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    let mut told = Vec::new();
    for (item, is_closed) in links {
        told.extend(told_item(conn, item, user).await?.map(|(item, project)| ToldItem { item, is_closed, project }));
    }
    told.sort_by_key(|one: &ToldItem| (one.item.project, one.is_closed, one.item.id));
    Ok(told)
}

type Told = (AttentionItem, Option<(String, String, String)>);

async fn told_item(conn: &Conn, item: AttentionId, user: UserId) -> Result<Option<Told>> {
    conn.find(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", p.public_id, p.name, p.time_zone
             FROM attention AS a LEFT JOIN projects AS p ON p.id = a.project_id
             WHERE a.id = $1 AND (
                 EXISTS (SELECT 1 FROM members AS m WHERE m.project_id = a.project_id AND m.user_id = $2)
                 OR a.project_id = 0 AND EXISTS (SELECT 1 FROM users AS u WHERE u.id = $2 AND u.is_operator)
             )"
        ),
        params![item, user],
        |row| {
            let public_id: Option<String> = row.get(COLUMNS)?;
            let name: Option<String> = row.get(COLUMNS + 1)?;
            let zone: Option<String> = row.get(COLUMNS + 2)?;
            let project = public_id.zip(name).zip(zone).map(|((public_id, name), zone)| (public_id, name, zone));
            Ok((read(row)?, project))
        },
    )
    .await
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The mail.
    pub id: MailId,
    /// The number of the attempt.
    pub attempt: u32,
    /// What it is now.
    pub status: MailStatus,
    /// When the next attempt is due.
    pub due_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Stores how an attempt ended; `false` where the mail was claimed again meanwhile. What has ended keeps no letter: it may hold a
/// link that is good once.
pub async fn settle(tx: &Tx, settlement: &Settlement, now: Timestamp) -> Result<bool> {
    let Settlement { id, attempt, status, due_at, error } = settlement;
    let ended_at = due_at.is_none().then_some(now);
    tx.execute_one(
        "UPDATE mails
         SET status = $3, due_at = $4, error = $5, ended_at = $6,
             sealed_letter = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN NULL ELSE sealed_letter END
         WHERE id = $1 AND attempts = $2 AND status = 'pending'",
        params![*id, *attempt, status.as_str(), *due_at, error, ended_at],
    )
    .await
}

/// How mail fares, for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailState {
    /// Mails that wait, up to [`COUNTED_MAX`].
    pub waiting: i64,
    /// Why the newest of those failed that were not sent, and when it was written.
    pub last_error: Option<(String, Timestamp)>,
    /// How the person's last test went: its status, what went wrong, and when it was asked for.
    pub test: Option<(MailStatus, Option<String>, Timestamp)>,
}

/// How mail fares, and that person's last test.
pub async fn state(conn: &Conn, user: UserId) -> Result<MailState> {
    let waiting = conn
        .get(
            "SELECT COUNT(*) FROM (SELECT 1 FROM mails WHERE due_at >= 0 LIMIT $1) AS waiting",
            params![COUNTED_MAX],
            |row| row.get(0),
        )
        .await?;
    let last_error = conn
        .find(
            "SELECT error, created_at FROM mails WHERE error IS NOT NULL AND id > 0 ORDER BY id DESC LIMIT 1",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    let test = conn
        .find(
            "SELECT status, error, created_at FROM mails WHERE user_id = $1 AND kind = 'test' ORDER BY id DESC LIMIT 1",
            params![user],
            |row| {
                let status = MailStatus::parse(&row.get::<String>(0)?).ok_or(Error::Column(0))?;
                Ok((status, row.get(1)?, row.get(2)?))
            },
        )
        .await?;
    Ok(MailState { waiting, last_error, test })
}

/// Gives up mails that were written before that and wait still: nobody has sent them, and their links are no good any more.
pub async fn give_up(tx: &Tx, written_before: Timestamp, error: &str, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE mails
         SET status = 'failed', due_at = NULL, collects = FALSE, sealed_letter = NULL, ended_at = $3,
             error = COALESCE(error, $2)
         WHERE due_at >= 0 AND created_at < $1",
        params![written_before, error, now],
    )
    .await
}

/// Makes mails due at `due_max` that would wait longer: after the clock was set back.
pub async fn bring_forward(tx: &Tx, due_max: Timestamp) -> Result<u64> {
    tx.execute("UPDATE mails SET due_at = $1 WHERE due_at > $1", params![due_max]).await
}

/// Removes up to `most` mails that were written before that and have ended. For the retention job.
pub async fn remove_old(tx: &Tx, written_before: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM mail_attention
         WHERE mail_id IN (
             SELECT id FROM mails WHERE created_at < $1 AND due_at IS NULL ORDER BY created_at, id LIMIT $2
         )",
        params![written_before, most],
    )
    .await?;
    tx.execute(
        "DELETE FROM mails
         WHERE id IN (SELECT id FROM mails WHERE created_at < $1 AND due_at IS NULL ORDER BY created_at, id LIMIT $2)",
        params![written_before, most],
    )
    .await
}

/// Removes all mails to a person.
pub async fn remove_of_user(tx: &Tx, user: UserId) -> Result<()> {
    tx.execute("DELETE FROM mail_attention WHERE mail_id IN (SELECT id FROM mails WHERE user_id = $1)", params![user])
        .await?;
    tx.execute("DELETE FROM mails WHERE user_id = $1", params![user]).await.map(|_| ())
}

/// Waiting mails with a row key above `after` that hold a letter: row key, UUID, letter. For sealing them anew.
pub async fn page_of_sealed(conn: &Conn, after: MailId, most: u32) -> Result<Vec<(MailId, String, String)>> {
    conn.query(
        "SELECT id, public_id, sealed_letter FROM mails WHERE id > $1 AND sealed_letter IS NOT NULL ORDER BY id LIMIT $2",
        params![after, most],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

/// Stores the letter of a mail as it is sealed with another key.
pub async fn set_sealed(tx: &Tx, mail: MailId, sealed_letter: &str) -> Result<u64> {
    tx.execute("UPDATE mails SET sealed_letter = $2 WHERE id = $1", params![mail, sealed_letter]).await
}
