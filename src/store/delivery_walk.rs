//! Deliveries of one webhook that a filter matches, looked for in an index of their order: so many of them at once and no more. Where
//! that was not enough, it says where it ended.

use super::delivery_filter::{Filter, position};
use super::window::Position;
use crate::db::{Conn, Result, Value};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::params;

/// The index that is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// All, newest first.
    ByTime,
    /// What failed, newest first.
    Failed,
    /// What was cancelled, newest first.
    Cancelled,
    /// What waits. Where that is much, it is most of what is new.
    Pending,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walked {
    /// Where the deliveries stand, newest first.
    pub positions: Vec<Position>,
    /// The last delivery that was looked at, where there may be others behind it.
    pub cut: Option<Position>,
}

/// The deliveries of a webhook of the project.
macro_rules! of_webhook {
    () => {
        " FROM deliveries WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2)"
    };
}

macro_rules! looked_at {
    () => {
        "SELECT d.created_at, d.id FROM (SELECT id, event_id, conversation_id, created_at, status, result"
    };
}

macro_rules! by_time {
    () => {
        " AND created_at >= $3 AND (created_at, id) < ($4, $5) ORDER BY created_at DESC, id DESC LIMIT $6) AS d WHERE"
    };
}

/// What a filter asks for besides the time. Of all events only clicks have no conversation.
macro_rules! matching {
    () => {
        " d.result BETWEEN $8 AND $9 AND (d.status = $10 OR $10 = '')
          AND ($11 = '' OR ($11 = 'widget.click') = (d.conversation_id IS NULL))
          AND ($11 IN ('', 'widget.click') OR EXISTS (
              SELECT 1
              FROM events AS e
              WHERE e.project_id = $1 AND e.created_at = d.created_at AND e.id = d.event_id AND e.event_type = $11
          ))
          ORDER BY d.created_at DESC, d.id DESC
          LIMIT $7"
    };
}

/// Where a walk ends that looked at as many as it may.
macro_rules! end {
    () => {
        " AND created_at >= $3 AND (created_at, id) < ($4, $5) ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET $6"
    };
}

/// What of the webhook's deliveries behind `before` the filter matches: at most `most`, of at most `look`.
pub async fn of_webhook(
    conn: &Conn,
    (project, webhook): (ProjectId, WebhookId),
    walk: Walk,
    filter: &Filter,
    (before, most, look): (Position, usize, usize),
) -> Result<Walked> {
    const BY_TIME: &str = concat!(looked_at!(), of_webhook!(), by_time!(), matching!());
    const FAILED: &str = concat!(looked_at!(), of_webhook!(), " AND status = 'failed'", by_time!(), matching!());
    const CANCELLED: &str = concat!(looked_at!(), of_webhook!(), " AND status = 'cancelled'", by_time!(), matching!());
    const PENDING: &str = concat!(
        looked_at!(),
        of_webhook!(),
        " AND status = 'pending' ORDER BY due_at LIMIT $6) AS d
          WHERE d.created_at >= $3 AND (d.created_at, d.id) < ($4, $5) AND",
        matching!()
    );
    let status = if walk == Walk::Pending { DeliveryStatus::Pending.as_str() } else { filter.status() };
    let (look, most_rows) = (i64::try_from(look).unwrap_or(i64::MAX), i64::try_from(most).unwrap_or(i64::MAX));
    let walk = match walk {
        Walk::Pending if has_more_pending(conn, (project, webhook), look).await? => Walk::ByTime,
        walk => walk,
    };
    let statement = match walk {
        Walk::ByTime => BY_TIME,
        Walk::Failed => FAILED,
        Walk::Cancelled => CANCELLED,
        Walk::Pending => PENDING,
    };
    let (results, event_type) = (filter.results, filter.event_type());
    let params = params![
        project,
        webhook,
        filter.from,
        before.created_at,
        before.id,
        look,
        most_rows,
        results.least,
        results.most,
        status,
        event_type
    ];
    let positions = conn.query(statement, params, position).await?;
    let is_enough = positions.len() >= most || walk == Walk::Pending;
    let from = params![project, webhook, filter.from, before.created_at, before.id, look - 1];
    let cut = if is_enough { None } else { end(conn, walk, from).await? };
    Ok(Walked { positions, cut })
}

/// Whether more deliveries of the webhook wait than are looked at.
async fn has_more_pending(conn: &Conn, (project, webhook): (ProjectId, WebhookId), look: i64) -> Result<bool> {
    let statement =
        concat!("SELECT 1", of_webhook!(), " AND status = 'pending' AND due_at >= 0 ORDER BY due_at LIMIT 1 OFFSET $3");
    conn.exists(statement, params![project, webhook, look]).await
}

/// The last delivery that a walk looked at; `None` where it looked at all.
async fn end(conn: &Conn, walk: Walk, params: &[Value<'_>]) -> Result<Option<Position>> {
    const BY_TIME: &str = concat!("SELECT created_at, id", of_webhook!(), end!());
    const FAILED: &str = concat!("SELECT created_at, id", of_webhook!(), " AND status = 'failed'", end!());
    const CANCELLED: &str = concat!("SELECT created_at, id", of_webhook!(), " AND status = 'cancelled'", end!());
    let statement = match walk {
        Walk::ByTime => BY_TIME,
        Walk::Failed => FAILED,
        Walk::Cancelled => CANCELLED,
        Walk::Pending => return Ok(None),
    };
    conn.find(statement, params, position).await
}
