//! What failed and a filter matches, of webhooks that are there still: the one place that says what is counted before it is resent, and
//! what is resent.

use super::delivery_filter::{Filter, position};
use super::delivery_list::{deliveries_of, named_events};
use super::window::Position;
use crate::db::{Conn, Result, Value};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{ProjectId, WebhookId};

/// Its parts are columns of the index of what failed.
macro_rules! failed {
    () => {
        " FROM deliveries AS d
         WHERE d.webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2 AND removed_at IS NULL)
           AND d.status = 'failed' AND d.created_at >= $3 AND d.created_at < $4 AND d.result BETWEEN $5 AND $6
           AND (d.created_at, d.id) > ($7, $8)"
    };
}

/// Of all events only clicks have no conversation.
macro_rules! of_type {
    () => {
        " AND ($10 = 'widget.click') = (d.conversation_id IS NULL)
          AND ($10 = 'widget.click' OR EXISTS (
              SELECT 1
              FROM events AS e
              WHERE e.project_id = $1 AND e.created_at = d.created_at AND e.id = d.event_id AND e.event_type = $10
          ))"
    };
}

/// How many failed deliveries of the webhook the filter matches, counted up to `most`.
pub async fn count(conn: &Conn, project: ProjectId, webhook: WebhookId, filter: &Filter, most: i64) -> Result<i64> {
    const ALL: &str = concat!("SELECT COUNT(*) FROM (SELECT 1", failed!(), " LIMIT $9) AS counted");
    const OF_TYPE: &str = concat!("SELECT COUNT(*) FROM (SELECT 1", failed!(), of_type!(), " LIMIT $9) AS counted");
    if filter.names_events() {
        let named = of_named(conn, project, webhook, filter).await?.len();
        return Ok(i64::try_from(named).unwrap_or(i64::MAX).min(most));
    }
    let start = Position::before(filter.from);
    let params = params_of(project, webhook, filter, (start, most));
    if filter.event_type.is_some() {
        let params = [&params[..], &[filter.event_type().into()]].concat();
        return conn.get(OF_TYPE, &params, |row| row.get(0)).await;
    }
    conn.get(ALL, &params, |row| row.get(0)).await
}

/// Where failed deliveries of the webhook stand that the filter matches, behind `after`, oldest first, at most `most`.
pub async fn behind(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    filter: &Filter,
    (after, most): (Position, u32),
) -> Result<Vec<Position>> {
    const ALL: &str = concat!("SELECT d.created_at, d.id", failed!(), " ORDER BY d.created_at, d.id LIMIT $9");
    const OF_TYPE: &str =
        concat!("SELECT d.created_at, d.id", failed!(), of_type!(), " ORDER BY d.created_at, d.id LIMIT $9");
    if filter.names_events() {
        let mut named = of_named(conn, project, webhook, filter).await?;
        named.retain(|at| *at > after);
        named.sort_unstable();
        named.truncate(most as usize);
        return Ok(named);
    }
    let params = params_of(project, webhook, filter, (after, most.into()));
    if filter.event_type.is_some() {
        let params = [&params[..], &[filter.event_type().into()]].concat();
        return conn.query(OF_TYPE, &params, position).await;
    }
    conn.query(ALL, &params, position).await
}

fn params_of(
    project: ProjectId,
    webhook: WebhookId,
    filter: &Filter,
    (after, most): (Position, i64),
) -> [Value<'static>; 9] {
    [
        project.into(),
        webhook.into(),
        filter.from.into(),
        filter.until.into(),
        filter.results.least.into(),
        filter.results.most.into(),
        after.created_at.into(),
        after.id.into(),
        most.into(),
    ]
}

/// Those of the events that a filter names. Whether the webhook is there still was looked at by whoever names it.
async fn of_named(conn: &Conn, project: ProjectId, webhook: WebhookId, filter: &Filter) -> Result<Vec<Position>> {
    let failed = Filter { webhook: Some(webhook), status: Some(DeliveryStatus::Failed), ..filter.clone() };
    let events = named_events(conn, project, &failed).await?;
    deliveries_of(conn, project, &failed, &events).await
}
