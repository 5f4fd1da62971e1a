//! What will cost leads unless somebody acts: links that were paused and are followed, tokens and certificates that expire. For the loop that looks after
//! what needs a person.

use super::attention_facts::{MendedItem, TroubledChannel, read_channel, read_mended};
use super::{attention, attention_facts};
use crate::db::{Conn, Result};
use crate::domain::attention::AttentionKind;
use crate::domain::ids::{LinkId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A link that was paused and is followed.
#[derive(Clone, Debug)]
pub struct FollowedLink {
    /// Its project.
    pub project: ProjectId,
    /// The link.
    pub id: LinkId,
    /// The end of its address.
    pub slug: String,
    /// How many people followed it since it was paused.
    pub people: i64,
    /// When the last of them did.
    pub last_at: Timestamp,
}

/// Links that were paused and that at least `people` followed since, the last of them after `since`; at most `most`.
pub async fn links_followed(conn: &Conn, (since, people): (Timestamp, i64), most: u32) -> Result<Vec<FollowedLink>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.slug, x.followed, x.followed_at
             FROM links AS x
             WHERE x.followed_at > $1 AND x.followed >= $4 AND x.status = 'paused' AND ",
            attention_facts::unopened!()
        ),
        params![since, AttentionKind::LinkPaused.as_str(), most, people],
        |row| {
            Ok(FollowedLink {
                project: row.get(0)?,
                id: row.get(1)?,
                slug: row.get(2)?,
                people: row.get(3)?,
                last_at: row.get(4)?,
            })
        },
    )
    .await
}

/// Open items of links that were resumed or removed, or that nobody followed after `since`.
pub async fn links_left(conn: &Conn, since: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE ",
            attention_facts::open_items!(),
            " (SELECT 1 FROM links AS x
               WHERE x.project_id = a.project_id AND x.id = a.subject_id AND x.status = 'paused' AND x.followed_at > $1)
              ORDER BY a.id LIMIT $3"
        ),
        params![since, AttentionKind::LinkPaused.as_str(), most],
        read_mended,
    )
    .await
}

/// Channels whose token expires by `until`, at most `most`; `since` is when it does.
pub async fn tokens_ageing(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<TroubledChannel>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.kind, x.external_id, x.number, x.handle, NULL, x.token_expires_at
             FROM channels AS x
             WHERE x.token_expires_at <= $1 AND ",
            attention_facts::unopened!()
        ),
        params![until, AttentionKind::TokenAgeing.as_str(), most],
        read_channel,
    )
    .await
}

/// Open items of channels whose token does not expire by `until` any more: it was replaced.
pub async fn tokens_renewed(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE ",
            attention_facts::open_items!(),
            " (SELECT 1 FROM channels AS x
               WHERE x.project_id = a.project_id AND x.id = a.subject_id AND x.token_expires_at <= $1)
              ORDER BY a.id LIMIT $3"
        ),
        params![until, AttentionKind::TokenAgeing.as_str(), most],
        read_mended,
    )
    .await
}

/// A certificate of TLS built in that is not renewed.
#[derive(Clone, Debug)]
pub struct AgeingCertificate {
    /// The domains that it is for, with commas between.
    pub names: String,
    /// Until when the one that is there is valid; `None` where there never was one.
    pub expires_at: Option<Timestamp>,
    /// What was wrong with the last order, and what to do.
    pub fault: String,
}

/// Certificates whose orders failed at least `failures` times in a row, the last time after `since`, and that end by `until`.
pub async fn certificates_ageing(
    conn: &Conn,
    (since, until): (Timestamp, Timestamp),
    failures: i64,
) -> Result<Vec<AgeingCertificate>> {
    conn.query(
        "SELECT names, expires_at, fault
         FROM certificates
         WHERE failures >= $1 AND attempted_at > $2 AND (expires_at IS NULL OR expires_at <= $3) AND fault IS NOT NULL
         ORDER BY names",
        params![failures, since, until],
        |row| Ok(AgeingCertificate { names: row.get(0)?, expires_at: row.get(1)?, fault: row.get(2)? }),
    )
    .await
}
