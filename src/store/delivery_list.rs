//! The deliveries of a project over all its webhooks, as the console's log lists and filters them.
//!
//! Where they are looked for depends on the filter, so that a page looks at few of them however many there are:
//!
//! - of events that are named, or of a type of event that conversations have: from the events, whose time their deliveries share;
//! - what failed, waits or was cancelled: in the index that each webhook has of these alone (`delivery_walk`);
//! - all others: by time, of each webhook (`delivery_walk`).
//!
//! What is found is brought together, newest first.

use super::delivery_filter::{Filter, position};
use super::delivery_walk::{Walk, of_webhook};
use super::webhooks::title;
use super::window::Position;
use crate::db::{Conn, Result, Sql};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::{ConversationId, ProjectId, WebhookId};
use crate::domain::time::from_microseconds;
use crate::params;

/// Deliveries that a page looks at: over all webhooks.
const LOOKED_AT_MAX: usize = 12_000;
/// Of each webhook, or events of a type.
const OF_WEBHOOK_MAX: usize = 2_000;
/// The same where there are many webhooks: more than one transaction stores at the same time.
const OF_WEBHOOK_MIN: usize = 500;
/// Events of a conversation whose deliveries are listed: the newest.
const EVENTS_OF_CONVERSATION: u32 = 1_000;
/// Webhooks of a project that are listed, removed ones too.
const WEBHOOKS_MAX: i64 = 1_000;

/// A webhook whose deliveries are in the log, removed or not.
#[derive(Clone, Debug)]
pub struct LogWebhook {
    /// Row key.
    pub id: WebhookId,
    /// Its UUID.
    pub public_id: String,
    /// What people call it.
    pub title: String,
    /// Where its deliveries go.
    pub url: String,
    /// Whether it was removed.
    pub is_removed: bool,
}

/// The webhooks of a project, removed ones too: those that are there first.
pub async fn webhooks(conn: &Conn, project: ProjectId) -> Result<Vec<LogWebhook>> {
    conn.query(
        "SELECT id, public_id, name, url, removed_at IS NOT NULL
         FROM webhooks
         WHERE project_id = $1
         ORDER BY removed_at IS NOT NULL, id
         LIMIT $2",
        params![project, WEBHOOKS_MAX],
        |row| {
            let (name, url): (String, String) = (row.get(2)?, row.get(3)?);
            Ok(LogWebhook {
                id: row.get(0)?,
                public_id: row.get(1)?,
                title: title(&name, &url),
                url,
                is_removed: row.get(4)?,
            })
        },
    )
    .await
}

/// A part of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Where its deliveries stand, newest first.
    pub positions: Vec<Position>,
    /// Behind which position the next page begins, where there is one; whether the search ended there before it had seen everything.
    pub next: Option<(Position, bool)>,
}

impl Page {
    /// Of what was found, at most `most`. Where a search ended at `cut`, what is older may have others between.
    fn of(mut found: Vec<Position>, cut: Option<Position>, most: usize) -> Self {
        found.retain(|at| cut.is_none_or(|cut| *at >= cut));
        found.sort_unstable_by(|one, other| other.cmp(one));
        let has_more = found.len() > most;
        found.truncate(most);
        let next = if has_more { found.last().map(|last| (*last, false)) } else { cut.map(|cut| (cut, true)) };
        Self { positions: found, next }
    }
}

/// The part of the list behind `before`, with at most `most` deliveries to some webhooks of the project.
pub async fn page(
    conn: &Conn,
    project: ProjectId,
    webhooks: &[WebhookId],
    filter: &Filter,
    (before, most): (Position, usize),
) -> Result<Page> {
    let webhooks: Vec<_> =
        webhooks.iter().copied().filter(|id| filter.webhook.is_none_or(|wanted| wanted == *id)).collect();
    let look = (LOOKED_AT_MAX / webhooks.len().max(1)).clamp(OF_WEBHOOK_MIN, OF_WEBHOOK_MAX);
    let before = before.min(Position::before(filter.until));
    if filter.names_events() {
        let mut found = deliveries_of(conn, project, filter, &named_events(conn, project, filter).await?).await?;
        found.retain(|at| *at < before);
        return Ok(Page::of(found, None, most));
    }
    let walks = walks_of(filter);
    if filter.event_type.is_some_and(EventType::is_of_conversation) && walks == [Walk::ByTime] {
        return of_type(conn, project, filter, (before, most), look).await;
    }
    let (mut found, mut cut) = (Vec::new(), None::<Position>);
    for webhook in webhooks {
        for walk in walks {
            let part = of_webhook(conn, (project, webhook), *walk, filter, (before, most + 1, look)).await?;
            found.extend(part.positions);
            cut = cut.max(part.cut);
        }
    }
    Ok(Page::of(found, cut, most))
}

/// In which indexes of a webhook the deliveries of a filter are looked for.
fn walks_of(filter: &Filter) -> &'static [Walk] {
    // Whatever was delivered had a response of success.
    let is_of_failures = !filter.results.overlaps(200, 299) && !filter.results.overlaps(0, 0);
    match filter.status {
        Some(DeliveryStatus::Failed) => &[Walk::Failed],
        Some(DeliveryStatus::Pending) => &[Walk::Pending],
        Some(DeliveryStatus::Cancelled) => &[Walk::Cancelled],
        None if is_of_failures => &[Walk::Failed, Walk::Pending, Walk::Cancelled],
        Some(DeliveryStatus::Delivered) | None => &[Walk::ByTime],
    }
}

