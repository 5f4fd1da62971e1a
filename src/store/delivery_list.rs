//! The deliveries of a project over all its webhooks, as the console's log lists and filters them. One filter decides what is
//! listed, what is counted and what is resent.

use std::fmt::Write as _;

use super::webhooks::title;
use super::window::Position;
use crate::db::{Conn, Result, Row, Sql};
use crate::domain::attempt_result::ResultRange;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::{ConversationId, EventId, ProjectId, WebhookId};
use crate::domain::time::{Timestamp, from_microseconds};
use crate::params;

/// Deliveries of one webhook that a filtered page looks at, at most.
pub const WALKED_MAX: i64 = 10_000;
/// Webhooks of a project that are listed, removed ones too.
const WEBHOOKS_MAX: i64 = 1_000;

/// Which deliveries of a project.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this webhook; of all where it is `None`.
    pub webhook: Option<WebhookId>,
    /// In this status.
    pub status: Option<DeliveryStatus>,
    /// Of this type of event.
    pub event_type: Option<EventType>,
    /// By what the last attempt came to.
    pub results: ResultRange,
    /// Of events from this time on.
    pub from: Timestamp,
    /// Of events before this time.
    pub until: Timestamp,
    /// Of one of these conversations; of any, and of none, where it is empty.
    pub conversations: Vec<ConversationId>,
    /// Of this event.
    pub event: Option<EventId>,
    /// Of events with this text in their body: a `LIKE` pattern, or empty.
    pub body_like: String,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            webhook: None,
            status: None,
            event_type: None,
            results: ResultRange::ANY,
            from: Timestamp::UNIX_EPOCH,
            until: from_microseconds(i64::MAX / 2),
            conversations: Vec::new(),
            event: None,
            body_like: String::new(),
        }
    }
}

impl Filter {
    fn event_type(&self) -> &'static str {
        self.event_type.map_or("", EventType::as_str)
    }

    /// As the statements search in it: `,7,12,`; empty where any will do.
    fn conversations(&self) -> String {
        let mut text = String::new();
        for id in &self.conversations {
            let comma = if text.is_empty() { "," } else { "" };
            let _ = write!(text, "{comma}{id},");
        }
        text
    }

    fn event(&self) -> EventId {
        self.event.unwrap_or(EventId(0))
    }

    /// Whether a page may have to look at more deliveries than it shows.
    fn is_selective(&self) -> bool {
        let is_by_index = matches!(self.status, None | Some(DeliveryStatus::Failed));
        !is_by_index || self.results != ResultRange::ANY || self.event_type.is_some() || !self.body_like.is_empty()
    }
}

/// A webhook whose deliveries are in the log, removed or not.
#[derive(Clone, Debug)]
pub struct LogWebhook {
    /// Row key.
    pub id: WebhookId,
    /// Its UUID.
    pub public_id: String,
    /// What people call it.
    pub title: String,
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
                is_removed: row.get(4)?,
            })
        },
    )
    .await
}

/// The start of a search among the deliveries of a webhook of the project.
macro_rules! of_webhook {
    () => {
        "SELECT d.created_at, d.id
         FROM (
             SELECT id, event_id, conversation_id, created_at, status, result
             FROM deliveries
             WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2)"
    };
}

/// Its part by time: the columns of the search first.
macro_rules! by_time {
    () => {
        " AND created_at >= $3 AND (created_at, id) < ($4, $5) ORDER BY created_at DESC, id DESC LIMIT $14"
    };
}

/// Everything that a filter asks for, of the deliveries `d`.
macro_rules! matching {
    () => {
        " d.created_at >= $3 AND (d.created_at, d.id) < ($4, $5) AND d.result BETWEEN $7 AND $8
           AND (d.event_id = $9 OR $9 = 0) AND (d.status = $12 OR $12 = '') AND ($13 = '' OR $13 LIKE '%,' || d.conversation_id || ',%')
           AND (($10 = '' AND $11 = '') OR EXISTS (
             SELECT 1
             FROM events AS e
             WHERE e.project_id = $1 AND e.created_at = d.created_at AND e.id = d.event_id
               AND (e.event_type = $10 OR $10 = '') AND (e.body LIKE $11 OR $11 = '')
           ))"
    };
}

/// The end of a search for the newest.
macro_rules! newest_matching {
    () => {
        ") AS d WHERE"
    };
}

/// Its order.
macro_rules! newest_first {
    () => {
        " ORDER BY d.created_at DESC, d.id DESC LIMIT $6"
    };
}

/// The start of a search by conversations: their few events lead to the deliveries, whose times are theirs.
macro_rules! of_events {
    () => {
        "SELECT d.created_at, d.id FROM (SELECT id, created_at FROM events WHERE +project_id = $1 AND"
    };
}

/// Their conversations, as [`Filter::conversations`] writes them.
macro_rules! in_list_sqlite {
    () => {
        " conversation_id IN (SELECT value FROM json_each('[' || trim($13, ',') || ']'))"
    };
}

macro_rules! in_list_postgres {
    () => {
        " conversation_id = ANY(CAST(string_to_array(btrim($13, ','), ',') AS BIGINT[]))"
    };
}

/// Its part between.
macro_rules! to_deliveries {
    () => {
        " ORDER BY created_at DESC, id DESC LIMIT $14) AS told
         JOIN deliveries AS d ON d.webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2)
                             AND d.created_at = told.created_at AND d.event_id = told.id
         WHERE"
    };
}

