//! What is wrong and has no open item yet, and which open items are mended, in all projects: for the loop that looks after both.

use super::attention::{self, AttentionItem, COLUMNS, read};
use super::webhooks::title;
use crate::db::{Conn, Error, Result, Row};
use crate::domain::attention::AttentionKind;
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ChannelId, ProjectId, WebhookId, WidgetId};
use crate::domain::time::Timestamp;
use crate::params;

/// A webhook that is off, or fails.
#[derive(Clone, Debug)]
pub struct TroubledWebhook {
    /// Its project.
    pub project: ProjectId,
    /// The webhook.
    pub id: WebhookId,
    /// Its UUID.
    pub public_id: String,
    /// What people call it.
    pub title: String,
    /// Why it was turned off.
    pub reason: Option<String>,
    /// Since when it has been so.
    pub since: Timestamp,
}

/// A channel that cannot send, or gets no messages.
#[derive(Clone, Debug)]
pub struct TroubledChannel {
    /// Its project.
    pub project: ProjectId,
    /// The channel.
    pub id: ChannelId,
    /// Its platform.
    pub kind: ChannelKind,
    /// The platform's id of it.
    pub external_id: String,
    /// Digits of its number.
    pub number: Option<String>,
    /// Its handle, without `@`.
    pub handle: Option<String>,
    /// What is wrong and what to do.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A project in which people wait for a person.
#[derive(Clone, Debug)]
pub struct WaitingPeople {
    /// The project.
    pub project: ProjectId,
    /// How long they may wait, in microseconds.
    pub after_us: i64,
    /// Since when the first of them waits.
    pub since: Timestamp,
}

/// A widget without clicks.
#[derive(Clone, Debug)]
pub struct SilentWidget {
    /// Its project.
    pub project: ProjectId,
    /// The widget.
    pub id: WidgetId,
    /// Its id in the tag.
    pub public_id: String,
    /// As people call it; may be empty.
    pub name: String,
    /// The last click.
    pub since: Timestamp,
}

/// An open item of which nothing is wrong any more.
#[derive(Clone, Debug)]
pub struct MendedItem {
    /// The item.
    pub item: AttentionItem,
    /// Whether something worse has come of it, which has an item of its own.
    pub is_worse: bool,
}

macro_rules! off {
    () => {
        "x.turned_off_at IS NOT NULL AND NOT x.is_active AND x.removed_at IS NULL"
    };
}

macro_rules! failing {
    () => {
        "x.failing_since <= $1 AND x.is_active AND x.paused_at IS NULL AND x.removed_at IS NULL"
    };
}

/// `$2`: the kind, `$3`: how many.
macro_rules! unopened {
    () => {
        "NOT EXISTS (
             SELECT 1
             FROM attention AS a
             WHERE a.project_id = x.project_id AND a.kind = $2 AND a.subject_id = x.id AND a.closed_at IS NULL
         )
         ORDER BY x.id
         LIMIT $3"
    };
}
pub(super) use unopened;

/// `$2`: the kind.
macro_rules! open_items {
    () => {
        "FROM attention AS a WHERE a.kind = $2 AND a.closed_at IS NULL AND NOT EXISTS"
    };
}
pub(super) use open_items;

fn read_webhook(row: &Row<'_>) -> Result<TroubledWebhook> {
    let (name, url): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(TroubledWebhook {
        project: row.get(0)?,
        id: row.get(1)?,
        public_id: row.get(2)?,
        title: title(&name, &url),
        reason: row.get(5)?,
        since: row.get(6)?,
    })
}

/// Webhooks that Aurix turned off by `until`, at most `most`.
pub async fn webhooks_off(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<TroubledWebhook>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.public_id, x.name, x.url, x.off_reason, x.turned_off_at
             FROM webhooks AS x
             WHERE x.turned_off_at <= $1 AND ",
            off!(),
            " AND ",
            unopened!()
        ),
        params![until, AttentionKind::WebhookOff.as_str(), most],
        read_webhook,
    )
    .await
}

/// Webhooks that have failed since `since` or longer, at most `most`.
pub async fn webhooks_failing(conn: &Conn, since: Timestamp, most: u32) -> Result<Vec<TroubledWebhook>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.public_id, x.name, x.url, x.off_reason, x.failing_since
             FROM webhooks AS x
             WHERE ",
            failing!(),
            " AND ",
            unopened!()
        ),
        params![since, AttentionKind::WebhookFailing.as_str(), most],
        read_webhook,
    )
    .await
}

pub(super) fn read_channel(row: &Row<'_>) -> Result<TroubledChannel> {
    Ok(TroubledChannel {
        project: row.get(0)?,
        id: row.get(1)?,
        kind: ChannelKind::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        external_id: row.get(3)?,
        number: row.get(4)?,
        handle: row.get(5)?,
        reason: row.get::<Option<String>>(6)?.unwrap_or_default(),
        since: row.get(7)?,
    })
}

/// Channels that cannot send since `until` or longer, at most `most`.
pub async fn channels_at_fault(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<TroubledChannel>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.kind, x.external_id, x.number, x.handle, x.fault, x.fault_since
             FROM channels AS x
             WHERE x.fault_since <= $1 AND ",
            unopened!()
        ),
        params![until, AttentionKind::ChannelFault.as_str(), most],
        read_channel,
    )
    .await
}

/// Channels that get no messages since `until` or longer, at most `most`.
pub async fn channels_astray(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<TroubledChannel>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.kind, x.external_id, x.number, x.handle, x.inbound_fault, x.inbound_fault_since
             FROM channels AS x
             WHERE x.inbound_fault_since <= $1 AND ",
            unopened!()
        ),
        params![until, AttentionKind::ChannelInbound.as_str(), most],
        read_channel,
    )
    .await
}