/// From the newest events of a type on, of which at most `look` are looked at.
async fn of_type(
    conn: &Conn,
    project: ProjectId,
    filter: &Filter,
    (before, most): (Position, usize),
    look: usize,
) -> Result<Page> {
    let mut behind = Position { id: i64::MAX, ..before };
    let (mut found, mut looked, mut rows) = (Vec::new(), 0, most + 1);
    loop {
        let events = newest_of_type(conn, project, filter, behind, rows).await?;
        let is_end = events.len() < rows;
        found.extend(deliveries_of(conn, project, filter, &events).await?.into_iter().filter(|at| *at < before));
        looked += events.len();
        let Some(last) = events.last().filter(|_| !is_end) else { return Ok(Page::of(found, None, most)) };
        // Of the time of the last one there may be others, with deliveries between these.
        let is_whole = |at: &&Position| at.created_at > last.created_at;
        if found.iter().filter(is_whole).count() > most || looked >= look {
            found.retain(|at| is_whole(&at));
            let cut = Position { created_at: last.created_at, id: i64::MAX };
            return Ok(Page::of(found, Some(cut), most));
        }
        behind = *last;
        rows = (rows * 4).min(look);
    }
}

async fn newest_of_type(
    conn: &Conn,
    project: ProjectId,
    filter: &Filter,
    behind: Position,
    rows: usize,
) -> Result<Vec<Position>> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    conn.query(
        "SELECT created_at, id
         FROM events
         WHERE project_id = $1 AND event_type = $2 AND conversation_id IS NOT NULL
           AND created_at >= $3 AND created_at <= $4 AND (created_at, id) < ($4, $5)
         ORDER BY created_at DESC, id DESC
         LIMIT $6",
        params![project, filter.event_type(), filter.from, behind.created_at, behind.id, rows],
        position,
    )
    .await
}

/// The events that a filter names, each by its time and row key.
pub(super) async fn named_events(conn: &Conn, project: ProjectId, filter: &Filter) -> Result<Vec<Position>> {
    const OF_CONVERSATIONS: Sql = Sql {
        // `+`: SQLite is to find the rows by their conversation.
        sqlite: "SELECT created_at, id
                 FROM events
                 WHERE +project_id = $1 AND conversation_id = $2 AND created_at >= $3 AND created_at < $4
                   AND (event_type = $5 OR $5 = '')
                 ORDER BY id DESC
                 LIMIT $6",
        postgres: "SELECT told.created_at, told.id
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
                       AS wanted (project_id, conversation_id, from_us, until_us, event_type, most)
                   CROSS JOIN LATERAL (
                       SELECT created_at, id
                       FROM events
                       WHERE project_id = wanted.project_id AND conversation_id = wanted.conversation_id
                         AND created_at >= wanted.from_us AND created_at < wanted.until_us
                         AND (event_type = wanted.event_type OR wanted.event_type = '')
                       ORDER BY id DESC
                       LIMIT wanted.most
                   ) AS told",
    };
    const OF_KEYS: Sql = Sql {
        sqlite: "SELECT created_at, id
                 FROM events
                 WHERE project_id = $1 AND created_at = $2 AND id = $3 AND (event_type = $4 OR $4 = '')",
        postgres: "SELECT e.created_at, e.id
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
                       AS wanted (project_id, created_at, id, event_type)
                   JOIN events AS e ON e.project_id = wanted.project_id AND e.created_at = wanted.created_at
                                   AND e.id = wanted.id
                   WHERE e.event_type = wanted.event_type OR wanted.event_type = ''",
    };
    if !filter.events.is_empty() {
        let is_within = |at: &&Position| (filter.from..filter.until).contains(&from_microseconds(at.created_at));
        let row = |at: &Position| [project.into(), at.created_at.into(), at.id.into(), filter.event_type().into()];
        let rows: Vec<_> = filter.events.iter().filter(is_within).map(row).collect();
        return conn.query_rows(OF_KEYS, &rows, position).await;
    }
    let (from, until, event_type) = (filter.from, filter.until, filter.event_type());
    let row = |id: &ConversationId| {
        let most = EVENTS_OF_CONVERSATION.into();
        [project.into(), (*id).into(), from.into(), until.into(), event_type.into(), most]
    };
    let rows: Vec<_> = filter.conversations.iter().map(row).collect();
    conn.query_rows(OF_CONVERSATIONS, &rows, position).await
}

/// Where the deliveries of events stand that the rest of a filter matches.
pub(super) async fn deliveries_of(
    conn: &Conn,
    project: ProjectId,
    filter: &Filter,
    events: &[Position],
) -> Result<Vec<Position>> {
    const DELIVERIES: Sql = Sql {
        sqlite: "SELECT d.created_at, d.id
                 FROM webhooks AS w JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = $2
                 WHERE w.project_id = $1 AND d.event_id = $3 AND (w.id = $4 OR $4 = 0) AND (d.status = $5 OR $5 = '')
                   AND d.result BETWEEN $6 AND $7",
        postgres: "SELECT d.created_at, d.id
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])
                       AS e (project_id, created_at, id, webhook_id, status, least, most)
                   JOIN webhooks AS w ON w.project_id = e.project_id AND (w.id = e.webhook_id OR e.webhook_id = 0)
                   JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = e.created_at AND d.event_id = e.id
                   WHERE (d.status = e.status OR e.status = '') AND d.result BETWEEN e.least AND e.most",
    };
    let webhook = filter.webhook.unwrap_or(WebhookId(0));
    let row = |at: &Position| {
        let (least, most) = (filter.results.least.into(), filter.results.most.into());
        [project.into(), at.created_at.into(), at.id.into(), webhook.into(), filter.status().into(), least, most]
    };
    conn.query_rows(DELIVERIES, &events.iter().map(row).collect::<Vec<_>>(), position).await
}