/// A part of the list of one webhook.
#[derive(Clone, Copy)]
pub struct ListWindow {
    /// Rows behind this one, newest first.
    pub before: Position,
    /// Rows at most.
    pub rows: u32,
}

/// The parameters of a filter for one webhook: the same for every statement.
macro_rules! filter_params {
    ($project:expr, $webhook:expr, $filter:expr, $position:expr, $rows:expr) => {
        params![
            $project,
            $webhook,
            $filter.from,
            $position.created_at,
            $position.id,
            $rows,
            $filter.results.least,
            $filter.results.most,
            $filter.event(),
            $filter.event_type(),
            &$filter.body_like,
            $filter.status.map_or("", DeliveryStatus::as_str),
            &$filter.conversations(),
            WALKED_MAX
        ]
    };
}

/// Where the deliveries of one webhook stand that the filter matches, newest first. At most [`WALKED_MAX`] are looked at.
pub async fn positions(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    filter: &Filter,
    window: ListWindow,
) -> Result<Vec<Position>> {
    const ALL: &str = concat!(of_webhook!(), by_time!(), newest_matching!(), matching!(), newest_first!());
    const FAILED: &str =
        concat!(of_webhook!(), " AND status = 'failed'", by_time!(), newest_matching!(), matching!(), newest_first!());
    const PENDING: &str = concat!(
        of_webhook!(),
        " AND status = 'pending' ORDER BY due_at LIMIT $14",
        newest_matching!(),
        matching!(),
        newest_first!()
    );
    const OF_CONVERSATIONS: Sql = Sql {
        sqlite: concat!(of_events!(), in_list_sqlite!(), to_deliveries!(), matching!(), newest_first!()),
        postgres: concat!(of_events!(), in_list_postgres!(), to_deliveries!(), matching!(), newest_first!()),
    };
    let statement = match filter.status {
        _ if !filter.conversations.is_empty() => OF_CONVERSATIONS,
        Some(DeliveryStatus::Failed) => FAILED.into(),
        Some(DeliveryStatus::Pending) => PENDING.into(),
        _ => ALL.into(),
    };
    let before = window.before.min(Position::before(filter.until));
    conn.query(statement, filter_params!(project, webhook, filter, before, window.rows), position).await
}

fn position(row: &Row<'_>) -> Result<Position> {
    Ok(Position { created_at: row.get(0)?, id: row.get(1)? })
}

/// Where a search of [`positions`] ended without having looked at everything; `None` where it looked at all.
pub async fn walked_to(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    filter: &Filter,
    before: Position,
) -> Result<Option<Position>> {
    if !filter.is_selective() {
        return Ok(None);
    }
    let before = before.min(Position::before(filter.until));
    conn.find(
        "SELECT created_at, id
         FROM deliveries
         WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2)
           AND created_at >= $3 AND (created_at, id) < ($4, $5)
         ORDER BY created_at DESC, id DESC
         LIMIT 1 OFFSET $6",
        params![project, webhook, filter.from, before.created_at, before.id, WALKED_MAX],
        position,
    )
    .await
}

/// What failed, of a webhook that is there still: the one place that says what is counted before it is resent, and what is resent.
macro_rules! failed {
    () => {
        " FROM deliveries AS d
         WHERE d.webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2 AND removed_at IS NULL)
           AND d.status = 'failed' AND d.created_at >= $3 AND d.created_at < $4 AND d.result BETWEEN $5 AND $6
           AND (d.event_id = $7 OR $7 = 0) AND ($8 = '' OR $8 LIKE '%,' || d.conversation_id || ',%')
           AND (($9 = '' AND $10 = '') OR EXISTS (
             SELECT 1
             FROM events AS e
             WHERE e.project_id = $1 AND e.created_at = d.created_at AND e.id = d.event_id
               AND (e.event_type = $9 OR $9 = '') AND (e.body LIKE $10 OR $10 = '')
           ))
           AND (d.created_at, d.id) > ($11, $12)"
    };
}

/// Its parameters, and what stands behind them.
macro_rules! failed_params {
    ($project:expr, $webhook:expr, $filter:expr, $after:expr $(, $more:expr)?) => {
        params![
            $project,
            $webhook,
            $filter.from,
            $filter.until,
            $filter.results.least,
            $filter.results.most,
            $filter.event(),
            &$filter.conversations(),
            $filter.event_type(),
            &$filter.body_like,
            $after.created_at,
            $after.id
            $(, $more)?
        ]
    };
}

/// How many failed deliveries of the webhook the filter matches: exactly.
pub async fn count_failed(conn: &Conn, project: ProjectId, webhook: WebhookId, filter: &Filter) -> Result<i64> {
    let start = Position::before(filter.from);
    conn.get(concat!("SELECT COUNT(*)", failed!()), failed_params!(project, webhook, filter, start), |row| row.get(0))
        .await
}

/// Where failed deliveries of the webhook stand that the filter matches, behind `after`, oldest first, at most `most`.
pub async fn failed(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    filter: &Filter,
    (after, most): (Position, u32),
) -> Result<Vec<Position>> {
    conn.query(
        concat!("SELECT d.created_at, d.id", failed!(), " ORDER BY d.created_at, d.id LIMIT $13"),
        failed_params!(project, webhook, filter, after, most),
        position,
    )
    .await
}