/// Projects in which somebody has waited for longer than the project allows, at most `most`.
pub async fn people_waiting(conn: &Conn, now: Timestamp, most: u32) -> Result<Vec<WaitingPeople>> {
    conn.query(
        "SELECT p.id, p.unanswered_after, c.handling_since
         FROM projects AS p
         JOIN conversations AS c ON c.id = (
             SELECT first.id
             FROM conversations AS first
             WHERE first.project_id = p.id AND first.handling = 'waiting' AND first.handling_since >= 0
             ORDER BY first.handling_since, first.id
             LIMIT 1
         )
         WHERE c.handling_since + p.unanswered_after <= $1 AND NOT EXISTS (
             SELECT 1
             FROM attention AS a
             WHERE a.project_id = p.id AND a.kind = $2 AND a.subject_id = 0 AND a.closed_at IS NULL
         )
         ORDER BY p.id
         LIMIT $3",
        params![now, AttentionKind::PeopleWaiting.as_str(), most],
        |row| Ok(WaitingPeople { project: row.get(0)?, after_us: row.get(1)?, since: row.get(2)? }),
    )
    .await
}

/// Widgets whose last click was at `until` or before, but after `from`, at most `most`.
pub async fn widgets_silent(
    conn: &Conn,
    (from, until): (Timestamp, Timestamp),
    most: u32,
) -> Result<Vec<SilentWidget>> {
    conn.query(
        concat!(
            "SELECT x.project_id, x.id, x.public_id, x.name, x.clicked_at
             FROM widgets AS x
             WHERE x.clicked_at <= $1 AND x.clicked_at > $4 AND ",
            unopened!()
        ),
        params![until, AttentionKind::WidgetSilent.as_str(), most, from],
        |row| {
            Ok(SilentWidget {
                project: row.get(0)?,
                id: row.get(1)?,
                public_id: row.get(2)?,
                name: row.get(3)?,
                since: row.get(4)?,
            })
        },
    )
    .await
}

pub(super) fn read_mended(row: &Row<'_>) -> Result<MendedItem> {
    Ok(MendedItem { item: read(row)?, is_worse: row.get(COLUMNS)? })
}

/// Open items of webhooks that are on again, or that a person turned off or removed.
pub async fn webhooks_on(conn: &Conn, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE FROM attention AS a WHERE a.kind = $1 AND a.closed_at IS NULL AND NOT EXISTS
                 (SELECT 1 FROM webhooks AS x WHERE x.project_id = a.project_id AND x.id = a.subject_id AND ",
            off!(),
            ") ORDER BY a.id LIMIT $2"
        ),
        params![AttentionKind::WebhookOff.as_str(), most],
        read_mended,
    )
    .await
}

/// Open items of webhooks that do not fail any more, paused ones among them. One that Aurix turned off has got worse.
pub async fn webhooks_answering(conn: &Conn, since: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", EXISTS (SELECT 1 FROM webhooks AS x WHERE x.project_id = a.project_id AND x.id = a.subject_id AND ",
            off!(),
            ") ",
            open_items!(),
            " (SELECT 1 FROM webhooks AS x WHERE x.project_id = a.project_id AND x.id = a.subject_id AND ",
            failing!(),
            ") ORDER BY a.id LIMIT $3"
        ),
        params![since, AttentionKind::WebhookFailing.as_str(), most],
        read_mended,
    )
    .await
}

/// Open items of channels that can send again.
pub async fn channels_mended(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE ",
            open_items!(),
            " (SELECT 1 FROM channels AS x WHERE x.project_id = a.project_id AND x.id = a.subject_id AND x.fault_since <= $1)
              ORDER BY a.id LIMIT $3"
        ),
        params![until, AttentionKind::ChannelFault.as_str(), most],
        read_mended,
    )
    .await
}

/// Open items of channels that get messages again.
pub async fn channels_found(conn: &Conn, until: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE ",
            open_items!(),
            " (SELECT 1 FROM channels AS x
               WHERE x.project_id = a.project_id AND x.id = a.subject_id AND x.inbound_fault_since <= $1)
              ORDER BY a.id LIMIT $3"
        ),
        params![until, AttentionKind::ChannelInbound.as_str(), most],
        read_mended,
    )
    .await
}

/// Open items of projects in which nobody waits for too long any more.
pub async fn people_answered(conn: &Conn, now: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE ",
            open_items!(),
            " (SELECT 1
               FROM projects AS p JOIN conversations AS c ON c.project_id = p.id
               WHERE p.id = a.project_id AND c.handling = 'waiting' AND c.handling_since <= $1 - p.unanswered_after)
              ORDER BY a.id LIMIT $3"
        ),
        params![now, AttentionKind::PeopleWaiting.as_str(), most],
        read_mended,
    )
    .await
}

/// Open items of widgets that have clicks again, or had the last one too long ago.
pub async fn widgets_clicked(conn: &Conn, (from, until): (Timestamp, Timestamp), most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE ",
            open_items!(),
            " (SELECT 1 FROM widgets AS x WHERE x.project_id = a.project_id AND x.id = a.subject_id
               AND x.clicked_at <= $1 AND x.clicked_at > $4)
              ORDER BY a.id LIMIT $3"
        ),
        params![until, AttentionKind::WidgetSilent.as_str(), most, from],
        read_mended,
    )
    .await
}
